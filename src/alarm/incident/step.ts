/**
 * The fold of alerts into incidents, one for each cause, and the decision of when receivers are told. Pure: the same alerts at the same times give the same
 * records, byte for byte, in however many steps the time goes by, also when the state went through JSON in between.
 */

import { assert } from '../../errors.ts';
import {
  type Alert,
  type Command,
  type Incident,
  type IncidentSpec,
  MATCH_FIELDS,
  type NotifyReason,
  type ServiceSpec,
  type SilenceSpec,
} from '../../records.ts';
import { rankOf } from '../levels.ts';
import { DEFAULT_INCIDENTS } from './defaults.ts';
import { mergeInto, openIncident, takeAlert } from './members.ts';
import { type MutedBy, mutedBy, mutingChangesMs } from './muting.ts';
import { notifyReason } from './notify.ts';
import { byWeight, recordOf } from './record.ts';
import type { IncidentStates, Member, OpenIncident } from './state.ts';

type Open = OpenIncident;

/** Silences of a service at most; a person who wants more wants a rule changed. */
export const SILENCES_MAX = 1_000;

const wantedOf = (spec: ServiceSpec): IncidentSpec => spec.incidents ?? DEFAULT_INCIDENTS;

const firingOf = ({ members }: Open): [string, Member][] =>
  Object.entries(members).filter(([, { isFiring }]) => isFiring);

/** What one evaluation needs of its surroundings. */
interface Scene {
  states: IncidentStates;
  spec: ServiceSpec;
  wanted: IncidentSpec;
  atMs: number;
  mutedBy: MutedBy;
  /** Incidents whose alarms are others than before. */
  changed: Set<Open>;
}

/** Who hears what of an incident now. */
interface Heard {
  /** What fires and is not muted. */
  firing: [string, Member][];
  resolved: Set<string>;
  told: Set<string>;
  level: Member['level'] | null;
}

/** Takes stock, and says so in the state. */
function hear(incident: Open, { mutedBy }: Scene): Heard {
  const all = Object.entries(incident.members);
  const firing = all.filter(([, { isFiring }]) => isFiring).sort(byWeight);
  const heard = firing.filter(([, member]) => mutedBy(member) === '');
  const first = heard[0] ?? firing[0];
  if (first !== undefined) incident.level = first[1].level;
  incident.mutedAlarms = firing.length - heard.length;
  incident.muted = heard.length === 0 && first !== undefined ? mutedBy(first[1]) : '';
  const level = heard[0]?.[1].level ?? null;
  // It has eased: should it rise again, that is news, but not as urgent.
  if (level !== null && rankOf(level) < rankOf(incident.toldLevel)) incident.toldLevel = level;
  return {
    firing: heard,
    resolved: new Set(all.filter(([, { isFiring }]) => !isFiring).map(([fingerprint]) => fingerprint)),
    told: new Set(all.filter(([, { isTold }]) => isTold).map(([fingerprint]) => fingerprint)),
    level,
  };
}

/** What there is to tell at `atMs` or later, if nothing happens meanwhile, and when. */
function newsOf(
  incident: Open,
  { firing, resolved, told, level }: Heard,
  { wanted, atMs }: Scene,
): { notify: NotifyReason; dueMs: number } | null {
  const { groupWaitMs, groupIntervalMs, repeatIntervalMs } = wanted;
  const { toldMs } = incident;
  const logged = toldMs === null ? null : { firing: told, ageMs: atMs - toldMs };
  const fingerprints = firing.map(([fingerprint]) => fingerprint);
  const notify = notifyReason(logged, fingerprints, resolved, repeatIntervalMs);
  if (notify === 'all_alerts_resolved') return { notify, dueMs: atMs };
  if (notify === 'first_notification') {
    incident.waitingMs ??= atMs;
    return { notify, dueMs: incident.waitingMs + groupWaitMs };
  }
  incident.waitingMs = null;
  if (logged === null || level === null || told.size === 0) return null;
  assert(toldMs !== null, 'what is logged was told');
  if (rankOf(level) > rankOf(incident.peakLevel)) return { notify: 'raised', dueMs: atMs };
  if (rankOf(level) > rankOf(incident.toldLevel))
    return { notify: 'raised', dueMs: toldMs + groupIntervalMs };
  if (notify === 'new_alerts_in_group') return { notify, dueMs: toldMs + groupIntervalMs };
  return repeatIntervalMs === null
    ? null
    : { notify: 'repeat_interval_elapsed', dueMs: toldMs + repeatIntervalMs };
}

/** Notes that receivers know what fires now. */
function note(incident: Open, heard: Heard, notify: NotifyReason, atMs: number): void {
  const isOver = notify === 'all_alerts_resolved';
  const now = new Set(heard.firing.map(([fingerprint]) => fingerprint));
  for (const [fingerprint, member] of Object.entries(incident.members)) {
    // What is muted meanwhile is still known to them.
    member.isTold = !isOver && (now.has(fingerprint) || (member.isTold && member.isFiring));
    if (!member.isTold && !member.isFiring) delete incident.members[fingerprint];
  }
  incident.toldMs = atMs;
  incident.waitingMs = null;
  incident.toldLevel = isOver ? 'ok' : (heard.level ?? incident.toldLevel);
  if (isOver) incident.peakLevel = 'ok';
  else if (rankOf(incident.toldLevel) > rankOf(incident.peakLevel)) incident.peakLevel = incident.toldLevel;
}

/** Whether so many incidents were told first lately that this one may not be told apart. */
function isBeyondStorm({ states, wanted: { storm }, atMs }: Scene): boolean {
  states.firstToldMs = states.firstToldMs.filter((ms) => ms > atMs - storm.periodMs);
  return states.firstToldMs.length >= storm.count;
}

const remove = ({ states }: Scene, incident: Open): void => {
  states.open = states.open.filter((other) => other !== incident);
};

function goOver(incident: Open, scene: Scene): Incident[] {
  const { states, spec, atMs, mutedBy } = scene;
  const storm =
    states.open.find(({ isStorm }) => isStorm) ??
    openIncident(states, spec, { about: 'storm', isStorm: true, onsetMs: incident.onsetMs, atMs });
  mergeInto(storm, incident);
  scene.changed.add(storm);
  remove(scene, incident);
  // Of what nobody has heard of there is nothing to say.
  return incident.records === 0
    ? []
    : [recordOf(incident, spec, { state: 'merged', notify: '', atMs, mutedBy })];
}

function evaluate(incident: Open, scene: Scene): Incident[] {
  const { states, spec, atMs, mutedBy, changed } = scene;
  const { muted, mutedAlarms } = incident;
  const heard = hear(incident, scene);
  const news = newsOf(incident, heard, scene);
  const isDue = news !== null && news.dueMs <= atMs;
  if (isDue && news.notify === 'first_notification' && !incident.isStorm) {
    if (isBeyondStorm(scene)) return goOver(incident, scene);
    states.firstToldMs.push(atMs);
  }
  const notify = isDue ? news.notify : '';
  const state = firingOf(incident).length > 0 ? 'open' : 'resolved';
  const isMutedOtherwise = muted !== incident.muted || mutedAlarms !== incident.mutedAlarms;
  const isSaid = changed.has(incident) || isDue || isMutedOtherwise;
  const records = isSaid ? [recordOf(incident, spec, { state, notify, atMs, mutedBy })] : [];
  if (notify !== '') note(incident, heard, notify, atMs);
  const next = isDue ? newsOf(incident, hear(incident, scene), scene) : news;
  incident.dueMs = next?.dueMs ?? null;
  if (state === 'resolved') remove(scene, incident);
  return records;
}

/** Which alarms nobody hears of at a time, by what is known of silences and of who inhibits. */
export function mutedAt(states: IncidentStates, spec: ServiceSpec, atMs: number): MutedBy {
  const wanted = wantedOf(spec);
  // Only who inhibits has to be known for all.
  const firing = wanted.inhibit.length === 0 ? [] : states.open.flatMap(firingOf).sort(byWeight);
  const muting = { ...wanted, silences: states.silences };
  return mutedBy(
    muting,
    firing.map(([, member]) => member),
    atMs,
  );
}

/** All open incidents at one time; `changed` are those whose alarms have. */
function evaluateAll(
  states: IncidentStates,
  spec: ServiceSpec,
  changed: ReadonlySet<Open>,
  atMs: number,
): Incident[] {
  const wanted = wantedOf(spec);
  dropOver(states, atMs);
  states.nowMs = atMs;
  const muted = mutedAt(states, spec, atMs);
  const scene: Scene = { states, spec, wanted, atMs, mutedBy: muted, changed: new Set(changed) };
  const records = states.open.filter(({ isStorm }) => !isStorm).flatMap((one) => evaluate(one, scene));
  // What went over into it is part of it now.
  for (const storm of states.open.filter(({ isStorm }) => isStorm)) records.push(...evaluate(storm, scene));
  states.mutingChangesMs =
    states.open.length === 0 ? null : mutingChangesMs(states, wanted.maintenance, atMs);
  return records;
}

/** When time alone changes something; infinite: never. */
function nextDueMs({ open, mutingChangesMs }: IncidentStates): number {
  const dues = [mutingChangesMs, ...open.map(({ dueMs }) => dueMs)];
  return Math.min(...dues.map((ms) => ms ?? Number.POSITIVE_INFINITY));
}

/** What is to be told by time alone, through `throughMs`; each record with the time of its own. */
export function passIncidents(states: IncidentStates, spec: ServiceSpec, throughMs: number): Incident[] {
  const records: Incident[] = [];
  for (;;) {
    const dueMs = nextDueMs(states);
    if (dueMs > throughMs) break;
    records.push(...evaluateAll(states, spec, new Set(), Math.max(dueMs, states.nowMs)));
    assert(nextDueMs(states) > dueMs, 'what was due has been told');
  }
  states.nowMs = Math.max(states.nowMs, throughMs);
  return records;
}

/** Takes the alerts of one time, when all that came before have been taken. They may come in any order. */
export function stepIncidents(
  states: IncidentStates,
  spec: ServiceSpec,
  alerts: readonly Alert[],
  atMs: number,
): Incident[] {
  const records = passIncidents(states, spec, atMs - 1);
  const wanted = wantedOf(spec);
  const nowMs = Math.max(atMs, states.nowMs);
  const changed = new Set<Open>();
  for (const alert of alerts) {
    const incident = takeAlert(states, spec, wanted, alert, nowMs);
    if (incident !== null) changed.add(incident);
  }
  if (changed.size === 0 && nextDueMs(states) > nowMs) return records;
  records.push(...evaluateAll(states, spec, changed, nowMs));
  return records;
}

/** Another configuration: what it mutes, and how long it waits, holds from the time on that was judged last. */
export const reconsider = (states: IncidentStates, spec: ServiceSpec): Incident[] =>
  states.open.length === 0 ? [] : evaluateAll(states, spec, new Set(), states.nowMs);

/** A person silences, or ends a silence. `refused` says in words why nothing was done. */
export function commandSilence(
  states: IncidentStates,
  spec: ServiceSpec,
  command: Command,
): { incidents: Incident[]; refused: string | null } {
  const refused = takeSilence(states, command);
  return { incidents: refused === null ? reconsider(states, spec) : [], refused };
}

function takeSilence(states: IncidentStates, { id, kind, target, by, reason }: Command): string | null {
  const { silences } = states;
  dropOver(states, states.nowMs);
  if (kind === 'silence.expire') {
    if (silences[target] === undefined) return `there is no silence ${target}, or it is over`;
    delete silences[target];
    return null;
  }
  const silence = silenceOf(target);
  if (silence === null) return 'it does not say what is silenced, from when on and until when';
  if (silence.untilMs <= Math.max(states.nowMs, silence.fromMs)) return 'it is over before it begins';
  if (Object.keys(silences).length >= SILENCES_MAX) return `there are ${SILENCES_MAX} silences already`;
  silences[id] = { ...silence, by, reason };
  return null;
}

const isTime = (ms: unknown): ms is number => typeof ms === 'number' && Number.isFinite(ms);

/** Anybody may write a command: what is no silence must not be asked at every alarm from now on. */
export function silenceOf(target: string): SilenceSpec | null {
  try {
    const { match, fromMs, untilMs } = JSON.parse(target) as Partial<SilenceSpec>;
    if (typeof match !== 'object' || match === null || !isTime(fromMs) || !isTime(untilMs)) return null;
    const isMatcher = Object.entries(match).every(
      ([field, texts]) =>
        (MATCH_FIELDS as readonly string[]).includes(field) &&
        Array.isArray(texts) &&
        texts.every((text) => typeof text === 'string'),
    );
    return isMatcher ? { match, fromMs, untilMs } : null;
  } catch {
    return null;
  }
}

function dropOver({ silences }: IncidentStates, nowMs: number): void {
  for (const [id, { untilMs }] of Object.entries(silences)) if (untilMs <= nowMs) delete silences[id];
}
