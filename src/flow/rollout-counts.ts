/** What final windows say of a roll-out, as they wait for other sources. */

import type { Result, RolloutCounts, ServiceSpec } from '../records.ts';
import type { Answered } from '../rollout/exposure.ts';
import type { ArmOutcome } from '../rollout/tallies.ts';
import { armOutcomes, sumOutcomes } from './arms.ts';
import { feedKey } from './feeds.ts';
import type { Cell, Due } from './results-of.ts';
import { ROUTED_KEY, routedCounts, sumRouted } from './routed.ts';

/** What both have answered in a window, and what became of the requests of each; an older version has kept the first alone. */
export interface WaitingCounts {
  dueMs: number;
  counts: RolloutCounts;
  arms?: ArmOutcome[];
}

/** Windows that wait; of more the two oldest are put together. */
const QUEUE_MAX = 10_000;

/** Takes a final window of what is joined. Windows that overlap have rows in common: those count that lie side by side. */
export function queueCounts(
  queue: WaitingCounts[],
  spec: ServiceSpec,
  cells: readonly Cell[],
  results: readonly Result[],
  { endMs, dueMs }: Due,
): void {
  if (spec.rollout === undefined || endMs % spec.windows.sizeMs !== 0) return;
  const counts = pairsOf(spec.rollout, cells, results);
  const arms = armOutcomes(spec, cells);
  if (counts === null && arms.length === 0) return;
  queue.push({ dueMs, counts: counts ?? NO_COUNTS, arms });
  if (queue.length <= QUEUE_MAX) return;
  const [first, second] = queue.splice(0, 2) as [WaitingCounts, WaitingCounts];
  queue.unshift({
    dueMs: second.dueMs,
    counts: sumOf(first.counts, second.counts),
    arms: sumOutcomes(first.arms ?? [], second.arms ?? []),
  });
}

const NO_COUNTS: RolloutCounts = { n: 0, better: 0, worse: 0, due: 0 };

/** Labelled requests that both have answered; null: there are none. */
function pairsOf(
  { candidate, output }: { candidate: string; output: string },
  cells: readonly Cell[],
  results: readonly Result[],
): RolloutCounts | null {
  const track = cells.find(({ segment }) => segment === '*')?.tracks.get(feedKey('pairs', candidate, output));
  if (track?.kind !== 'counters') return null;
  const count = (name: string): number => track.state.get(name) ?? 0;
  const [better, worse] = [count('only_shadow'), count('only_primary')];
  const n = better + worse + count('both') + count('neither');
  const coverage = results.find(
    ({ metric, subject, model, segment }) =>
      metric === 'discordant_gain' && subject === output && model === candidate && segment === '*',
  )?.coverage;
  return { n, better, worse, due: coverage ? Math.round(n / coverage) : n };
}

const sumOf = (a: RolloutCounts, b: RolloutCounts): RolloutCounts => ({
  n: a.n + b.n,
  better: a.better + b.better,
  worse: a.worse + b.worse,
  due: a.due + b.due,
});

/** Who answered in a window that waits for other sources. */
export interface WaitingAnswered {
  dueMs: number;
  counts: Answered[];
}

/** Strangers may write what they like: of windows that are put together so many counts are kept. */
const COUNTS_MAX = 1_000;

/** Takes a final window of requests; of windows that overlap those that lie side by side. */
export function queueAnswered(
  queue: WaitingAnswered[],
  { rollout, windows }: ServiceSpec,
  cells: readonly Cell[],
  { endMs, dueMs }: Due,
): void {
  if (rollout === undefined || endMs % windows.sizeMs !== 0) return;
  const track = cells.find(({ segment }) => segment === '*')?.tracks.get(ROUTED_KEY);
  if (track?.kind !== 'counters' || track.state.size === 0) return;
  queue.push({ dueMs, counts: routedCounts(track.state) });
  if (queue.length <= QUEUE_MAX) return;
  const [first, second] = queue.splice(0, 2) as [WaitingAnswered, WaitingAnswered];
  queue.unshift({
    dueMs: second.dueMs,
    counts: sumRouted(first.counts, second.counts).slice(0, COUNTS_MAX),
  });
}
