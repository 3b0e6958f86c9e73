/** Words for what a backtest finds, which text and JSON share. */

import { durationText } from '../../alarm/words.ts';
import type { RuleChange } from './changes.ts';
import type { AlarmMove, Move } from './compare.ts';
import type { Spell } from './episodes.ts';

const shifted = (ms: number): string => `${durationText(Math.abs(ms))} ${ms > 0 ? 'later' : 'earlier'}`;

/** '5m later'. */
export const shiftWords = ({ shiftMs }: Move<Spell>): string => shifted(shiftMs);

/** 'fires 5m later', 'critical instead of warning', 'ends 10m later'. */
export function moveWords(move: AlarmMove): string[] {
  const { before, after, shiftMs, knownShiftMs, endShiftMs, levelShifts } = move;
  const words = shiftMs === 0 ? [] : [`fires ${shiftWords(move)}`];
  if (knownShiftMs !== shiftMs)
    words.push(knownShiftMs === 0 ? 'is known at the same time' : `is known ${shifted(knownShiftMs)}`);
  if (before.level !== after.level) words.push(`${after.level} instead of ${before.level}`);
  for (const { level, shiftMs: byMs } of levelShifts) {
    // The lower levels are reached with the higher ones.
    if (byMs !== 0 && level === after.level) words.push(`is ${level} ${shifted(byMs)}`);
  }
  if (endShiftMs === null) words.push(after.toMs === null ? 'does not end' : 'ends');
  else if (endShiftMs !== 0) words.push(`ends ${shifted(endShiftMs)}`);
  return words.length > 0 ? words : ['reaches its levels at other times'];
}

/** 'removed', 'for 10m instead of 0s', 'as before'. */
export const changeWords = (change: RuleChange | undefined): string => {
  if (change === undefined || change.change === 'same') return 'as before';
  return change.words.length > 0 ? change.words.join(', ') : change.change;
};
