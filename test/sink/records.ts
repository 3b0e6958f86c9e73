import type { Alert, Result, Retrain } from '../../src/records.ts';

export const HOUR_MS = 3_600_000;
export const T0 = Date.UTC(2026, 2, 1);

export function makeResult(over: Partial<Result> = {}): Result {
  return {
    id: 'r1',
    service: 'fraud',
    family: 'input',
    metric: 'psi',
    subject: 'amount',
    model: '',
    segment: '*',
    windowStartMs: T0,
    windowEndMs: T0 + HOUR_MS,
    revision: 0,
    coverage: null,
    expected: null,
    final: true,
    value: 0.25,
    reason: '',
    n: 200,
    low: null,
    high: null,
    p: null,
    ...over,
  };
}

export function makeAlert(over: Partial<Alert> = {}): Alert {
  return {
    id: 'a1',
    fingerprint: 'f1',
    service: 'fraud',
    rule: 'amount-drift',
    metric: 'psi',
    subject: 'amount',
    model: '',
    segment: '*',
    state: 'firing',
    level: 'critical',
    reason: 'psi 0.25 >= 0.2',
    value: 0.25,
    threshold: '>= 0.2',
    n: 200,
    windowStartMs: T0,
    windowEndMs: T0 + HOUR_MS,
    sinceMs: T0 + HOUR_MS,
    evidence: null,
    configDigest: 'd1',
    ...over,
  };
}

export function makeRetrain(over: Partial<Retrain> = {}): Retrain {
  return {
    id: 't1',
    retrainId: 'retrain-1',
    service: 'fraud',
    state: 'requested',
    mode: 'manual',
    atMs: T0 + HOUR_MS,
    by: '',
    reason: 'amount-drift is critical',
    triggers: [makeAlert()],
    data: { fromMs: T0 - HOUR_MS, toMs: T0 + HOUR_MS, ranges: [] },
    cooldownUntilMs: T0 + 24 * HOUR_MS,
    configDigest: 'd1',
    model: null,
    ...over,
  };
}
