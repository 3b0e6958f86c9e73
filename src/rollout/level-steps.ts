/** Changes of the level as steps of the one chain that roll-outs have too; a service need not roll out anything. */

import { type Alert, type AutomationSpec, type Command, isAtLeast } from '../records.ts';
import { levelNow, type RolloutStates, type RolloutStep, stepOf } from './fold.ts';
import type { LevelSeen } from './level-seen.ts';
import { type LevelTold, levelOf, noLevel } from './levels.ts';

/** Nothing was ever rolled out. */
export interface LevelStep extends Omit<RolloutStep, 'rollout' | 'verdict'> {
  rollout: null;
  verdict: null;
}

/** `levelSeen`: what a step of the level rests on, where the service has automation. */
export type ChainStep = (RolloutStep | LevelStep) & { levelSeen?: LevelSeen };

/** Takes over what was told of the level. */
export function stepsOfLevels(
  states: RolloutStates,
  told: readonly LevelTold[],
  levelSeen?: LevelSeen,
): ChainStep[] {
  return told.map(({ level, threshold, event, atMs, by, reason }): ChainStep => {
    Object.assign(states, { level, threshold });
    const { current } = states;
    const said = { event, by, reason, ...(levelSeen && { levelSeen }) };
    return current === null
      ? { ...said, atMs, rollout: null, verdict: null, ...levelNow(states) }
      : { ...stepOf(states, current, said), atMs };
  });
}

/** A person sets the level of a service that has no automation and rolls out nothing. */
export function commandBareLevel(
  states: RolloutStates,
  { target, by, reason }: Pick<Command, 'target' | 'by' | 'reason'>,
  atMs: number,
): ChainStep[] {
  const { level: before, threshold } = states;
  const level = levelOf(target);
  const refused = level === null ? noLevel(target) : level === before ? `it is ${level} already` : null;
  if (level === null || refused !== null)
    return stepsOfLevels(states, [
      { event: 'refused', atMs, by, reason: `level: ${refused}`, level: before, threshold },
    ]);
  const text = `${before} -> ${level}${reason === '' ? '' : `: ${reason}`}`;
  return stepsOfLevels(states, [{ event: 'level', atMs, by, reason: text, level, threshold: null }]);
}

/** Names of rules that fire and are to stop automation. */
export const stoppersOf = ({ firing }: RolloutStates, { stopOn }: AutomationSpec): string[] => [
  ...new Set(
    Object.values(firing).flatMap(({ rule, level }: { rule: string; level: Alert['level'] }) =>
      stopOn.rules.includes(rule) && isAtLeast(level, stopOn.level) ? [rule] : [],
    ),
  ),
];
