import type { MetricReport, ServiceReport } from './build.ts';
import { trustOf } from './label-text.ts';

/** The report as programs get it: times as ISO 8601, what cannot be computed as null or with its reason. */
export function jsonOfReport({ fromMs, toMs, labels, metrics, ...rest }: ServiceReport): object {
  return {
    ...rest,
    from: time(fromMs),
    to: time(toMs),
    metrics: metrics.map(jsonOfMetric),
    labels:
      labels === null
        ? null
        : {
            ...labels,
            newest: labels.newest.map(({ endMs, ...cohort }) => ({ end: time(endMs), ...cohort })),
          },
  };
}

function jsonOfMetric({ early, ...metric }: MetricReport): object {
  return {
    ...metric,
    early: early.map((one) => ({
      ...one,
      trust: trustOf(one),
      open: one.open.map(({ endMs, ...window }) => ({ end: time(endMs), ...window })),
    })),
  };
}

const time = (ms: number): string => new Date(ms).toISOString();
