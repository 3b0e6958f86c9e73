import type { RetrainState } from '../../src/action/retrain.ts';
import { commandRetrain, noteAlerts, stepRetrain } from '../../src/action/retrain.ts';
import type { Alert, Command, OffsetRange, Retrain, RetrainSpec, ServiceSpec } from '../../src/records.ts';

export const RETRAIN: RetrainSpec = {
  mode: 'manual',
  on: ['drift', 'errors'],
  level: 'critical',
  cooldownMs: 100,
  lookbackMs: 30,
};

export function makeSpec(retrain: Partial<RetrainSpec> | null = {}): ServiceSpec {
  return {
    service: 'fraud',
    description: '',
    streams: [],
    inputs: [],
    outputs: [],
    models: [],
    segments: [],
    windows: {
      sizeMs: 10,
      hopMs: 10,
      latenessMs: 0,
      graceMs: 0,
      idleAfterMs: 10,
      maxFutureMs: 10,
      maxPastMs: null,
    },
    maxDelayMs: 0,
    revisionsMs: [60_000],
    limits: {
      segmentsMax: 10,
      categoriesMax: 10,
      openWindowsMax: 10,
      pendingJoinsMax: 10,
      messageBytesMax: 1000,
    },
    baseline: null,
    rules: [],
    retrain: retrain === null ? null : { ...RETRAIN, ...retrain },
    digest: 'digest-1',
  };
}

export function makeAlert(endMs: number, over: Partial<Alert> = {}): Alert {
  const rule = over.rule ?? 'drift';
  return {
    id: `${rule}@${endMs}`,
    fingerprint: rule,
    service: 'fraud',
    rule,
    metric: 'psi',
    subject: 'amount',
    model: '',
    segment: '*',
    state: 'firing',
    level: 'critical',
    reason: '',
    value: 1,
    threshold: 'critical > 0.25',
    n: 100,
    windowStartMs: endMs - 10,
    windowEndMs: endMs,
    sinceMs: endMs - 10,
    evidence: null,
    configDigest: 'digest-1',
    ...over,
  };
}

export type Verb = 'approve' | 'reject' | 'started' | 'done' | 'failed';
const VERBS: readonly string[] = ['approve', 'reject', 'started', 'done', 'failed'];

export function makeCommand(kind: Verb, target: string, by = 'ada'): Command {
  return { id: `c-${target}`, service: 'fraud', kind: `retrain.${kind}`, target, by, reason: `${kind} it` };
}

/** One range whose offsets are the event times, so that a record shows which interval was asked for. */
export function rangesOf(fromMs: number, toMs: number): OffsetRange[] {
  return [
    { stream: 'requests', topic: 'fraud.requests', partition: 0, fromOffset: fromMs, toOffset: toMs - 1 },
  ];
}

/**
 * What happens, a word each: 'C@50' a critical alert of rule drift whose window ends at 50; 'W@' a warning,
 * 'R@' a resolved critical, 'E@' a critical alert of rule errors, 'X@' one of a rule that is not in `on`;
 * 'closed@60' all streams have closed their windows through 60; 'approve@70' and 'reject@70' decide the
 * request that went out last, 'started@70', 'done@70' and 'failed@70' report of it.
 */
export function play(initial: RetrainState, spec: ServiceSpec, words: string, isRestarting = false) {
  let state = initial;
  const records: Retrain[] = [];
  const refusals: string[] = [];
  const kinds: Record<string, Partial<Alert>> = {
    C: {},
    W: { level: 'warning' },
    R: { state: 'resolved' },
    E: { rule: 'errors' },
    X: { rule: 'other' },
  };
  for (const word of words.split(' ').filter((w) => w !== '')) {
    const [what, at] = word.split('@') as [string, string];
    const atMs = Number(at);
    if (what === 'closed') records.push(...stepRetrain(state, spec, atMs, rangesOf));
    else if (VERBS.includes(what)) {
      const command = makeCommand(what as Verb, records.at(-1)?.retrainId ?? 'none');
      const { retrains, refused } = commandRetrain(state, spec, command, atMs);
      records.push(...retrains);
      if (refused !== null) refusals.push(refused);
    } else if (kinds[what] !== undefined) noteAlerts(state, spec, [makeAlert(atMs, kinds[what])]);
    else throw new Error(`no such word: ${word}`);
    if (isRestarting) state = JSON.parse(JSON.stringify(state)) as RetrainState;
  }
  const said = records.map((r) => `${r.state} ${r.data.fromMs}-${r.data.toMs}`);
  return { state, records, refusals, said };
}
