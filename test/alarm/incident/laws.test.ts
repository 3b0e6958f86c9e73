/**
 * What holds for all stories: how time is cut does not matter, a restart does not, and what receivers hear is checked against a slow account of what they
 * ought to know, made minute by minute from the records alone.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandSilence } from '../../../src/alarm/incident/step.ts';
import type { Incident, IncidentSpec } from '../../../src/records.ts';
import { MINUTE_MS } from '../support.ts';
import { follow, INPUTS, type Moment, makeService, momentOf, type States } from './support.ts';

const THROUGH = 90;
const RULES = ['down', 'drift', 'errors'];

/** Alarms that change at random; each story ends with all of them over, unless it is cut. */
const moments: fc.Arbitrary<Moment[]> = fc
  .array(
    fc.record({
      minute: fc.integer({ min: 1, max: 70 }),
      rule: fc.constantFrom(...RULES),
      subject: fc.constantFrom('-', ...INPUTS),
      segment: fc.constantFrom('*', 'country=de'),
      level: fc.constantFrom('info', 'warning', 'critical', 'ok'),
      back: fc.integer({ min: 0, max: 60 }),
    }),
    { maxLength: 25 },
  )
  .map((changes) => {
    const last = new Map<string, string>();
    const taken = new Set<string>();
    const story: Moment[] = [];
    for (const { minute, rule, subject, segment, level, back } of changes.sort(
      (a, b) => a.minute - b.minute,
    )) {
      const key = `${rule} ${subject} ${segment}`;
      // An alarm tells its changes, one at a time.
      if (taken.has(`${minute} ${key}`) || (last.get(key) ?? 'ok') === level) continue;
      taken.add(`${minute} ${key}`);
      last.set(key, level);
      story.push(momentOf(`${minute} ${key} ${level} since ${minute - back}`));
    }
    for (const [key, level] of last) if (level !== 'ok') story.push(momentOf(`80 ${key} ok`));
    return story;
  });

const silences = fc.array(
  fc.record({
    minute: fc.integer({ min: 0, max: 60 }),
    rule: fc.constantFrom('d*', ...RULES),
    from: fc.integer({ min: 0, max: 20 }),
    minutes: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 3 },
);
type Silences = typeof silences extends fc.Arbitrary<infer S> ? S : never;

const settings: fc.Arbitrary<Partial<IncidentSpec>> = fc.record({
  withinMs: fc.constantFrom(0, 10, 60).map((minutes) => minutes * MINUTE_MS),
  sharesInputs: fc.boolean(),
  groupWaitMs: fc.constantFrom(0, 2).map((minutes) => minutes * MINUTE_MS),
  groupIntervalMs: fc.constantFrom(0, 1, 5).map((minutes) => minutes * MINUTE_MS),
  repeatIntervalMs: fc.constantFrom(7 * MINUTE_MS, null),
  storm: fc.constantFrom({ count: 1, periodMs: 30 * MINUTE_MS }, { count: 9, periodMs: 30 * MINUTE_MS }),
  inhibit: fc.constantFrom<IncidentSpec['inhibit']>(
    [],
    [{ source: { rule: ['down'] }, target: { rule: ['drift'] }, equal: ['segment'] }],
    [{ source: { level: ['critical'] }, target: {}, equal: [] }],
  ),
  maintenance: fc.constantFrom<IncidentSpec['maintenance']>(
    [],
    [{ name: 'm', match: { rule: ['errors'] }, when: { fromMs: 20 * MINUTE_MS, toMs: 35 * MINUTE_MS } }],
  ),
});

const silencing =
  (wanted: Silences, spec: ReturnType<typeof makeService>) =>
  (now: number, states: States): Incident[] =>
    wanted.flatMap(({ minute, rule, from, minutes }, i) => {
      if (minute !== now) return [];
      const fromMs = (minute + from) * MINUTE_MS;
      const target = JSON.stringify({
        match: { rule: [rule] },
        fromMs,
        untilMs: fromMs + minutes * MINUTE_MS,
      });
      const command = {
        id: `s${i}`,
        service: 'fraud',
        kind: 'silence.add',
        target,
        by: 'ann',
        reason: '',
      } as const;
      return commandSilence(states.incidents, spec, command).incidents;
    });

const bytes = (records: readonly Incident[]): string[] => records.map((record) => JSON.stringify(record));

describe('any story', () => {
  it('is told alike however time is cut, and with a restart at every step', () => {
    fc.assert(
      fc.property(moments, settings, (story, over) => {
        const spec = makeService(over);
        const plain = bytes(follow(spec, story, { throughMinute: THROUGH }).records);
        const passing = { throughMinute: THROUGH, isPassing: true };
        expect(bytes(follow(spec, story, passing).records)).toEqual(plain);
        expect(bytes(follow(spec, story, { ...passing, isRestarting: true }).records)).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('is told alike in whichever order the alerts of a minute come', () => {
    fc.assert(
      fc.property(moments, (story) => {
        const spec = makeService({ withinMs: 24 * 60 * MINUTE_MS });
        const said = (records: readonly Incident[]) =>
          records.map(({ atMs, notify, level, firing, state, alarms }) => ({
            atMs,
            notify,
            level,
            firing,
            state,
            alarms,
          }));
        const through = { throughMinute: THROUGH };
        expect(said(follow(spec, [...story].reverse(), through).records)).toEqual(
          said(follow(spec, story, through).records),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('leaves receivers with what they ought to know', () => {
    fc.assert(
      fc.property(moments, settings, silences, (story, over, quiet) => {
        const spec = makeService(over);
        const at = silencing(quiet, spec);
        const { records, states } = follow(spec, story, { throughMinute: THROUGH, at });
        audit(story, spec.incidents!, records);
        expect(states.incidents.open).toEqual([]);
        const again = follow(spec, story, { throughMinute: THROUGH, at, isRestarting: true });
        expect(bytes(again.records)).toEqual(bytes(records));
      }),
      { numRuns: 600 },
    );
  });
});

/** What fires by the story alone, after the alerts of a time. */
function firingAt(story: readonly Moment[], atMs: number): Map<string, string> {
  const firing = new Map<string, string>();
  for (const { minute, alert } of story) {
    if (minute * MINUTE_MS > atMs) break;
    if (alert.state === 'firing') firing.set(alert.fingerprint, alert.level);
    else firing.delete(alert.fingerprint);
  }
  return firing;
}

function audit(story: readonly Moment[], wanted: IncidentSpec, records: readonly Incident[]): void {
  const { storm, groupIntervalMs, groupWaitMs, repeatIntervalMs } = wanted;
  const latest = new Map<string, Incident>();
  /** What receivers know of: when they were told last. */
  const known = new Map<string, number>();
  const firsts: number[] = [];
  let timeMs = 0;
  const times = [...new Set(records.map(({ atMs }) => atMs))];
  for (const record of records) {
    const { incidentId, notify, atMs, state, firing, mutedAlarms, isStorm, alarms } = record;
    expect(atMs, 'time does not go back').toBeGreaterThanOrEqual(timeMs);
    timeMs = atMs;
    latest.set(incidentId, record);
    expect(alarms.length, 'what is shown is what fires').toBe(firing);
    expect(alarms.filter(({ muted }) => muted !== '').length).toBe(mutedAlarms);
    const toldMs = known.get(incidentId);
    if (state !== 'open')
      expect(toldMs === undefined || notify === 'all_alerts_resolved', 'an end is told').toBe(true);
    if (notify === '') continue;
    if (notify === 'all_alerts_resolved') {
      expect(toldMs, 'the end of what they knew').toBeDefined();
      known.delete(incidentId);
      continue;
    }
    expect(firing, 'somebody hears of something').toBeGreaterThan(mutedAlarms);
    if (notify === 'first_notification') {
      expect(toldMs, 'told first when nothing was known').toBeUndefined();
      if (!isStorm) firsts.push(atMs);
    } else {
      expect(toldMs, 'told again').toBeDefined();
      const quietMs =
        notify === 'repeat_interval_elapsed' ? repeatIntervalMs! : notify === 'raised' ? 0 : groupIntervalMs;
      expect(atMs - toldMs!, notify).toBeGreaterThanOrEqual(quietMs);
    }
    known.set(incidentId, atMs);
  }
  for (const atMs of firsts)
    expect(firsts.filter((ms) => ms <= atMs && ms > atMs - storm.periodMs).length).toBeLessThanOrEqual(
      storm.count,
    );
  expect([...known.keys()], 'nobody is left with what is over').toEqual([]);
  for (const atMs of times) {
    // The last records of all that is open show together what fires by the story.
    const shown = new Map<string, string>();
    const last = new Map(
      records.filter((record) => record.atMs <= atMs).map((record) => [record.incidentId, record]),
    );
    for (const { alarms, state } of last.values())
      if (state === 'open') for (const { fingerprint, level } of alarms) shown.set(fingerprint, level);
    expect(shown).toEqual(firingAt(story, atMs));
  }
  heardInTime(records, Math.max(groupWaitMs, groupIntervalMs));
}

/** Nothing new that is heard fires for longer than `waitMs` before its incident is told. */
function heardInTime(records: readonly Incident[], waitMs: number): void {
  const told = new Map<string, Set<string>>();
  const heardSince = new Map<string, number>();
  for (const { incidentId, notify, atMs, alarms, state } of records) {
    const heard = alarms.filter(({ muted }) => muted === '').map(({ fingerprint }) => fingerprint);
    const keyOf = (fingerprint: string): string => `${incidentId} ${fingerprint}`;
    for (const [key, sinceMs] of heardSince) {
      if (!key.startsWith(incidentId)) continue;
      expect(atMs - sinceMs, key).toBeLessThanOrEqual(waitMs);
      if (notify !== '' || state !== 'open' || !heard.some((one) => keyOf(one) === key))
        heardSince.delete(key);
    }
    // What is told and muted later is known all the same.
    if (notify !== '')
      told.set(
        incidentId,
        new Set(notify === 'all_alerts_resolved' ? [] : [...(told.get(incidentId) ?? []), ...heard]),
      );
    else if (state === 'open')
      for (const one of heard)
        if (!told.get(incidentId)?.has(one) && !heardSince.has(keyOf(one))) heardSince.set(keyOf(one), atMs);
  }
  expect([...heardSince.keys()], 'all was told or ended').toEqual([]);
}
