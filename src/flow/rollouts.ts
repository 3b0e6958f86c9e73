/** Roll-outs of a service inside its judge: what they see, and the steps and routing tables that follow. */

import { digestOf } from '../config/digest.ts';
import { assert } from '../errors.ts';
import { idOf } from '../math/hash.ts';
import type { Alert, Command, Result, RolloutCounts, RolloutRecord, ServiceSpec } from '../records.ts';
import {
  commandRollout,
  configureRollout,
  createRolloutStates,
  isUnderWay,
  judgeRollout,
  noteRolloutAlerts,
  noteRolloutCounts,
  passRollout,
  type Rollout,
  type RolloutStates,
  type RolloutStep,
  type Wanted,
} from '../rollout/fold.ts';
import { routedOf } from '../rollout/routing.ts';
import { firstTable, nextTable, type WantedVersion } from '../router/shares.ts';
import type { RoutingTable } from '../router/table.ts';
import { TIME_MAX_MS, TIME_MIN_MS } from '../window/watermarks.ts';
import { feedKey } from './feeds.ts';
import type { Output } from './messages.ts';
import type { Cell, Due } from './results-of.ts';

/** What was answered in a window. */
interface Waiting {
  dueMs: number;
  counts: RolloutCounts;
}

/** Windows that wait for other sources; of more the two oldest are put together. */
const QUEUE_MAX = 10_000;

/** Plain JSON: it is part of the judge's snapshot. */
export interface Rollouts {
  states: RolloutStates;
  /** What was answered in windows that wait for other sources, by the time at which it is due. */
  queue: Waiting[];
  /** Event time that was closed when a configuration came that was not looked at yet; null: it was. */
  configuredMs: number | null;
  table: RoutingTable | null;
  /** What the table was made of. */
  routed: string;
  /** Records that went out, and the hash of the last one. */
  seq: number;
  hash: string;
}

export const createRollouts = (): Rollouts => ({
  states: createRolloutStates(),
  queue: [],
  configuredMs: null,
  table: null,
  routed: '',
  seq: 0,
  hash: '',
});

/** What the configuration wants to be rolled out. The plan and both models count: another one of them is another roll-out. */
function wantedOf(spec: ServiceSpec): Wanted | null {
  const { rollout, models, service } = spec;
  if (rollout === undefined) return null;
  const primary = models.find(({ role }) => role === 'primary');
  assert(primary !== undefined, 'the checks ask for a primary');
  const candidate = models.find(({ name }) => name === rollout.candidate);
  return {
    spec: rollout,
    primary: primary.name,
    of: idOf('rollout-of', service, digestOf({ rollout, primary, candidate })),
  };
}

/** Who answers what: the models of the roll-out, and the others beside them as they are configured. */
function sharesOf(spec: ServiceSpec, { spec: plan, state }: Rollout): WantedVersion[] {
  const routed = routedOf({ ...plan, onDeadline: 'rollback' }, state);
  const others = spec.models
    .filter(({ name }) => !routed.some(({ version }) => version === name))
    .map(({ name }): WantedVersion => ({ version: name, role: 'shadow', share: 1 }));
  return [...routed, ...others];
}

/** The table that holds from here on; null: it is the one that holds already. */
function nextTableOf(
  { table, routed }: Rollouts,
  spec: ServiceSpec,
  { rollout, level }: RolloutStep,
): { table: RoutingTable; routed: string } | null {
  const shares = sharesOf(spec, rollout);
  const now = JSON.stringify({ shares, level });
  if (now === routed) return null;
  const { service } = spec;
  const next =
    table === null ? firstTable({ service, seed: service, level }, shares) : nextTable(table, shares, level);
  return { table: next, routed: now };
}

/** The records of steps, in their order; the chain goes on. */
function outputsOf(rollouts: Rollouts, spec: ServiceSpec, steps: readonly RolloutStep[]): Output[] {
  return steps.flatMap((step): Output[] => {
    const next = nextTableOf(rollouts, spec, step);
    Object.assign(rollouts, next);
    const told: Output = { type: 'rollout', record: recordOf(rollouts, spec, step, next?.table ?? null) };
    return next === null ? [told] : [told, { type: 'routing', record: next.table }];
  });
}

function recordOf(
  rollouts: Rollouts,
  spec: ServiceSpec,
  { rollout, event, by, reason, verdict, atMs }: RolloutStep,
  table: RoutingTable | null,
): RolloutRecord {
  const { rolloutId, spec: plan, state, counts } = rollout;
  const { primary, phase, stage } = state;
  assert(phase !== 'idle', 'a roll-out that is told of was started');
  const { kind, share } = plan.stages[stage]!;
  const [evidence] = verdict.evidence;
  assert(evidence !== undefined, 'a verdict rests on a metric');
  const hasData = evidence.n > 0;
  rollouts.seq++;
  const record = {
    id: idOf('rollout-record', spec.service, rollouts.seq, rolloutId),
    rolloutId,
    service: spec.service,
    seq: rollouts.seq,
    atMs,
    candidate: plan.candidate,
    primary,
    event,
    status: phase,
    stage,
    stages: plan.stages.length,
    stageKind: kind,
    share,
    by,
    reason,
    verdict: verdict.verdict,
    doubt: verdict.doubt ?? '',
    counts,
    difference: hasData ? evidence.difference : null,
    low: hasData ? evidence.low : null,
    high: hasData ? evidence.high : null,
    logEWorse: verdict.logEWorse,
    logEBetter: evidence.logEBetter,
    logBoundary: verdict.logBoundary,
    needed: verdict.needed,
    spec: JSON.stringify(plan),
    table: table === null ? '' : JSON.stringify(table),
    configDigest: spec.digest,
    previousHash: rollouts.hash,
  };
  rollouts.hash = digestOf(record);
  return { ...record, hash: rollouts.hash };
}

/** Notes a change of configuration, at the event time that was closed then; TIME_MIN_MS: none yet. */
export function noteConfig(rollouts: Rollouts, closedMs: number): void {
  rollouts.configuredMs = closedMs;
}

export const commandRollouts = (
  rollouts: Rollouts,
  spec: ServiceSpec,
  command: Command,
  atMs: number,
): Output[] => outputsOf(rollouts, spec, commandRollout(rollouts.states, command, wantedOf(spec), atMs));

/** Takes a final window of what is joined. Windows that overlap have rows in common: those count that lie side by side. */
export function noteWindow(
  { queue }: Rollouts,
  spec: ServiceSpec,
  cells: readonly Cell[],
  results: readonly Result[],
  { endMs, dueMs }: Due,
): void {
  const { rollout, windows } = spec;
  if (rollout === undefined || endMs % windows.sizeMs !== 0) return;
  const { candidate, output } = rollout;
  const track = cells.find(({ segment }) => segment === '*')?.tracks.get(feedKey('pairs', candidate, output));
  if (track?.kind !== 'counters') return;
  const count = (name: string): number => track.state.get(name) ?? 0;
  const [better, worse] = [count('only_shadow'), count('only_primary')];
  const n = better + worse + count('both') + count('neither');
  const coverage = results.find(
    ({ metric, subject, model, segment }) =>
      metric === 'discordant_gain' && subject === output && model === candidate && segment === '*',
  )?.coverage;
  queue.push({ dueMs, counts: { n, better, worse, due: coverage ? n / coverage : n } });
  if (queue.length > QUEUE_MAX) {
    const [first, second] = queue.splice(0, 2) as [Waiting, Waiting];
    queue.unshift({ dueMs: second.dueMs, counts: sumOf(first.counts, second.counts) });
  }
}

const sumOf = (a: RolloutCounts, b: RolloutCounts): RolloutCounts => ({
  n: a.n + b.n,
  better: a.better + b.better,
  worse: a.worse + b.worse,
  due: a.due + b.due,
});

/** Whether there is something to do, now or later. */
export const concerns = ({ states, queue, configuredMs }: Rollouts, { rollout }: ServiceSpec): boolean =>
  queue.length > 0 || isUnderWay(states) || (configuredMs !== null && rollout !== undefined);

export interface TimedAlert {
  atMs: number;
  alert: Alert;
}

/**
 * Everything through `throughMs`, which all sources have closed, in the order of event time: alerts by their time, windows when they are due. Behind the
 * end of all sources, TIME_MAX_MS, there is no time to pass.
 */
export function followRollouts(
  rollouts: Rollouts,
  spec: ServiceSpec,
  alerts: readonly TimedAlert[],
  throughMs: number,
): Output[] {
  const { states } = rollouts;
  const ready = rollouts.queue.filter(({ dueMs }) => dueMs <= throughMs);
  rollouts.queue = rollouts.queue.filter(({ dueMs }) => dueMs > throughMs);
  const times = [...new Set([...alerts.map(({ atMs }) => atMs), ...ready.map(({ dueMs }) => dueMs)])];
  times.sort((a, b) => a - b);
  const steps: RolloutStep[] = [];
  const { configuredMs } = rollouts;
  if (configuredMs !== null && (configuredMs > TIME_MIN_MS || times.length > 0)) {
    // Before the first window there is no event time; it began so long before it was due, or longer.
    const atMs = configuredMs > TIME_MIN_MS ? configuredMs : times[0]! - spec.windows.sizeMs;
    steps.push(...configureRollout(states, wantedOf(spec), atMs));
    rollouts.configuredMs = null;
  }
  for (const timeMs of times) {
    steps.push(...passRollout(states, timeMs - 1));
    noteRolloutAlerts(
      states,
      alerts.filter(({ atMs }) => atMs === timeMs).map(({ alert }) => alert),
    );
    for (const { dueMs, counts } of ready)
      if (dueMs === timeMs && dueMs > (states.current?.startedMs ?? timeMs))
        noteRolloutCounts(states, counts);
    steps.push(...judgeRollout(states, timeMs));
  }
  if (throughMs < TIME_MAX_MS) steps.push(...passRollout(states, throughMs));
  return outputsOf(rollouts, spec, steps);
}
