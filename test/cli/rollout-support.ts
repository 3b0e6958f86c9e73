/** Roll-outs as the judge has them, told window by window. */

import { ARMS_KEY } from '../../src/flow/arms.ts';
import { feedKey } from '../../src/flow/feeds.ts';
import type { Output } from '../../src/flow/messages.ts';
import { queueAnswered } from '../../src/flow/rollout-counts.ts';
import {
  commandRollouts,
  createRollouts,
  followRollouts,
  noteConfig,
  noteWindow,
  type TimedAlert,
} from '../../src/flow/rollouts.ts';
import { ROUTED_KEY } from '../../src/flow/routed.ts';
import type { Alert, Command, Result, RolloutRecord, ServiceSpec } from '../../src/records.ts';
import { CONFIDENCES, createOutcomes, type Outcomes } from '../../src/rollout/levels.ts';
import { makeResult } from '../sink/records.ts';

export const HOUR_MS = 3_600_000;
export const START_MS = Date.UTC(2026, 0, 5, 8);

export interface Pairs {
  better: number;
  worse: number;
  /** Both right, or both wrong. */
  same: number;
}

export interface Story {
  records: RolloutRecord[];
  results: Result[];
  commands: Command[];
  configure(spec: ServiceSpec, atMs: number): void;
  /** A final window of labelled pairs, that all sources have closed, and of who answered what, by the names of the track. */
  window(endMs: number, pairs: Pairs, coverage?: number, arms?: Readonly<Record<string, number>>): void;
  /** A final window of requests that say who answered them, by the names of the track. It counts with the next window of pairs. */
  answered(endMs: number, counts: Readonly<Record<string, number>>): void;
  /** A final window of labelled answers, by model; those of a model that says nothing have none. */
  answers(endMs: number, models: Readonly<Record<string, Outcomes>>): void;
  alarm(rule: string, state: Alert['state'], atMs: number): void;
  /** What the command gave. */
  command(command: Pick<Command, 'kind'> & Partial<Command>, atMs: number): RolloutRecord[];
}

export function createStory(first: ServiceSpec): Story {
  let spec = first;
  const rollouts = createRollouts();
  const records: RolloutRecord[] = [];
  const results: Result[] = [];
  const commands: Command[] = [];
  const keep = (outputs: readonly Output[]): RolloutRecord[] => {
    const found = outputs.flatMap((one) => (one.type === 'rollout' ? [structuredClone(one.record)] : []));
    records.push(...found);
    return found;
  };
  const follow = (throughMs: number, alerts: TimedAlert[] = []): void => {
    keep(followRollouts(rollouts, spec, alerts, throughMs));
  };
  return {
    records,
    results,
    commands,
    configure(next, atMs) {
      spec = next;
      noteConfig(rollouts, atMs);
      follow(atMs);
    },
    window(endMs, { better, worse, same }, coverage = 1, arms = {}) {
      const { candidate, output } = spec.rollout!;
      const n = better + worse + same;
      const result = makeResult({
        ...{ id: `${endMs}`, service: spec.service, family: 'performance', metric: 'discordant_gain' },
        ...{ subject: output, model: candidate, segment: '*', n, coverage, final: true },
        ...{ windowStartMs: endMs - spec.windows.sizeMs, windowEndMs: endMs },
        ...{ revision: spec.revisionsMs.length - 1, value: n === 0 ? null : (better - worse) / n },
      });
      results.push(result);
      const state = new Map([
        ['only_shadow', better],
        ['only_primary', worse],
        ['both', same],
      ]);
      const tracks = new Map([
        [feedKey('pairs', candidate, output), { kind: 'counters', state } as const],
        [ARMS_KEY, { kind: 'counters', state: new Map(Object.entries(arms)) } as const],
      ]);
      const cell = { segment: '*', tracks, reference: {} } as unknown as Parameters<
        typeof noteWindow
      >[2][number];
      const dueMs = endMs + spec.revisionsMs.at(-1)!;
      noteWindow(rollouts, spec, [cell], [result], { endMs, dueMs, revision: result.revision });
      follow(dueMs);
    },
    answered(endMs, counts) {
      const state = new Map(Object.entries(counts));
      for (const { name } of spec.models)
        results.push(
          makeResult({
            ...{ id: `${endMs} by ${name}`, service: spec.service, family: 'input', metric: 'answered' },
            ...{ subject: '', model: name, segment: '*', final: true },
            ...{ n: counts[`=${name}`] ?? 0, value: counts[`=${name}`] ?? 0 },
            ...{ windowStartMs: endMs - spec.windows.sizeMs, windowEndMs: endMs },
          }),
        );
      const tracks = new Map([[ROUTED_KEY, { kind: 'counters', state } as const]]);
      const cell = { segment: '*', tracks, reference: {} } as unknown as Parameters<
        typeof queueAnswered
      >[2][number];
      queueAnswered(rollouts.answered, spec, [cell], { endMs, dueMs: endMs, revision: 0 });
    },
    answers(endMs, models) {
      const startMs = endMs - spec.windows.sizeMs;
      const dueMs = endMs + spec.revisionsMs.at(-1)!;
      const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
      for (const [model, { n: counts, wrong }] of Object.entries(models)) {
        const n = sum(counts);
        results.push(
          makeResult({
            ...{ id: `${endMs} ${model}`, service: spec.service, family: 'performance', metric: 'accuracy' },
            ...{ subject: 'fraud', model, segment: '*', n, final: true, value: 1 - sum(wrong) / n },
            ...{ windowStartMs: startMs, windowEndMs: endMs },
          }),
        );
      }
      rollouts.outcomes.push({ dueMs, startMs, endMs, models: structuredClone(models) });
      follow(dueMs);
    },
    alarm(rule, state, atMs) {
      const alert = { fingerprint: rule, rule, state, level: 'critical' } as Alert;
      follow(atMs, [{ atMs, alert }]);
    },
    command(given, atMs) {
      const { length } = commands;
      const command = {
        ...{ id: `c${length}`, service: spec.service, target: '', by: 'ann', reason: '' },
        ...given,
      };
      commands.push(command);
      return keep(commandRollouts(rollouts, spec, command, atMs).outputs);
    },
  };
}

/** A service with a canary of two steps, of one hour and 100 labels each, and a live stage of two hours. */
export const FRAUD = `service: fraud
streams:
  requests: { topic: fraud.requests }
  labels: { topic: fraud.labels }
inputs: { amount: { type: numeric } }
outputs: { fraud: { type: classifier, classes: [legit, fraud] } }
models:
  - name: mlp
    role: primary
    file: model.onnx
    inputs: { X: [amount] }
    outputs: { fraud: { probabilities: p } }
  - name: forest
    role: shadow
    file: model.onnx
    inputs: { X: [amount] }
    outputs: { fraud: { probabilities: p } }
windows: { size: 1h }
join: { max_delay: 1h }
rules:
  - { name: errors, metric: volume, critical: "< 1" }
rollout:
  candidate: forest
  steps: [5, 25]
  for: 1h
  min_n: 100
  live: { for: 2h }
  rollback_on: { rules: [errors] }
`;
export const FILES = {
  'telltale.yaml': 'topics: { prefix: t. }\nkafka: { group: g }\n',
  'services/fraud.yaml': FRAUD,
  'services/model.onnx': '',
  'services/plain.yaml': 'service: plain\nstreams: { requests: { topic: plain.requests } }\n',
};

/** Equal models, as far as 1,000 labels tell. */
export const EQUAL: Pairs = { better: 10, worse: 10, same: 980 };
/** The candidate is clearly better. */
export const BETTER: Pairs = { better: 200, worse: 10, same: 790 };
export const WORSE: Pairs = { better: 10, worse: 200, same: 790 };

/** Labelled answers of which so many of a confidence of 0.9 are wrong, and so many of one of 0.5. */
export function outcomes(sure: [n: number, wrong: number], unsure: [n: number, wrong: number]): Outcomes {
  const own = createOutcomes();
  const at = (from: number): number => CONFIDENCES.indexOf(from);
  [own.n[at(0.9)], own.wrong[at(0.9)]] = sure;
  [own.n[at(0.5)], own.wrong[at(0.5)]] = unsure;
  return own;
}
