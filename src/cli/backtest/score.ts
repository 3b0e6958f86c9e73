/** Alarms of one side against what really happened, and which of both sides is better in what. Pure. */

import { durationText } from '../../alarm/words.ts';
import { plural } from '../results/blocks.ts';
import { alarmKey, type Episode, lastedMs } from './episodes.ts';
import type { Incident } from './incidents.ts';

export const MONTH_MS = 30 * 86_400_000;

/** Event time that both sides have seen. */
export interface Span {
  fromMs: number;
  toMs: number;
}

export interface Found {
  incident: Incident;
  /** Of the alarms that fire within it, the first that is known; null: it is missed. */
  first: Episode | null;
  delayMs: number | null;
}

export interface Score {
  found: Found[];
  /** Alarms that fire outside of all incidents. */
  falseAlarms: Episode[];
  /** Per 30 days outside of all incidents; null: there is no such time. */
  falsePer30d: number | null;
}

export interface Truth {
  /** Of the service, those that lie in the data. */
  incidents: readonly Incident[];
  span: Span;
  /** So long after the end of an incident an alarm is still about it. */
  slackMs: number;
}

/** Without an end it goes on. */
const endOf = ({ toMs }: Incident, slackMs: number): number => (toMs ?? Number.POSITIVE_INFINITY) + slackMs;

/** Whether the data say anything of it. */
export const isSeen = (incident: Incident, { fromMs, toMs }: Span, slackMs: number): boolean =>
  incident.fromMs <= toMs && endOf(incident, slackMs) >= fromMs;

export function scoreOf(episodes: readonly Episode[], { incidents, span, slackMs }: Truth): Score {
  const inOrder = [...episodes].sort(
    (a, b) => a.knownMs - b.knownMs || a.fromMs - b.fromMs || (alarmKey(a) < alarmKey(b) ? -1 : 1),
  );
  const isIn = (episode: Episode, incident: Incident): boolean =>
    episode.fromMs >= incident.fromMs && episode.fromMs <= endOf(incident, slackMs);
  const found = incidents.map((incident): Found => {
    const first = inOrder.find((episode) => isIn(episode, incident)) ?? null;
    return { incident, first, delayMs: first === null ? null : first.knownMs - incident.fromMs };
  });
  const falseAlarms = inOrder.filter((episode) => !incidents.some((incident) => isIn(episode, incident)));
  const taken = incidents.map((incident) => ({
    fromMs: Math.max(span.fromMs, incident.fromMs),
    toMs: Math.max(span.fromMs, Math.min(span.toMs, endOf(incident, slackMs))),
  }));
  const calmMs = span.toMs - span.fromMs - lastedMs(taken, span.toMs);
  return { found, falseAlarms, falsePer30d: calmMs > 0 ? (falseAlarms.length * MONTH_MS) / calmMs : null };
}

export type Better = 'current' | 'candidate' | 'same';

export interface Verdict {
  incidents: Better;
  /** Over the incidents that both find. */
  delay: Better;
  falseAlarms: Better;
  /** Delays over these incidents in the mean; null: there are none that both find. */
  meanDelayMs: { current: number; candidate: number } | null;
  /** In words, each point that `--fail-on worse` is about. */
  worse: string[];
}

export const foundIn = ({ found }: Score): number => found.filter(({ first }) => first !== null).length;

/** @param windowMs a delay that is longer by no more than it is no worse */
export function verdictOf(current: Score, candidate: Score, windowMs: number): Verdict {
  const worse: string[] = [];
  const both: { current: number; candidate: number }[] = [];
  current.found.forEach(({ incident, delayMs }, i) => {
    const other = candidate.found[i]!.delayMs;
    if (delayMs !== null && other !== null) both.push({ current: delayMs, candidate: other });
    if (delayMs === null) return;
    if (other === null) worse.push(`misses '${incident.what}', which the current one finds`);
    else if (other - delayMs > windowMs)
      worse.push(`finds '${incident.what}' ${durationText(other - delayMs)} later`);
  });
  const [falseBefore, falseAfter] = [current.falseAlarms.length, candidate.falseAlarms.length];
  if (falseAfter > falseBefore)
    worse.push(`has ${plural(falseAfter, 'false alarm')} instead of ${falseBefore}`);
  const mean = (side: 'current' | 'candidate'): number =>
    both.reduce((sum, delays) => sum + delays[side], 0) / both.length;
  const meanDelayMs = both.length === 0 ? null : { current: mean('current'), candidate: mean('candidate') };
  return {
    incidents: lower(-foundIn(current), -foundIn(candidate)),
    delay: meanDelayMs === null ? 'same' : lower(meanDelayMs.current, meanDelayMs.candidate),
    falseAlarms: lower(falseBefore, falseAfter),
    meanDelayMs,
    worse,
  };
}

const lower = (current: number, candidate: number): Better =>
  current === candidate ? 'same' : current < candidate ? 'current' : 'candidate';
