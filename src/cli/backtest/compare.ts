/** What one side has and the other has not. Pure: whatever is said of one side holds for the other when they are swapped. */

import { LEVELS, type Level } from '../../records.ts';
import { alarmKey, type Episode, type Spell } from './episodes.ts';

export interface Pair<T> {
  before: T;
  after: T;
}

/** A pair that is not the same on both sides. */
export interface Move<T> extends Pair<T> {
  /** Later where it is positive. */
  shiftMs: number;
  /** Null: on one side it goes on at the end of the data, on the other it does not. */
  endShiftMs: number | null;
}

export interface AlarmMove extends Move<Episode> {
  /** Of the time at which it is told that it fires. */
  knownShiftMs: number;
  /** Levels that both reach, though not both by as much later as they fire. */
  levelShifts: { level: Level; shiftMs: number }[];
}

export interface Compared<T, M extends Move<T>> {
  appear: T[];
  disappear: T[];
  moves: M[];
  stays: Pair<T>[];
}

export type ComparedAlarms = Compared<Episode, AlarmMove>;

/** Both have a time in common, or begin together. */
const meet = (a: Spell, b: Spell): boolean =>
  a.fromMs === b.fromMs ||
  (a.fromMs < (b.toMs ?? Number.POSITIVE_INFINITY) && b.fromMs < (a.toMs ?? Number.POSITIVE_INFINITY));

/** Pairs what meets, each once, the earliest first. */
export function pairUp<T extends Spell>(before: readonly T[], after: readonly T[]) {
  const inOrder = (spells: readonly T[]): T[] => [...spells].sort((a, b) => a.fromMs - b.fromMs);
  const [left, right] = [inOrder(before), inOrder(after)];
  const [pairs, disappear, appear]: [Pair<T>[], T[], T[]] = [[], [], []];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    const [a, b] = [left[i]!, right[j]!];
    if (meet(a, b)) {
      pairs.push({ before: a, after: b });
      i++;
      j++;
    } else if (a.fromMs < b.fromMs) {
      disappear.push(a);
      i++;
    } else {
      appear.push(b);
      j++;
    }
  }
  return { pairs, disappear: [...disappear, ...left.slice(i)], appear: [...appear, ...right.slice(j)] };
}

function moveOf<T extends Spell>({ before, after }: Pair<T>): Move<T> {
  const ends = [before.toMs, after.toMs];
  const endShiftMs =
    ends[0] === ends[1] ? 0 : ends.includes(null) ? null : (after.toMs ?? 0) - (before.toMs ?? 0);
  return { before, after, shiftMs: after.fromMs - before.fromMs, endShiftMs };
}

function alarmMoveOf(pair: Pair<Episode>): AlarmMove {
  const move = moveOf(pair);
  const levelShifts = LEVELS.flatMap((level) => {
    const [from, to] = [pair.before.reached[level], pair.after.reached[level]];
    if (from === undefined || to === undefined || to - from === move.shiftMs) return [];
    return [{ level, shiftMs: to - from }];
  });
  return { ...move, knownShiftMs: pair.after.knownMs - pair.before.knownMs, levelShifts };
}

const isSame = ({ shiftMs, endShiftMs }: Move<Spell>): boolean => shiftMs === 0 && endShiftMs === 0;

const isSameAlarm = (move: AlarmMove): boolean =>
  isSame(move) &&
  move.knownShiftMs === 0 &&
  move.levelShifts.length === 0 &&
  move.before.level === move.after.level;

function sorted<T extends Spell, M extends Move<T>>(
  { pairs, ...rest }: ReturnType<typeof pairUp<T>>,
  toMove: (pair: Pair<T>) => M,
  same: (move: M) => boolean,
): Compared<T, M> {
  const moves = pairs.map(toMove);
  return { ...rest, moves: moves.filter((move) => !same(move)), stays: moves.filter(same).map(plainPair) };
}

const plainPair = <T>({ before, after }: Pair<T>): Pair<T> => ({ before, after });

/** Alarms are the same where the rule and the series are and where they fire at one time. */
export function compareAlarms(before: readonly Episode[], after: readonly Episode[]): ComparedAlarms {
  const [left, right] = [byKey(before), byKey(after)];
  const all: ComparedAlarms = { appear: [], disappear: [], moves: [], stays: [] };
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const found = sorted(pairUp(left.get(key) ?? [], right.get(key) ?? []), alarmMoveOf, isSameAlarm);
    all.appear.push(...found.appear);
    all.disappear.push(...found.disappear);
    all.moves.push(...found.moves);
    all.stays.push(...found.stays);
  }
  all.appear.sort(inTime);
  all.disappear.sort(inTime);
  // By the earlier of both, which is the same when the sides are swapped.
  const start = ({ before, after }: Pair<Episode>): Episode =>
    after.fromMs < before.fromMs ? after : before;
  all.moves.sort((a, b) => inTime(start(a), start(b)));
  all.stays.sort((a, b) => inTime(a.before, b.before));
  return all;
}

/** Requests are the same where one lies in the cooldown of the other. */
export const compareSpells = <T extends Spell>(
  before: readonly T[],
  after: readonly T[],
): Compared<T, Move<T>> =>
  // How long the cooldown is says the configuration; it is no difference of the request.
  sorted(pairUp(before, after), moveOf<T>, ({ shiftMs }) => shiftMs === 0);

function byKey(episodes: readonly Episode[]): Map<string, Episode[]> {
  const groups = new Map<string, Episode[]>();
  for (const episode of episodes) {
    const key = alarmKey(episode);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [episode]);
    else group.push(episode);
  }
  return groups;
}

function inTime(a: Episode, b: Episode): number {
  const [left, right] = [alarmKey(a), alarmKey(b)];
  return a.fromMs - b.fromMs || (left < right ? -1 : left > right ? 1 : 0);
}
