/** What receivers of a level have open, held against what fires: random stories of alarms through the fold of incidents. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Incident, type IncidentSpec, isAtLeast, LEVELS, type Level } from '../../src/records.ts';
import { createTold } from '../../src/sink/notifier.ts';
import { INCIDENTS } from '../../src/sink/subjects.ts';
import { follow, type Moment, makeService, momentOf } from '../alarm/incident/support.ts';
import { MINUTE_MS } from '../alarm/support.ts';

const LAST = 60;
const INTERVAL = 5;
const minutes = (from: number, to: number) => ({ fromMs: from * MINUTE_MS, toMs: to * MINUTE_MS });

const settings: fc.Arbitrary<Partial<IncidentSpec>> = fc.record({
  sharesInputs: fc.boolean(),
  groupWaitMs: fc.constantFrom(0, 2 * MINUTE_MS),
  groupIntervalMs: fc.constantFrom(0, INTERVAL * MINUTE_MS),
  // What was forgotten may not be mended by telling it again.
  repeatIntervalMs: fc.constant(null),
  storm: fc.constantFrom({ count: 1, periodMs: 30 * MINUTE_MS }, { count: 99, periodMs: 30 * MINUTE_MS }),
  inhibit: fc.constantFrom<IncidentSpec['inhibit']>(
    [],
    [{ source: { rule: ['down'] }, target: { rule: ['drift'] }, equal: [] }],
  ),
  maintenance: fc.constantFrom<IncidentSpec['maintenance']>(
    [],
    [{ name: 'm', match: { rule: ['errors'] }, when: minutes(10, 30) }],
    [{ name: 'm', match: {}, when: minutes(20, 40) }],
  ),
});

const stories: fc.Arbitrary<Moment[]> = fc
  .array(
    fc.record({
      minute: fc.integer({ min: 1, max: LAST }),
      key: fc.constantFrom('down - *', 'drift amount *', 'errors - *', 'drift hour country=de'),
      level: fc.constantFrom('info', 'warning', 'critical', 'ok'),
    }),
    { maxLength: 20 },
  )
  .map((changes) => {
    const last = new Map<string, string>();
    const taken = new Set<string>();
    return changes
      .sort((a, b) => a.minute - b.minute)
      .flatMap(({ minute, key, level }) => {
        if (taken.has(`${minute} ${key}`) || (last.get(key) ?? 'ok') === level) return [];
        taken.add(`${minute} ${key}`);
        last.set(key, level);
        return [momentOf(`${minute} ${key} ${level}`)];
      });
  });

/** What a receiver has open when it has been told of all records, by incident. */
function openAt(records: readonly Incident[], min: Level): Set<string> {
  const told = createTold(INCIDENTS, min);
  const open = new Set<string>();
  for (const incident of records) {
    const change = told.changeOf(incident);
    told.note(incident);
    if (change === 'fires') open.add(incident.incidentId);
    else if (change !== null) open.delete(incident.incidentId);
  }
  return open;
}

test('a receiver has open what fires at its level and is not muted, and nothing that is over', () => {
  const check = (story: readonly Moment[], over: Partial<IncidentSpec>, min: Level): void => {
    // Whatever has to wait for its time has been told by then.
    const { records } = follow(makeService(over), story, { throughMinute: LAST + INTERVAL + 5 });
    const open = openAt(records, min);
    const latest = new Map(records.map((record) => [record.incidentId, record]));
    for (const [incidentId, { state, alarms, muted }] of latest) {
      const heard = alarms.filter((alarm) => alarm.muted === '');
      if (state !== 'open') expect(open.has(incidentId)).toBe(false);
      else if (muted === '')
        expect(open.has(incidentId)).toBe(heard.some(({ level }) => isAtLeast(level, min)));
    }
  };
  // What was told as critical has eased, and what is critical now had been told with it, while all of it was muted.
  const eased = [
    '1 down - * critical',
    '14 drift amount * info',
    '22 down - * warning',
    '23 drift amount * critical',
  ];
  const isMuted = { maintenance: [{ name: 'm', match: {}, when: minutes(20, 40) }] };
  fc.assert(fc.property(stories, settings, fc.constantFrom(...LEVELS), check), {
    seed: 3,
    numRuns: 3_000,
    examples: [[eased.map(momentOf), { groupIntervalMs: 0, repeatIntervalMs: null, ...isMuted }, 'critical']],
  });
});
