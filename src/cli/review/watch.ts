/** What rules make of a stretch: the alarms that the daemon would have, and what they were given on the way. */

import { levelsOf, passedOf, rankOf } from '../../alarm/levels.ts';
import { isWatched } from '../../alarm/state.ts';
import type { OnJudged } from '../../alarm/step.ts';
import type { Firing } from '../../alarm/transitions.ts';
import { LEVELS, type Level, type Result, type RuleSpec, type ServiceSpec } from '../../records.ts';
import { judgeRecorded, type Recorded, recordedFor } from '../backtest/recorded.ts';
import { seriesKey } from '../results/stretch.ts';

/** Of one rule on one series; more would not change what is said of them. */
const SPELLS_MAX = 2_000;

/** A run of judged windows without a break. */
export interface Spell {
  windows: number;
  /** End of the last window less the end of the first: what `for` is compared with. */
  lastedMs: number;
}

/** Judged windows in which something was so. */
export interface Spells {
  windows: number;
  list: Spell[];
  /** Of all, also of those beyond SPELLS_MAX. */
  count: number;
  current: { windows: number; sinceMs: number } | null;
}

export interface LevelWatch {
  /** The value is beyond the threshold. */
  beyond: Spells;
  /** The level holds, by resets and hits: what `for` waits for. */
  holds: Spells;
  /** The world was told that it fires. */
  told: Spells;
}

/** One rule on one series. */
export interface Watch {
  rule: RuleSpec;
  key: string;
  judged: number;
  /** Windows that count for the rule but have fewer samples than min_n. */
  few: number;
  /** Windows without a value. */
  empty: number;
  /** Windows with nothing to be compared with, or too few before them. */
  alone: number;
  /** What was judged, in the order of time: of a rule with `versus` the comparison. */
  values: number[];
  /** Sample sizes of the windows, judged or not. */
  ns: number[];
  levels: Record<Level, LevelWatch>;
  /** End of the last window, and of the last one that was judged. */
  lastEndMs: number;
  judgedEndMs: number;
}

export interface Judged {
  watchesOf(rule: RuleSpec): readonly Watch[];
  /** Alerts that say that an alarm of the rule fires. */
  firedOf(rule: RuleSpec): number;
  /** Results that there was no alarm for, since there were too many. */
  untracked: number;
}

const newSpells = (): Spells => ({ windows: 0, list: [], count: 0, current: null });
const newLevel = (): LevelWatch => ({ beyond: newSpells(), holds: newSpells(), told: newSpells() });

/** Takes the results through the alarms of the rules, as the daemon would. */
export function judgedBy(recorded: Recorded, spec: ServiceSpec): Judged {
  const watches = new Map<RuleSpec, Map<string, Watch>>(spec.rules.map((rule) => [rule, new Map()]));
  const watchOf = (rule: RuleSpec, { metric, subject, model, segment }: Result): Watch => {
    const own = watches.get(rule)!;
    const key = seriesKey(metric, subject, model, segment);
    let watch = own.get(key);
    if (watch === undefined) {
      watch = newWatch(rule, key);
      own.set(key, watch);
    }
    return watch;
  };
  const onJudged: OnJudged = (alarm, rule, result, { level, value }) => {
    const watch = watchOf(rule, result);
    const beforeMs = watch.judgedEndMs;
    watch.judged++;
    watch.judgedEndMs = result.windowEndMs;
    watch.values.push(value);
    const beyond = levelsOf(rule).length === 0 ? level : passedOf(rule, value);
    for (const name of LEVELS) {
      const isAt = (one: Firing): boolean => rankOf(one) >= rankOf(name);
      const own = watch.levels[name];
      count(own.beyond, isAt(beyond), watch.judgedEndMs, beforeMs);
      count(own.holds, alarm.times[name]?.leftMs === null, watch.judgedEndMs, beforeMs);
      count(own.told, isAt(alarm.told), watch.judgedEndMs, beforeMs);
    }
  };
  const onResult = (result: Result): void => {
    // Of what comes early the rest is still to come.
    if (!result.final) return;
    for (const rule of spec.rules)
      if (rule.when === undefined && isWatched(rule, result)) noteWindow(watchOf(rule, result), result);
  };
  const { alerted, untracked } = judgeRecorded(recorded, spec, { onJudged, onResult });
  const fired = new Map<string, number>();
  for (const { rule, state } of alerted) if (state === 'firing') fired.set(rule, (fired.get(rule) ?? 0) + 1);
  return {
    watchesOf: (rule) => inOrder([...(watches.get(rule)?.values() ?? [])]),
    firedOf: ({ name }) => fired.get(name) ?? 0,
    untracked,
  };
}

/** What one rule would make of the stretch, alone and as it is given. */
export function tryRule(recorded: Recorded, spec: ServiceSpec, rule: RuleSpec): Judged {
  return judgedBy(recordedFor(recorded, [rule]), { ...spec, rules: [rule], retrain: null });
}

function newWatch(rule: RuleSpec, key: string): Watch {
  const levels = { info: newLevel(), warning: newLevel(), critical: newLevel() };
  const never = Number.NEGATIVE_INFINITY;
  const counts = { judged: 0, few: 0, empty: 0, alone: 0 };
  return { rule, key, ...counts, values: [], ns: [], levels, lastEndMs: never, judgedEndMs: never };
}

/** Counts a window, and why it was not judged. */
function noteWindow(watch: Watch, { value, n, windowEndMs }: Result): void {
  // A restart repeats records.
  if (windowEndMs <= watch.lastEndMs) return;
  watch.lastEndMs = windowEndMs;
  watch.ns.push(n);
  if (windowEndMs <= watch.judgedEndMs) return;
  if (n < watch.rule.nMin) watch.few++;
  else if (value === null) watch.empty++;
  else watch.alone++;
}

function count(spells: Spells, isSo: boolean, endMs: number, beforeMs: number): void {
  if (!isSo) {
    end(spells, beforeMs);
    return;
  }
  spells.windows++;
  spells.current ??= { windows: 0, sinceMs: endMs };
  spells.current.windows++;
}

function end(spells: Spells, lastEndMs: number): void {
  if (spells.current === null) return;
  const { windows, sinceMs } = spells.current;
  spells.count++;
  if (spells.list.length < SPELLS_MAX) spells.list.push({ windows, lastedMs: lastEndMs - sinceMs });
  spells.current = null;
}

/** Sorted by series, with all that goes on ended. */
function inOrder(watches: readonly Watch[]): Watch[] {
  for (const { levels, judgedEndMs } of watches)
    for (const { beyond, holds, told } of Object.values(levels))
      for (const spells of [beyond, holds, told]) end(spells, judgedEndMs);
  return [...watches].sort((a, b) => (a.key < b.key ? -1 : 1));
}
