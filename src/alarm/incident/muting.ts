/** Of which alarms nobody hears at a time, and why. */

import type { InhibitSpec, MaintenanceSpec, MatchField } from '../../records.ts';
import { isDue, nextChangeMs } from './maintenance.ts';
import { createMatch } from './matcher.ts';
import type { IncidentStates, Member, Silence } from './state.ts';

/** Why nobody hears of it; '': somebody does. */
export type MutedBy = (member: Member) => string;

/** What mutes: the configuration's part, and that of people. */
export interface Muting {
  inhibit: readonly InhibitSpec[];
  maintenance: readonly MaintenanceSpec[];
  silences: Readonly<Record<string, Silence>>;
}

const keyOf = (member: Member, equal: readonly MatchField[]): string =>
  JSON.stringify(equal.map((field) => member[field]));

/** By what agrees: an alarm that is source and target of the same rule cannot be muted by another such one. */
function inhibition({ source, target, equal }: InhibitSpec, firing: readonly Member[]): MutedBy {
  const isSource = createMatch(source);
  const isTarget = createMatch(target);
  const all = new Map<string, Member>();
  const pure = new Map<string, Member>();
  for (const member of firing) {
    if (!isSource(member)) continue;
    const key = keyOf(member, equal);
    if (!all.has(key)) all.set(key, member);
    if (!isTarget(member) && !pure.has(key)) pure.set(key, member);
  }
  return (member) => {
    if (all.size === 0 || !isTarget(member)) return '';
    const by = (isSource(member) ? pure : all).get(keyOf(member, equal));
    return by === undefined ? '' : `inhibited by ${by.rule} (${by.level})`;
  };
}

/** @param firing all that fires, in an order that depends on the log alone: the first source is named */
export function mutedBy(
  { inhibit, maintenance, silences }: Muting,
  firing: readonly Member[],
  atMs: number,
): MutedBy {
  const parts: MutedBy[] = [];
  for (const { name, match, when } of maintenance) {
    if (!isDue(when, atMs)) continue;
    const fits = createMatch(match);
    parts.push((member) => (fits(member) ? `maintenance ${name}` : ''));
  }
  for (const { match, fromMs, untilMs, by, reason } of Object.values(silences)) {
    if (atMs < fromMs || atMs >= untilMs) continue;
    const fits = createMatch(match);
    const text = `silenced by ${by}${reason === '' ? '' : `: ${reason}`}`;
    parts.push((member) => (fits(member) ? text : ''));
  }
  for (const one of inhibit) parts.push(inhibition(one, firing));
  return (member) => {
    for (const part of parts) {
      const text = part(member);
      if (text !== '') return text;
    }
    return '';
  };
}

/** The first time after `nowMs` at which a silence or a maintenance begins or ends; null: never. */
export function mutingChangesMs(
  { silences }: Pick<IncidentStates, 'silences'>,
  maintenance: readonly MaintenanceSpec[],
  nowMs: number,
): number | null {
  const times = Object.values(silences).flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]);
  for (const { when } of maintenance) times.push(nextChangeMs(when, nowMs));
  const next = Math.min(...times.filter((ms) => ms > nowMs), Number.POSITIVE_INFINITY);
  return Number.isFinite(next) ? next : null;
}
