/** Degrees of automation of a service inside its judge: what the ladder sees, and when. */

import { digestOf } from '../config/digest.ts';
import type { Tracks } from '../profile/registry.ts';
import type { AutomationSpec, Command, OutputSpec, ServiceSpec } from '../records.ts';
import type { RolloutStates } from '../rollout/fold.ts';
import { statesSeen } from '../rollout/level-seen.ts';
import { type ChainStep, commandBareLevel, stepsOfLevels, stoppersOf } from '../rollout/level-steps.ts';
import {
  addOutcomes,
  commandLevels,
  configureLevels,
  createOutcomes,
  judgeLevels,
  noteOutcomes,
  type Outcomes,
} from '../rollout/levels.ts';
import { outcomesOf } from './confidence.ts';
import { feedKey } from './feeds.ts';
import type { Cell, Due } from './results-of.ts';
import { unseenKey, unseenOf } from './unseen.ts';

/** Labelled answers of a window, by model, that wait for other sources. */
export interface WaitingOutcomes {
  dueMs: number;
  startMs: number;
  endMs: number;
  models: Record<string, Outcomes>;
  /** The same of requests that do not say who decided, where that matters. */
  silent?: Record<string, Outcomes>;
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
  const names = spec.models.map(({ name }) => name);
  queue.push({
    dueMs,
    startMs: endMs - windows.sizeMs,
    endMs,
    ...outcomesIn(automation!, output, names, tracks),
  });
  if (queue.length <= QUEUE_MAX) return;
  const [first, second] = queue.splice(0, 2) as [WaitingOutcomes, WaitingOutcomes];
  addAll(second.models, first.models);
  if (second.silent !== undefined && first.silent !== undefined) addAll(second.silent, first.silent);
  queue.unshift({ ...second, startMs: first.startMs });
}

function addAll(into: Record<string, Outcomes>, from: Readonly<Record<string, Outcomes>>): void {
  for (const [name, more] of Object.entries(from)) {
    const own = into[name];
    if (own === undefined) into[name] = more;
    else addOutcomes(own, more);
  }
}

/** Labels that are the truth count whoever decided; those that are what people decided, and people beside the model, where the answer was not seen. */
function outcomesIn(
  { labels, margin }: AutomationSpec,
  output: OutputSpec,
  names: readonly string[],
  tracks: Tracks,
): Pick<WaitingOutcomes, 'models' | 'silent'> {
  const models: Record<string, Outcomes> = {};
  const silent: Record<string, Outcomes> = {};
  for (const name of names) {
    const scores = tracks.get(feedKey('scores', name, output.name));
    if (labels !== 'people' && scores?.kind === 'score_bins') models[name] = outcomesOf(scores.state, output);
    const unseen = tracks.get(unseenKey(name, output.name));
    if (unseen?.kind !== 'counters') continue;
    models[name] ??= createOutcomes();
    addOutcomes(models[name], unseenOf(unseen.state, 'blind'));
    silent[name] = unseenOf(unseen.state, 'silent');
  }
  return labels === 'people' || margin !== undefined ? { models, silent } : { models };
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
  for (const { models, silent, ...window } of due) noteOutcomes(levels, active, window, models, silent);
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
