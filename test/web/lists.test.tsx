import { beforeEach, expect, test } from 'vitest';
import type { SilenceView } from '../../src/console/source.ts';
import { fault, matchWords, silences } from '../../web/model/silences.ts';
import {
  incidents,
  retrains,
  services,
  takeAlert,
  takeIncident,
  takeRetrain,
} from '../../web/model/store.ts';
import { DecisionsPage } from '../../web/pages/decisions.tsx';
import { IncidentsPage } from '../../web/pages/incidents.tsx';
import { Overview } from '../../web/pages/overview.tsx';
import { HOUR_MS, makeAlert, makeRetrain, T0 } from '../console/records.ts';
import { makeIncident } from '../incidents.ts';
import { html, itemsOf, reset, serviceOf, text, textOf } from './support.tsx';

beforeEach(() => reset());

test('open incidents stand with level, summary, onset, counts and why nobody hears of them', () => {
  const muted = makeIncident({
    ...{ id: 'i2', incidentId: 'incident-2', level: 'warning', onsetMs: T0 + HOUR_MS },
    muted: 'silence by ann: campaign',
  });
  incidents.value = [muted, makeIncident({ firing: 3, mutedAlarms: 1 })];
  services.value = [serviceOf({ openIncidents: 2 })];
  const page = html(<IncidentsPage />);
  expect(textOf(page)).toContain('2 incidents open, 0 alarms firing');
  expect(itemsOf(page)).toEqual([
    'critical|fraud: 1 alarm of amount-drift; amount|since 2026-03-01 00:00|3 alarms firing, 1 muted',
    'warning|fraud: 1 alarm of amount-drift; amount|since 2026-03-01 01:00|1 alarm firing; not told: silence by ann: campaign',
  ]);
  expect([...page.matchAll(/class="item edge (\w+)"/g)].map(([, tone]) => tone)).toEqual(['bad', 'none']);
  expect(page).toContain('href="/incidents/incident-2"');
  expect(text(<Overview />)).toContain('2 open incidents|, no alarm fires');
});

test('a change replaces what was known of an incident, its end takes it away, and data are no markup', () => {
  const items = () => itemsOf(html(<IncidentsPage />));
  expect(text(<IncidentsPage />)).toContain('No incident is open.');
  takeIncident(makeIncident());
  takeIncident(makeIncident({ id: 'i2', firing: 7 }));
  expect(items()).toHaveLength(1);
  expect(items()[0]).toContain('7 alarms firing');
  takeIncident(makeIncident({ id: 'x1', incidentId: 'other', summary: '<b>' }));
  takeIncident(makeIncident({ id: 'i3', state: 'merged' }));
  expect(items()).toEqual([expect.stringContaining('fraud: <b>')]);
  expect(html(<IncidentsPage />)).not.toContain('<b></a>');
});

test('alarms that fire stand before those that changed, worst first, and can be silenced by operators alone', () => {
  services.value = [
    serviceOf({ firing: [makeAlert('a1'), makeAlert('a2', { fingerprint: 'f2', level: 'critical' })] }),
  ];
  takeAlert(makeAlert('a1'));
  takeAlert(makeAlert('a0', { state: 'resolved' }));
  takeAlert(makeAlert('a0', { state: 'resolved' }));
  const page = html(<IncidentsPage />);
  expect(itemsOf(page).map((item) => item.split('|')[0])).toEqual(['critical', 'warning', 'resolved']);
  expect(itemsOf(page)[1]).toContain('psi · amount =|0.3|, limit >= 0.2, n 100');
  expect(page.match(/aria-label="Silence /g)).toHaveLength(2);
  reset('viewer');
  services.value = [serviceOf({ firing: [makeAlert('a1')] })];
  expect(html(<IncidentsPage />)).not.toContain('aria-label="Silence');
});

const silenceOf = (over: Partial<SilenceView> = {}): SilenceView => ({
  ...{
    id: 's1',
    service: 'fraud',
    match: { rule: ['drift'], segment: ['*'] },
    by: 'ann',
    reason: 'campaign',
  },
  ...{ fromMs: T0, untilMs: T0 + 2 * HOUR_MS },
  ...over,
});

test('silences stand with what they mean, until when, by whom, why and what they mute now; operators alone end them', () => {
  const firing = [makeAlert('a1'), makeAlert('a2', { fingerprint: 'f2', rule: 'other' })];
  services.value = [serviceOf({ eventTimeMs: T0 + HOUR_MS, firing })];
  silences.value = [
    silenceOf(),
    silenceOf({ id: 's2', match: {}, reason: '' }),
    silenceOf({ id: 's3', fromMs: T0 + 1.5 * HOUR_MS, match: { level: ['warning', 'info'], model: [''] } }),
  ];
  const page = html(<IncidentsPage />);
  expect(itemsOf(page).slice(2)).toEqual([
    'silenced|fraud: rule drift, any segment|until 2026-03-01 02:00|End|campaign|by ann; mutes 1 alarm now',
    'silenced|fraud: every alarm|until 2026-03-01 02:00|End|by ann; mutes 2 alarms now',
    'pending|fraud: level warning or info, no model|from 2026-03-01 01:30 until 2026-03-01 02:00|End|campaign|by ann; mutes no alarm now',
  ]);
  expect(page).toContain('aria-label="End the silence of rule drift, any segment of fraud"');
  reset('viewer');
  silences.value = [silenceOf()];
  const seen = html(<IncidentsPage />);
  expect(textOf(seen)).toContain('fraud: rule drift, any segment');
  expect(seen).not.toContain('aria-label="End');
});

test('that no silence runs is said when it is known, and what cannot be read is said too', () => {
  expect(text(<IncidentsPage />)).toContain('No silence runs.');
  silences.value = null;
  expect(text(<IncidentsPage />)).toContain('Silences|Reading ...');
  fault.value = 'the silences cannot be read';
  expect(text(<IncidentsPage />)).toContain('Silences|the silences cannot be read');
  silences.value = [];
  expect(text(<IncidentsPage />)).not.toContain('No silence runs.');
  expect(matchWords({ segment: ['country=*', 'plan=pro'] })).toBe('segment country=* or plan=pro');
});

test('a request for retraining that waits can be decided on, with the data that it names; the newest record counts', () => {
  const ranges = [
    { stream: 'requests' as const, topic: 'fraud.requests', partition: 1, fromOffset: 7, toOffset: 99 },
  ];
  takeRetrain(makeRetrain('t1', { data: { fromMs: T0, toMs: T0 + HOUR_MS, ranges } }));
  const waits = html(<DecisionsPage />);
  expect(itemsOf(waits)[0]).toContain(
    'waits for approval|fraud: retraining|manual|2026-03-01 00:00|Approve|Reject|drift|Train on|2026-03-01 00:00|to|2026-03-01 01:00|UTC (1 h), 1 offset range.|',
  );
  expect(textOf(waits)).toContain('requests|fraud.requests|1|7|99');
  takeRetrain(makeRetrain('t2', { state: 'approved', by: 'bob' }));
  expect(retrains.value).toHaveLength(2);
  const decided = html(<DecisionsPage />);
  expect(textOf(decided)).toContain('Nothing waits for a person.');
  expect(itemsOf(decided)[0]).toContain('approved|fraud: retraining|manual by bob');
  reset('viewer');
  takeRetrain(makeRetrain('t1'));
  expect(itemsOf(html(<DecisionsPage />))[0]).not.toContain('Approve');
  expect(text(<DecisionsPage />)).toContain('ann may look, and not decide');
});

test('a service at a glance tells what does not flow and what was put aside', () => {
  const streams = [
    { stream: 'labels' as const, topic: 'fraud.labels', state: 'missing' as const, detail: '' },
    { stream: 'requests' as const, topic: 'fraud.requests', state: 'flowing' as const, detail: '' },
  ];
  services.value = [
    serviceOf({ light: 'red', counts: { requests: 12_340, dead: 3, late: 0 }, streams }),
    serviceOf({ name: 'calm/ü' }),
  ];
  const page = html(<Overview />);
  expect(textOf(page)).toContain('labels missing: fraud.labels|12.3 k|requests|3|dead letters');
  expect(textOf(page)).not.toContain('flowing');
  expect(page).toContain('href="/services/calm%2F%C3%BC"');
});
