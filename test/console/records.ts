import type { Alert, Result, Retrain, ServiceSpec } from '../../src/records.ts';

export const HOUR_MS = 3_600_000;
export const T0 = Date.UTC(2026, 2, 1);

export function makeSpec(service: string): ServiceSpec {
  return {
    service,
    description: `about ${service}`,
    streams: [
      {
        stream: 'requests',
        topic: `${service}.requests`,
        encoding: 'json',
        schemaFile: null,
        id: 'id',
        time: 'time',
        fields: {},
        score: null,
        latencyMs: null,
        error: null,
        kind: null,
        kinds: {},
      },
    ],
    inputs: [],
    outputs: [],
    models: [],
    segments: [],
    windows: {
      sizeMs: HOUR_MS,
      hopMs: HOUR_MS,
      latenessMs: 0,
      graceMs: 0,
      idleAfterMs: 1_000,
      maxFutureMs: 1_000,
      maxPastMs: null,
    },
    maxDelayMs: 0,
    revisionsMs: [60_000],
    limits: { segmentsMax: 1, categoriesMax: 1, openWindowsMax: 1, pendingJoinsMax: 1, messageBytesMax: 1 },
    baseline: null,
    rules: [],
    retrain: null,
    digest: 'd',
  };
}

/** A result of the window number `window` after T0. */
export function makeResult(window: number, over: Partial<Result> = {}): Result {
  return {
    id: `r${window}`,
    service: 'fraud',
    family: 'input',
    metric: 'psi',
    subject: 'amount',
    model: '',
    segment: '*',
    windowStartMs: T0 + window * HOUR_MS,
    windowEndMs: T0 + (window + 1) * HOUR_MS,
    revision: 0,
    coverage: null,
    expected: null,
    final: true,
    value: window / 100,
    reason: '',
    n: 100 + window,
    low: null,
    high: null,
    p: null,
    ...over,
  };
}

export function makeAlert(id: string, over: Partial<Alert> = {}): Alert {
  return {
    id,
    fingerprint: 'f1',
    service: 'fraud',
    rule: 'drift',
    metric: 'psi',
    subject: 'amount',
    model: '',
    segment: '*',
    state: 'firing',
    level: 'warning',
    reason: 'psi 0.3 >= 0.2',
    value: 0.3,
    threshold: '>= 0.2',
    n: 100,
    windowStartMs: T0,
    windowEndMs: T0 + HOUR_MS,
    sinceMs: T0 + HOUR_MS,
    evidence: null,
    configDigest: 'd',
    ...over,
  };
}

export function makeRetrain(id: string, over: Partial<Retrain> = {}): Retrain {
  return {
    id,
    retrainId: 'again-1',
    service: 'fraud',
    state: 'requested',
    mode: 'manual',
    atMs: T0,
    by: '',
    reason: 'drift',
    triggers: [],
    data: { fromMs: T0, toMs: T0 + HOUR_MS, ranges: [] },
    cooldownUntilMs: T0,
    configDigest: 'd',
    model: null,
    ...over,
  };
}
