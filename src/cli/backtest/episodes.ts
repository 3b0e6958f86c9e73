/** Alarms and requests for retraining of one side as stretches of event time. */

import { rankOf } from '../../alarm/levels.ts';
import { LEVELS, type Level, type Retrain } from '../../records.ts';
import { seriesKey } from '../results/stretch.ts';
import type { KnownAlert } from './known.ts';

/** Something that begins, and lasts. */
export interface Spell {
  fromMs: number;
  /** Null: it goes on at the end of the data. */
  toMs: number | null;
}

/** One rule on one series, from the alert that fires to the one that resolves. */
export interface Episode extends Spell {
  rule: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  /** Event time at which it was told that it fires. */
  knownMs: number;
  /** The highest that it reached. */
  level: Level;
  /** When it was first at the level or above, of each that it reached. */
  reached: Partial<Record<Level, number>>;
  /** Why it fired, in words. */
  reason: string;
}

/** A request for retraining; it lasts until the next one may come. */
export interface Request extends Spell {
  reason: string;
}

type Told = Pick<
  KnownAlert,
  | 'knownMs'
  | 'rule'
  | 'metric'
  | 'subject'
  | 'model'
  | 'segment'
  | 'state'
  | 'level'
  | 'reason'
  | 'windowEndMs'
>;

export const alarmKey = ({
  rule,
  metric,
  subject,
  model,
  segment,
}: Pick<Told, 'rule' | 'metric' | 'subject' | 'model' | 'segment'>): string =>
  `${rule}\u0000${seriesKey(metric, subject, model, segment)}`;

const byStart = (a: Spell, b: Spell): number => a.fromMs - b.fromMs;

/** @param alerts in the order in which they were told, each series by itself */
export function episodesOf(alerts: readonly Told[]): Episode[] {
  const episodes: Episode[] = [];
  const open = new Map<string, Episode>();
  // The end of a page of the budget may be told after the next one.
  for (const alert of [...alerts].sort((a, b) => a.windowEndMs - b.windowEndMs)) {
    const { rule, metric, subject, model, segment, state, level, reason, windowEndMs, knownMs } = alert;
    const key = alarmKey(alert);
    const known = open.get(key);
    if (state === 'resolved') {
      if (known !== undefined) known.toMs = windowEndMs;
      open.delete(key);
      continue;
    }
    if (known !== undefined) {
      reach(known, level, windowEndMs);
      continue;
    }
    const about = { rule, metric, subject, model, segment, reason, knownMs };
    const episode: Episode = { ...about, fromMs: windowEndMs, toMs: null, level, reached: {} };
    reach(episode, level, windowEndMs);
    open.set(key, episode);
    episodes.push(episode);
  }
  return episodes;
}

function reach(episode: Episode, level: Level, atMs: number): void {
  for (const lower of LEVELS) if (rankOf(lower) <= rankOf(level)) episode.reached[lower] ??= atMs;
  if (rankOf(level) > rankOf(episode.level)) episode.level = level;
}

export function requestsOf(retrains: readonly Retrain[]): Request[] {
  const requests = new Map<string, Request>();
  for (const { retrainId, atMs, cooldownUntilMs, reason } of retrains) {
    if (requests.has(retrainId)) continue;
    requests.set(retrainId, { fromMs: atMs, toMs: Math.max(atMs, cooldownUntilMs), reason });
  }
  return [...requests.values()].sort(byStart);
}

/** Time in which at least one of them lasts; what goes on ends at `endMs`. */
export function lastedMs(spells: readonly Spell[], endMs: number): number {
  let [sumMs, throughMs] = [0, Number.NEGATIVE_INFINITY];
  for (const { fromMs, toMs } of [...spells].sort(byStart)) {
    const untilMs = toMs ?? Math.max(fromMs, endMs);
    sumMs += Math.max(0, untilMs - Math.max(fromMs, throughMs));
    throughMs = Math.max(throughMs, untilMs);
  }
  return sumMs;
}
