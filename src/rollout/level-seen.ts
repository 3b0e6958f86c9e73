/** What a step of the level rests on, as its record says it: whoever has it can compute the step again. */

import type { AutomationSpec, Command } from '../records.ts';
import { commandLevels, configureLevels, judgeLevels, type LevelStates, type LevelTold } from './levels.ts';

/** Plain JSON. */
export type LevelSeen = {
  spec: AutomationSpec;
  atMs: number;
  /** Those before; of the models with what is known of the one that answers alone. */
  states: LevelStates;
} & (
  | { cause: 'configuration' }
  /** `active` is the model that answers, `alarms` are rules that fire and are to stop it. */
  | { cause: 'look'; active: string; alarms: readonly string[] }
  | { cause: 'command'; active: string; asked: Pick<Command, 'target' | 'by' | 'reason'> }
);

/** The states as they are now: steps replace what is in them, and change nothing in place. */
export function statesSeen(states: LevelStates, active: string): LevelStates {
  const own = states.models[active];
  return { ...states, models: own === undefined ? {} : { [active]: own } };
}

/** What follows, with the states after it; those of `seen` are changed. */
export function followSeen(seen: LevelSeen): { told: LevelTold[]; states: LevelStates } {
  const { spec, atMs, states } = seen;
  return { told: toldOf(seen, spec, states, atMs), states };
}

function toldOf(seen: LevelSeen, spec: AutomationSpec, states: LevelStates, atMs: number): LevelTold[] {
  switch (seen.cause) {
    case 'configuration':
      return configureLevels(states, { spec, models: {} }, atMs);
    case 'look':
      return judgeLevels(states, spec, seen.active, seen.alarms, atMs);
    case 'command':
      return commandLevels(states, spec, seen.active, seen.asked, atMs);
  }
}
