/** Roll-outs and the level of automation of a service inside its judge: what they see, and the steps and routing tables that follow. */

import { digestOf } from '../config/digest.ts';
import { idOf } from '../math/hash.ts';
import type { Alert, Command, Result, RolloutRecord, ServiceSpec } from '../records.ts';
import { rankOf } from '../rollout/automation.ts';
import { NO_EXPOSURE, noteAnswered, noteTable } from '../rollout/exposure.ts';
import {
  commandRollout,
  configureRollout,
  createRolloutStates,
  isUnderWay,
  judgeRollout,
  noteRolloutAlerts,
  noteRolloutCounts,
  passRollout,
  type RolloutStates,
  type Wanted,
} from '../rollout/fold.ts';
import type { ChainStep } from '../rollout/level-steps.ts';
import { NO_TALLIES, noteArms } from '../rollout/tallies.ts';
import type { RoutingTable } from '../router/table.ts';
import { TIME_MAX_MS, TIME_MIN_MS } from '../window/watermarks.ts';
import {
  commandLevel,
  configureAutomation,
  judgeAutomation,
  queueOutcomes,
  type WaitingOutcomes,
} from './automation.ts';
import type { Output } from './messages.ts';
import type { Cell, Due } from './results-of.ts';
import { queueCounts, type WaitingAnswered, type WaitingCounts } from './rollout-counts.ts';
import { actingOf, judgedOf, primaryOf } from './rollout-facts.ts';
import { activeOf, nextRouting, type Routing } from './rollout-tables.ts';

/** Plain JSON: it is part of the judge's snapshot. */
export interface Rollouts extends Routing {
  states: RolloutStates;
  /** What was answered in windows that wait for other sources, by the time at which it is due. */
  queue: WaitingCounts[];
  /** Labelled answers by their confidence, in the same windows. */
  outcomes: WaitingOutcomes[];
  /** Who answered, in final windows of requests. */
  answered: WaitingAnswered[];
  /** Event time that was closed when a configuration came that was not looked at yet; null: it was. */
  configuredMs: number | null;
  /** When the first window of all was due, of a service that had none before its first configuration; null: there is none yet. */
  firstDueMs: number | null;
  /** Commands that came before the first window, which has to be there first. */
  pending: Command[];
  /** Records that went out, and the hash of the last one. */
  seq: number;
  hash: string;
}

export const createRollouts = (): Rollouts => ({
  states: createRolloutStates(),
  queue: [],
  outcomes: [],
  answered: [],
  configuredMs: null,
  firstDueMs: null,
  pending: [],
  table: null,
  routed: '',
  seq: 0,
  hash: '',
});

/** Of a snapshot; those of older versions have less, or nothing. */
export function restoreRollouts(kept: Partial<Rollouts> | undefined): Rollouts {
  const fresh = createRollouts();
  const states = { ...fresh.states, ...kept?.states };
  const current = states.current === null ? null : { ...NO_EXPOSURE, ...NO_TALLIES, ...states.current };
  const levels = { ...fresh.states.levels, ...states.levels };
  return { ...fresh, ...kept, states: { ...states, current, levels } };
}

/** What the configuration wants to be rolled out. The plan and both models count: another one of them is another roll-out. */
function wantedOf(spec: ServiceSpec): Wanted | null {
  const { rollout, models, service } = spec;
  if (rollout === undefined) return null;
  const primary = primaryOf(spec);
  const candidate = models.find(({ name }) => name === rollout.candidate);
  return {
    spec: rollout,
    primary: primary.name,
    of: idOf('rollout-of', service, digestOf({ rollout, primary, candidate })),
  };
}

/** The records of steps, in their order; the chain goes on. */
function outputsOf(
  rollouts: Rollouts,
  spec: ServiceSpec,
  steps: readonly ChainStep[],
  commandId = '',
): Output[] {
  return steps.flatMap((step): Output[] => {
    const next = nextRouting(rollouts, spec, step);
    Object.assign(rollouts, next);
    const { current } = rollouts.states;
    if (current !== null && step.rollout?.rolloutId === current.rolloutId && rollouts.table !== null)
      noteTable(current, actingOf(rollouts.table));
    // What the service itself does at a command answers nobody.
    const answered = step.by === '' ? '' : commandId;
    const record = recordOf(rollouts, spec, step, next?.table ?? null, answered);
    const told: Output = { type: 'rollout', record };
    return next === null ? [told] : [told, { type: 'routing', record: next.table }];
  });
}

function recordOf(
  rollouts: Rollouts,
  spec: ServiceSpec,
  step: ChainStep,
  table: RoutingTable | null,
  commandId: string,
): RolloutRecord {
  const { event, by, reason, atMs } = step;
  const { rolloutId, candidate, primary, ...judged } = judgedOf(spec, step);
  rollouts.seq++;
  const record = {
    id: idOf('rollout-record', spec.service, rollouts.seq, rolloutId),
    rolloutId,
    service: spec.service,
    seq: rollouts.seq,
    atMs,
    candidate,
    primary,
    event,
    by,
    reason,
    commandId,
    levelSeen: step.levelSeen === undefined ? '' : JSON.stringify(step.levelSeen),
    ...judged,
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

/** Takes the time at which a final window is due, of whatever source. */
export function noteDue(rollouts: Rollouts, dueMs: number): void {
  if (rollouts.configuredMs !== TIME_MIN_MS) return;
  rollouts.firstDueMs = Math.min(rollouts.firstDueMs ?? dueMs, dueMs);
}

/** Of more that come before the first window the last ones are refused. */
const PENDING_MAX = 100;

/** `refused`: why nothing comes of it, where no record can say so. */
export interface Commanded {
  outputs: Output[];
  refused: string | null;
}

/**
 * Takes what a person asks for. Before the first window there is no event time at which it could have happened: it is taken then, right after the configuration.
 *
 * @param closedMs event time that is closed; TIME_MIN_MS: none yet
 */
export function commandRollouts(
  rollouts: Rollouts,
  spec: ServiceSpec,
  command: Command,
  closedMs: number,
): Commanded {
  const { states, configuredMs, pending } = rollouts;
  const refuse = (refused: string): Commanded => ({ outputs: [], refused });
  if (spec.models.length === 0) return refuse('there are no models');
  if (command.kind !== 'rollout.level' && states.current === null && spec.rollout === undefined)
    return refuse('no roll-out was ever configured');
  const isUnseen = configuredMs === TIME_MIN_MS && isConfigured(spec);
  if (closedMs === TIME_MIN_MS || isUnseen) {
    if (pending.length >= PENDING_MAX)
      return refuse(`${PENDING_MAX} commands wait for the first window already`);
    pending.push(command);
    return { outputs: [], refused: null };
  }
  return { outputs: obey(rollouts, spec, command, closedMs), refused: null };
}

const isConfigured = ({ rollout, automation }: ServiceSpec): boolean =>
  rollout !== undefined || automation !== undefined;

function obey(rollouts: Rollouts, spec: ServiceSpec, command: Command, closedMs: number): Output[] {
  const { states } = rollouts;
  const { current, levels } = states;
  const isLevel = command.kind === 'rollout.level' && (current === null || spec.automation !== undefined);
  if (!isLevel) {
    const step = (): ChainStep[] => commandRollout(states, command, wantedOf(spec), closedMs);
    return outputsOf(rollouts, spec, stepAndLook(rollouts, spec, step), command.id);
  }
  const atMs = Math.max(
    closedMs,
    levels.ladder?.sinceMs ?? TIME_MIN_MS,
    current?.state.clockMs ?? TIME_MIN_MS,
  );
  // A command may come before the first look at the configuration.
  const begun = levels.ladder === null ? configureAutomation(states, spec, atMs) : [];
  const steps = commandLevel(states, spec, activeOf(spec, current), command, atMs);
  return outputsOf(rollouts, spec, [...begun, ...steps], command.id);
}

/** One look at the level. */
const lookAt = (
  { states }: Rollouts,
  spec: ServiceSpec,
  due: readonly WaitingOutcomes[],
  atMs: number,
): ChainStep[] =>
  spec.automation === undefined
    ? []
    : judgeAutomation(states, spec, activeOf(spec, states.current), due, atMs);

/**
 * Steps of a roll-out and the look that follows. Where another model answers, of which less is shown, no table may let it decide what the one before
 * did: its step has the lower level already.
 */
function stepAndLook(
  rollouts: Rollouts,
  spec: ServiceSpec,
  step: () => readonly ChainStep[],
  look?: { due: readonly WaitingOutcomes[]; atMs: number },
): ChainStep[] {
  const { current } = rollouts.states;
  const before = spec.automation === undefined ? null : activeOf(spec, current);
  const steps = step();
  const at = look ?? (steps.length === 0 ? null : { due: [], atMs: steps.at(-1)!.atMs });
  const looked = before === null || at === null ? [] : lookAt(rollouts, spec, at.due, at.atMs);
  const [first] = looked;
  if (first === undefined) return [...steps];
  const lowered = steps.map((one): ChainStep => {
    const isOther = activeOf(spec, one.rollout) !== before;
    return isOther && isBelow(first, one) ? { ...one, level: first.level, threshold: first.threshold } : one;
  });
  return [...lowered, ...looked];
}

const isBelow = (a: ChainStep, b: ChainStep): boolean =>
  rankOf(a.level) < rankOf(b.level) || (a.level === b.level && a.threshold !== b.threshold);

/** Takes a final window of what is joined. */
export function noteWindow(
  { queue, outcomes }: Rollouts,
  spec: ServiceSpec,
  cells: readonly Cell[],
  results: readonly Result[],
  due: Due,
): void {
  queueOutcomes(outcomes, spec, cells, due);
  queueCounts(queue, spec, cells, results, due);
}

/** Whether there is something to do, now or later. */
export const concerns = (
  { states, queue, outcomes, answered, pending, configuredMs }: Rollouts,
  spec: ServiceSpec,
): boolean =>
  queue.length + outcomes.length + answered.length + pending.length > 0 ||
  isUnderWay(states) ||
  states.levels.ladder !== null ||
  (configuredMs !== null && isConfigured(spec));

export interface TimedAlert {
  atMs: number;
  alert: Alert;
}

/** What is due through a time, which is taken out of its queues. */
function takeReady(
  rollouts: Rollouts,
  throughMs: number,
): { ready: WaitingCounts[]; outcomes: WaitingOutcomes[]; answered: WaitingAnswered[] } {
  const { queue, outcomes, answered } = rollouts;
  const isReady = ({ dueMs }: { dueMs: number }): boolean => dueMs <= throughMs;
  const later = <T extends { dueMs: number }>(all: readonly T[]): T[] => all.filter((one) => !isReady(one));
  Object.assign(rollouts, { queue: later(queue), outcomes: later(outcomes), answered: later(answered) });
  return {
    ready: queue.filter(isReady),
    outcomes: outcomes.filter(isReady),
    answered: answered.filter(isReady),
  };
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
  const { states, configuredMs, firstDueMs } = rollouts;
  const { ready, outcomes, answered } = takeReady(rollouts, throughMs);
  const dues = [...ready, ...outcomes, ...answered].map(({ dueMs }) => dueMs);
  const times = [...new Set([...alerts.map(({ atMs }) => atMs), ...dues])];
  times.sort((a, b) => a - b);
  const outputs: Output[] = [];
  // At once: what requests say next may be of the table that a step makes.
  const take = (steps: readonly ChainStep[]): void => {
    outputs.push(...outputsOf(rollouts, spec, steps));
  };
  const hasBegun = firstDueMs !== null && firstDueMs <= throughMs;
  if (configuredMs !== null && (configuredMs > TIME_MIN_MS || hasBegun)) {
    // Before the first window there is no event time; it began so long before it was due, or longer.
    const atMs = configuredMs > TIME_MIN_MS ? configuredMs : firstDueMs! - spec.windows.sizeMs;
    // The level comes first: no table may let a model decide more than it may.
    take(configureAutomation(states, spec, atMs));
    take(stepAndLook(rollouts, spec, () => configureRollout(states, wantedOf(spec), atMs)));
    rollouts.configuredMs = null;
    for (const command of rollouts.pending.splice(0)) outputs.push(...obey(rollouts, spec, command, atMs));
  }
  const pass = (untilMs: number): void => {
    take(stepAndLook(rollouts, spec, () => passRollout(states, untilMs)));
  };
  for (const timeMs of times) {
    pass(timeMs - 1);
    noteRolloutAlerts(
      states,
      alerts.filter(({ atMs }) => atMs === timeMs).map(({ alert }) => alert),
    );
    const { current } = states;
    if (current !== null && timeMs > current.startedMs) {
      const sides = { primary: current.state.primary, candidate: current.spec.candidate };
      for (const { dueMs, counts, arms = [] } of ready) {
        if (dueMs !== timeMs) continue;
        noteRolloutCounts(states, counts);
        noteArms(current, sides, arms);
      }
      for (const { dueMs, counts } of answered)
        if (dueMs === timeMs) noteAnswered(current, current.spec.candidate, counts);
    }
    const due = outcomes.filter(({ dueMs }) => dueMs === timeMs);
    take(stepAndLook(rollouts, spec, () => judgeRollout(states, timeMs), { due, atMs: timeMs }));
  }
  if (throughMs < TIME_MAX_MS) pass(throughMs);
  return outputs;
}
