/**
 * What became of requests, by who answered them and by which routing table: counted in the join for roll-outs that ask for it, and read back from final windows. Requests
 * that were not routed by their id do not count, since those of one key are not independent.
 */

import { type Counters, count } from '../profile/counters.ts';
import { keyText } from '../profile/track.ts';
import type { FEEDBACK_KINDS, OutputSpec, ServiceSpec } from '../records.ts';
import { WRONG_ANSWERS } from '../rollout/evidence.ts';
import { type ArmOutcome, badByFeedback, feedbackMetric } from '../rollout/tallies.ts';
import type { Cell } from './results-of.ts';

/** The track of a cell with these counts. */
export const ARMS_KEY = keyText({ role: 'arms', model: '', subject: '' });

/** What is counted: requests, labelled ones, wrong ones, and those with a kind of feedback. */
export type ArmCount = 'requests' | 'labelled' | 'wrong' | (typeof FEEDBACK_KINDS)[number];

/** The output whose answers are counted; undefined: none is. */
export const armsOutputOf = ({ rollout, outputs }: ServiceSpec): OutputSpec | undefined =>
  rollout?.evidence === undefined ? undefined : outputs.find(({ name }) => name === rollout.output);

/** Whether it is counted of the requests of a service. */
export function countsArm({ rollout }: ServiceSpec, what: ArmCount): boolean {
  if (rollout === undefined) return false;
  if (what === 'labelled' || what === 'wrong') return rollout.evidence !== undefined;
  const { evidence, feedback = [] } = rollout;
  return what === 'requests'
    ? evidence !== undefined || feedback.length > 0
    : feedback.some(({ kind }) => kind === what);
}

/** Tables that a cell counts. Anybody may write headers, and a service has a table at a time. */
export const EPOCHS_MAX = 64;

/** Who answered a request, by the model and the epoch that the join keeps of it; null: it does not count. */
export function armOf({ models }: ServiceSpec, model: number, epoch: number): string | null {
  const version = models[model]?.name;
  return version === undefined || Number.isNaN(epoch) ? null : `${epoch}=${version}`;
}

/** Counts one. Of a table either all versions are counted or none, so that no side of a comparison is missing. */
export function countArm(state: Counters, arm: string, what: ArmCount): void {
  const name = `${arm}=${what}`;
  if (state.has(name)) {
    count(state, name, 1);
    return;
  }
  const epoch = epochOf(arm);
  const epochs = new Set([...state.keys()].map(epochOf));
  if (epochs.has(epoch) || epochs.size < EPOCHS_MAX) count(state, name, 1);
}

const epochOf = (name: string): string => name.slice(0, name.indexOf('='));

/** The outcomes of a final window, by the metrics of the roll-out. */
export function armOutcomes({ rollout }: ServiceSpec, cells: readonly Cell[]): ArmOutcome[] {
  const track = cells.find(({ segment }) => segment === '*')?.tracks.get(ARMS_KEY);
  if (rollout === undefined || track?.kind !== 'counters') return [];
  const { state } = track;
  const arms = new Set([...state.keys()].map((name) => name.slice(0, name.lastIndexOf('='))));
  return [...arms].sort().flatMap((arm): ArmOutcome[] => {
    const of = (what: ArmCount): number => state.get(`${arm}=${what}`) ?? 0;
    const due = of('requests');
    const who = { epoch: Number(epochOf(arm)), version: arm.slice(arm.indexOf('=') + 1), due };
    const wrong = { metric: WRONG_ANSWERS, ...who, n: of('labelled'), bad: of('wrong') };
    const used = (rollout.feedback ?? []).map(({ kind }) => ({
      ...{ metric: feedbackMetric(kind), ...who, n: due },
      // Of requests of before the configuration asked, the feedback alone is counted.
      bad: badByFeedback(kind, due, Math.min(due, of(kind))),
    }));
    return rollout.evidence === undefined ? used : [wrong, ...used];
  });
}

/** The outcomes of both, each arm once. */
export function sumOutcomes(a: readonly ArmOutcome[], b: readonly ArmOutcome[]): ArmOutcome[] {
  const sums = new Map<string, ArmOutcome>();
  for (const one of [...a, ...b]) {
    const name = `${one.metric} ${one.epoch}=${one.version}`;
    const { due = 0, n = 0, bad = 0 } = sums.get(name) ?? {};
    sums.set(name, { ...one, due: one.due + due, n: one.n + n, bad: one.bad + bad });
  }
  return [...sums.values()];
}
