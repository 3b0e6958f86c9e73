/** Stretches of results whose truth is known, as lines of the file sink. */

import type { Alert, Result } from '../../src/records.ts';
import { makeAlert, makeResult } from '../sink/records.ts';

export const MINUTE_MS = 60_000;
export const START_MS = Date.parse('2026-03-01T00:00:00Z');
export const endOf = (window: number): number => START_MS + (window + 1) * MINUTE_MS;

/** Numbers in 0..1 that repeat with every run (A. Weyl: the multiples of an irrational are evenly spread). */
export const spread = (i: number, salt = 0): number => ((i + 1) * 0.6180339887498949 + salt * 0.347) % 1;

/** One final result of a window. */
export const resultAt = (window: number, more: Partial<Result> = {}): Result => {
  const about = [more.metric, more.subject, more.model, more.segment, more.revision ?? 0, window];
  return makeResult({
    id: about.join('|'),
    service: 'shop',
    windowStartMs: endOf(window) - MINUTE_MS,
    windowEndMs: endOf(window),
    ...more,
  });
};

export const alertAt = (window: number, more: Partial<Alert> = {}): Alert =>
  makeAlert({
    id: `a|${more.rule}|${window}|${more.state}`,
    service: 'shop',
    windowStartMs: endOf(window) - MINUTE_MS,
    windowEndMs: endOf(window),
    ...more,
  });

export const windows = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const resultLines = (results: readonly Result[]): string =>
  results.map((result) => `${JSON.stringify({ type: 'result', ...result })}\n`).join('');
export const alertLines = (alerts: readonly Alert[]): string =>
  alerts.map((alert) => `${JSON.stringify({ type: 'alert', ...alert })}\n`).join('');

const performance = { family: 'performance', metric: 'accuracy', subject: 'y', model: 'm' } as const;

/** Right answers of each window in 100 and in 400, about; accuracy of `country=de` is 0.8, of the others 0.9. */
export function segmentStretch(count: number): Result[] {
  const rates: Record<string, number> = { de: 0.8, fr: 0.9, it: 0.9, es: 0.9 };
  return windows(count).flatMap((window) => {
    let [right, n] = [0, 0];
    const results = Object.entries(rates).map(([country, rate], salt) => {
      const own = Math.round(100 * rate + 8 * (spread(window, salt) - 0.5));
      right += own;
      n += 100;
      return resultAt(window, { ...performance, segment: `country=${country}`, value: own / 100, n: 100 });
    });
    return [resultAt(window, { ...performance, segment: '*', value: right / n, n }), ...results];
  });
}

/** Cohorts of 1,000 requests whose labels come as 0.3 and then 0.9; early ones make the model look 0.1 worse. */
export function labelStretch(count: number): Result[] {
  const coverage = { family: 'performance', metric: 'label_coverage', subject: '', model: '' } as const;
  return windows(count).flatMap((window) => {
    const share = 0.3 + 0.04 * (spread(window) - 0.5);
    const truth = 0.9 + 0.02 * (spread(window, 1) - 0.5);
    const early = truth - 0.1 + 0.02 * (spread(window, 2) - 0.5);
    const first = { revision: 0, final: false, segment: '*' };
    const last = { revision: 1, final: true, segment: '*' };
    return [
      resultAt(window, { ...coverage, ...first, value: share, n: 1_000, coverage: share }),
      resultAt(window, { ...performance, ...first, value: early, n: 300, coverage: share }),
      resultAt(window, { ...coverage, ...last, value: 0.9, n: 1_000, coverage: 0.9 }),
      resultAt(window, { ...performance, ...last, value: truth, n: 900, coverage: 0.9 }),
    ];
  });
}

/** The newest cohorts, of which only early labels are known. */
export function openCohort(window: number, share: number, accuracy: number): Result[] {
  const first = { revision: 0, final: false, segment: '*', coverage: share };
  const coverage = { family: 'performance', metric: 'label_coverage', subject: '', model: '' } as const;
  return [
    resultAt(window, { ...coverage, ...first, value: share, n: 1_000 }),
    resultAt(window, { ...performance, ...first, value: accuracy, n: 1_000 * share }),
  ];
}
