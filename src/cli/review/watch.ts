/** What the rules would have made of a stretch: every result in its order, as the judge takes them. */

import { passedOf, rankOf } from '../../alarm/levels.ts';
import { isWatched } from '../../alarm/state.ts';
import { LEVELS, type Level, type RuleSpec } from '../../records.ts';
import type { ReadResult } from '../results/records.ts';
import { seriesKey } from '../results/stretch.ts';

/** Of one rule on one series; more would not change what is said of them. */
const SPELLS_MAX = 2_000;
/** Rules times series; a rule over every subject and each segment comes near. */
const WATCHES_MAX = 50_000;

/** A run of judged windows beyond a level, without a break. */
export interface Spell {
  windows: number;
  /** End of the last window less the end of the first: what `for` is compared with. */
  lastedMs: number;
}

export interface LevelWatch {
  breaches: number;
  spells: Spell[];
  /** Of all spells, also of those beyond SPELLS_MAX. */
  spellCount: number;
  current: { windows: number; sinceMs: number } | null;
}

/** One rule on one series. */
export interface Watch {
  rule: RuleSpec;
  key: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  judged: number;
  /** Windows that count for the rule but have fewer samples than min_n. */
  few: number;
  /** Windows without a value. */
  empty: number;
  levels: Record<Level, LevelWatch>;
  lastEndMs: number;
  /** End of the last window that was judged. */
  judgedEndMs: number;
}

const newLevel = (): LevelWatch => ({ breaches: 0, spells: [], spellCount: 0, current: null });

/** @param rulesOf the rules of a service; empty for one that is not configured */
export function createWatches(rulesOf: (service: string) => readonly RuleSpec[]) {
  const watches = new Map<string, Watch>();
  let untracked = 0;
  const watchOf = (rule: RuleSpec, result: ReadResult): Watch | null => {
    const { service, metric, subject, model, segment } = result;
    const series = seriesKey(metric, subject, model, segment);
    const key = `${service}\u0000${rule.name}\u0000${series}`;
    let watch = watches.get(key);
    if (watch === undefined) {
      if (watches.size >= WATCHES_MAX) {
        untracked++;
        return null;
      }
      const levels = { info: newLevel(), warning: newLevel(), critical: newLevel() };
      const about = { rule, key: series, metric, subject, model, segment, levels };
      const never = Number.NEGATIVE_INFINITY;
      watch = { ...about, judged: 0, few: 0, empty: 0, lastEndMs: never, judgedEndMs: never };
      watches.set(key, watch);
    }
    return watch;
  };
  return {
    take(result: ReadResult): void {
      for (const rule of rulesOf(result.service)) {
        if (!isMature(rule, result) || !isWatched(rule, result)) continue;
        const watch = watchOf(rule, result);
        if (watch !== null) step(watch, rule, result);
      }
    },
    /** Of one service, after the last result. */
    of(service: string): Watch[] {
      const own = [...watches].filter(([key]) => key.startsWith(`${service}\u0000`));
      const found = own.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, watch]) => watch);
      for (const watch of found)
        for (const level of Object.values(watch.levels)) end(level, watch.judgedEndMs);
      return found;
    },
    untracked: () => untracked,
  };
}

/** As the judge: the final revision, or the first that has enough labels. */
export const isMature = (rule: RuleSpec, { final, coverage }: ReadResult): boolean =>
  final || (rule.coverageMin !== null && coverage !== null && coverage >= rule.coverageMin);

function step(watch: Watch, rule: RuleSpec, { value, n, windowEndMs }: ReadResult): void {
  // A window is judged once; a restart repeats records.
  if (windowEndMs <= watch.lastEndMs) return;
  watch.lastEndMs = windowEndMs;
  if (value === null || n < rule.nMin) {
    if (n < rule.nMin) watch.few++;
    else watch.empty++;
    return;
  }
  const beforeMs = watch.judgedEndMs;
  watch.judged++;
  watch.judgedEndMs = windowEndMs;
  const passed = rankOf(passedOf(rule, value));
  for (const name of LEVELS) {
    const level = watch.levels[name];
    if (passed < rankOf(name)) {
      end(level, beforeMs);
      continue;
    }
    level.breaches++;
    level.current ??= { windows: 0, sinceMs: windowEndMs };
    level.current.windows++;
  }
}

function end(level: LevelWatch, lastEndMs: number): void {
  if (level.current === null) return;
  const { windows, sinceMs } = level.current;
  level.spellCount++;
  if (level.spells.length < SPELLS_MAX) level.spells.push({ windows, lastedMs: lastEndMs - sinceMs });
  level.current = null;
}
