/** The alerts and requests for retraining that must follow from the figures. */
import type { ExpectedResult } from './oracle.ts';
import { paneOf, type StreamLog } from './oracle-rows.ts';
import type { Rule, ServicePlan } from './services.ts';

export interface ExpectedAlert {
  service: string;
  rule: string;
  segment: string;
  state: 'firing' | 'resolved';
  level: 'warning' | 'critical';
  windowStartMs: number;
  windowEndMs: number;
  value: number;
  n: number;
  /** Start of the first window in breach. */
  sinceMs: number;
}

export interface ExpectedRetrain {
  service: string;
  atMs: number;
  fromMs: number;
  toMs: number;
  triggers: string[];
  /** `topic/partition fromOffset-toOffset`, sorted. */
  ranges: string[];
}

const levelOf = (rule: Rule, value: number): ExpectedAlert['level'] | null => {
  const beyond = (limit: number): boolean => (rule.op === '>' ? value > limit : value < limit);
  if (beyond(rule.critical)) return 'critical';
  return rule.warning !== null && beyond(rule.warning) ? 'warning' : null;
};

/** One alarm: the results of one rule and segment, in the order of their windows. */
function alertsOf(service: string, rule: Rule, results: readonly ExpectedResult[]): ExpectedAlert[] {
  const alerts: ExpectedAlert[] = [];
  let firing: ExpectedAlert['level'] | null = null;
  let sinceMs: number | null = null;
  for (const { segment, startMs, endMs, figure } of results) {
    const { value, n } = figure;
    if (value === null || n < rule.nMin) continue;
    const level = levelOf(rule, value);
    const breachMs: number = sinceMs ?? startMs;
    sinceMs = level === null ? null : breachMs;
    if (level === firing) continue;
    const state = level === null ? 'resolved' : 'firing';
    alerts.push({
      service,
      rule: rule.name,
      segment,
      state,
      level: (level ?? firing)!,
      windowStartMs: startMs,
      windowEndMs: endMs,
      value,
      n,
      sinceMs: breachMs,
    });
    firing = level;
  }
  return alerts;
}

/** All alerts of a service. */
export function expectedAlerts(plan: ServicePlan, results: readonly ExpectedResult[]): ExpectedAlert[] {
  const alerts: ExpectedAlert[] = [];
  for (const rule of plan.rules) {
    const watched = results.filter(
      ({ service, segment, figure }) =>
        service === plan.service &&
        figure.metric === rule.metric &&
        figure.subject === rule.subject &&
        figure.model === rule.model &&
        (rule.segment === 'each' ? segment !== '*' : segment === rule.segment),
    );
    for (const segment of new Set(watched.map((own) => own.segment))) {
      const own = watched.filter((result) => result.segment === segment).sort((a, b) => a.endMs - b.endMs);
      alerts.push(...alertsOf(plan.service, rule, own));
    }
  }
  return alerts;
}

function rangesOf(plan: ServicePlan, logs: readonly StreamLog[], fromMs: number, toMs: number): string[] {
  const ranges: string[] = [];
  for (const log of logs) {
    const inside = log.rows.filter(({ timeMs, late }) => {
      const pane = paneOf(timeMs, plan.hopMs);
      return !late && pane < toMs && pane + plan.hopMs > fromMs;
    });
    for (const partition of new Set(inside.map((row) => row.partition))) {
      const offsets = inside.filter((row) => row.partition === partition).map(({ offset }) => offset);
      const from = offsets.reduce((a, b) => Math.min(a, b));
      const to = offsets.reduce((a, b) => Math.max(a, b));
      ranges.push(`${log.topic}/${partition} ${from}-${to}`);
    }
  }
  return ranges.sort();
}

/** The alarms that ask lie so far apart that none of them comes while another request waits for its data. */
export function expectedRetrains(
  plan: ServicePlan,
  alerts: readonly ExpectedAlert[],
  logs: readonly StreamLog[],
): ExpectedRetrain[] {
  if (plan.retrain === null) return [];
  const { on, cooldownMs, lookbackMs } = plan.retrain;
  const retrains: ExpectedRetrain[] = [];
  let freeMs = Number.NEGATIVE_INFINITY;
  for (const alert of alerts) {
    const { rule, state, level, windowEndMs, sinceMs } = alert;
    if (rule !== on || state !== 'firing' || level !== 'critical' || windowEndMs < freeMs) continue;
    freeMs = windowEndMs + cooldownMs;
    const fromMs = sinceMs - lookbackMs;
    retrains.push({
      service: plan.service,
      atMs: windowEndMs,
      fromMs,
      toMs: windowEndMs,
      triggers: [`${rule} ${windowEndMs}`],
      ranges: rangesOf(plan, logs, fromMs, windowEndMs),
    });
  }
  return retrains;
}
