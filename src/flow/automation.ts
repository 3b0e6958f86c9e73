/** Degrees of automation of a service inside its judge: what the ladder sees, and when. */

import { digestOf } from '../config/digest.ts';
import type { Command, ServiceSpec } from '../records.ts';
import type { RolloutStates } from '../rollout/fold.ts';
import { statesSeen } from '../rollout/level-seen.ts';
import { type ChainStep, commandBareLevel, stepsOfLevels, stoppersOf } from '../rollout/level-steps.ts';
import {
  addOutcomes,
  commandLevels,
  configureLevels,
  judgeLevels,
  noteOutcomes,
  type Outcomes,
} from '../rollout/levels.ts';
import { outcomesOf } from './confidence.ts';
import { feedKey } from './feeds.ts';
import type { Cell, Due } from './results-of.ts';

/** Labelled answers of a window, by model, that wait for other sources. */
export interface WaitingOutcomes {
  dueMs: number;
  startMs: number;
  endMs: number;
  models: Record<string, Outcomes>;
}

/** Windows that wait; of more the two oldest are put together, under the earlier beginning. */
const QUEUE_MAX = 1_000;

/** Takes a final window of what is joined; of windows that overlap those that lie side by side. */
export function queueOutcomes(
  queue: WaitingOutcomes[],
  spec: ServiceSpec,
  cells: readonly Cell[],
  { endMs, dueMs }: Due,
): void {
  const { automation, windows, outputs } = spec;
  const output = outputs.find((one) => one.name === automation?.output);
  const tracks = cells.find(({ segment }) => segment === '*')?.tracks;
  if (output === undefined || tracks === undefined || endMs % windows.sizeMs !== 0) return;
  const models: Record<string, Outcomes> = {};
  for (const { name } of spec.models) {
    const track = tracks.get(feedKey('scores', name, output.name));
    if (track?.kind === 'score_bins') models[name] = outcomesOf(track.state, output);
  }
  queue.push({ dueMs, startMs: endMs - windows.sizeMs, endMs, models });
  if (queue.length <= QUEUE_MAX) return;
  const [first, second] = queue.splice(0, 2) as [WaitingOutcomes, WaitingOutcomes];
  for (const [name, more] of Object.entries(first.models)) {
    const own = second.models[name];
    if (own === undefined) second.models[name] = more;
    else addOutcomes(own, more);
  }
  queue.unshift({ ...second, startMs: first.startMs });
}

/** A configuration that was taken. */
export function configureAutomation(states: RolloutStates, spec: ServiceSpec, atMs: number): ChainStep[] {
  const { automation, models } = spec;
  // A model is the same whichever role it has: a shadow that became the primary is known.
  const digests = Object.fromEntries(models.map(({ role: _, ...model }) => [model.name, digestOf(model)]));
  const wanted = automation === undefined ? null : { spec: automation, models: digests };
  const before = statesSeen(states.levels, '');
  const told = configureLevels(states.levels, wanted, atMs);
  return automation === undefined
    ? stepsOfLevels(states, told)
    : stepsOfLevels(states, told, { cause: 'configuration', spec: automation, atMs, states: before });
}

/**
 * One look at a time, with the windows that are due then.
 *
 * @param active the version that answers
 */
export function judgeAutomation(
  states: RolloutStates,
  { automation }: ServiceSpec,
  active: string,
  due: readonly WaitingOutcomes[],
  atMs: number,
): ChainStep[] {
  if (automation === undefined) return [];
  const { levels } = states;
  for (const { models, ...window } of due) noteOutcomes(levels, active, window, models);
  const alarms = stoppersOf(states, automation);
  const before = statesSeen(levels, active);
  const told = judgeLevels(levels, automation, active, alarms, atMs);
  return stepsOfLevels(states, told, {
    ...{ cause: 'look', spec: automation, atMs, states: before, active, alarms },
  });
}

/** A person sets the level: of a service with automation up to what it allows. */
export function commandLevel(
  states: RolloutStates,
  { automation }: ServiceSpec,
  active: string,
  command: Command,
  atMs: number,
): ChainStep[] {
  if (automation === undefined) return commandBareLevel(states, command, atMs);
  const { target, by, reason } = command;
  const asked = { target, by, reason };
  const before = statesSeen(states.levels, active);
  const told = commandLevels(states.levels, automation, active, asked, atMs);
  return stepsOfLevels(states, told, {
    ...{ cause: 'command', spec: automation, atMs, states: before, active, asked },
  });
}
