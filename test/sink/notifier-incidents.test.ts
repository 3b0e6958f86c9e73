/** Slack and PagerDuty as they are told of incidents: what they say, and which records concern them. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Incident, type IncidentAlarm, LEVELS, type Level, NOTIFY_REASONS } from '../../src/records.ts';
import { createTold, type Told } from '../../src/sink/notifier.ts';
import { type PagerDutyOptions, pagerdutySink } from '../../src/sink/pagerduty.ts';
import type { SinkPart } from '../../src/sink/sink.ts';
import { type SlackOptions, slackSink } from '../../src/sink/slack.ts';
import { type Change, INCIDENTS } from '../../src/sink/subjects.ts';
import { makeIncident } from '../incidents.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { HOUR_MS, T0 } from './records.ts';

const log = { info: () => {}, warn: () => {} };
const SINCE = new Date(T0).toISOString();
let receiver: Receiver;
let watched: boolean;

beforeEach(async () => {
  watched = true;
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const common = {
  on: 'incidents',
  level: 'warning',
  template: null,
  link: null,
  timeoutMs: 5_000,
} as const;
const context = { log, isWatched: () => watched };
const slackOf = async (over: Partial<SlackOptions> = {}): Promise<SinkPart> => {
  const url = `http://${receiver.host}/services/T000/B000/hush`;
  return (await slackSink.create({ ...common, name: 'oncall', url, ...over }, context)).part!();
};
const pagerOf = async (over: Partial<PagerDutyOptions> = {}): Promise<SinkPart> => {
  const url = `http://${receiver.host}/v2/enqueue`;
  const options = { ...common, name: 'page', url, routingKey: 'R0UT1NG' };
  return (await pagerdutySink.create({ ...options, ...over }, context)).part!();
};
const bodies = <T>(): T[] => receiver.posted.splice(0).map(({ body }) => JSON.parse(body) as T);

interface Message {
  text: string;
  blocks: { type: string; text?: { text: string }; fields?: { text: string }[] }[];
}
interface Event {
  event_action: string;
  dedup_key: string;
  payload: { summary: string; severity: string; custom_details: Record<string, unknown> };
}

const alarm = (over: Partial<IncidentAlarm>): IncidentAlarm => ({ ...makeIncident().alarms[0]!, ...over });

let ids = 0;
const told = (over: Partial<Incident>): Incident => makeIncident({ id: `i${ids++}`, ...over });
const write = async (part: SinkPart, ...incidents: Partial<Incident>[]): Promise<void> => {
  for (const over of incidents) await part.write([{ incident: told(over) }]);
};
const actions = (): string[] =>
  bodies<Event>().map(({ event_action, payload }) => `${event_action} ${payload.severity}`);

describe('slack', () => {
  test('posts headline, counts, names and the first alarms that are not muted', async () => {
    const part = await slackOf({ link: 'https://g.example/?s={{service}}&r={{rules}}' });
    const alarms = [
      alarm({ rule: 'hush', muted: 'silence by ann' }),
      alarm({ segment: 'country=de', reason: 'psi 0.25 > 0.2 & <rising>' }),
      ...['b', 'c', 'd', 'e', 'f', 'g'].map((rule) => alarm({ rule, level: 'warning', reason: 'r' })),
    ];
    const names = {
      rules: ['amount-drift', 'hush'],
      inputs: ['amount', 'age'],
      segments: ['*', 'country=de'],
    };
    await write(part, { alarms, firing: 60, mutedAlarms: 2, summary: '60 alarms of <drift>', ...names });
    const [message] = bodies<Message>();
    const text = '*critical open* fraud: 60 alarms of &lt;drift&gt; - new';
    expect(message!.text).toBe(text);
    expect(message!.blocks[0]).toEqual({ type: 'section', text: { type: 'mrkdwn', text } });
    expect(message!.blocks[1]!.fields!.map((field) => field.text)).toEqual([
      '*Service*\nfraud',
      '*Level*\ncritical',
      '*Reason*\nnew',
      `*Since*\n${SINCE}`,
      '*Firing*\n60',
      '*Muted*\n2 of 60 alarms',
      '*Rules*\namount-drift, hush',
      '*Inputs*\namount, age',
      '*Segments*\n*, country=de',
    ]);
    expect(message!.blocks[2]!.text!.text.split('\n')).toEqual([
      '• *critical* amount-drift: psi amount country=de - psi 0.25 &gt; 0.2 &amp; &lt;rising&gt;',
      '• *warning* b: psi amount - r',
      '• *warning* c: psi amount - r',
      '• *warning* d: psi amount - r',
      '• *warning* e: psi amount - r',
      'and 53 more',
    ]);
    expect(message!.blocks[3]!.text!.text).toBe(
      '<https://g.example/?s=fraud&amp;r=amount-drift%2C%20hush|Details>',
    );
  });

  test('says why it is told, and how it ended', async () => {
    const part = await slackOf({ level: 'critical', template: '{{state}}: {{reason}}' });
    const none = { firing: 0, alarms: [] };
    await write(part, {}, { notify: 'new_alerts_in_group' }, { notify: 'raised' });
    await write(part, { notify: 'repeat_interval_elapsed' }, { notify: '', level: 'warning' }, {});
    await write(part, { state: 'resolved', notify: 'all_alerts_resolved', ...none });
    await write(part, {}, { notify: 'all_alerts_resolved', muted: 'silence by ann' });
    await write(part, {}, { state: 'merged', notify: '' });
    expect(bodies<Message>().map(({ text }) => text)).toEqual([
      'open: new',
      'open: new alarms',
      'open: the level is higher',
      'open: still open',
      'eased: below the level that is told here',
      'open: new',
      'resolved: no alarm fires any more',
      'open: new',
      'resolved: what still fires is muted',
      'open: new',
      'merged: its alarms went over into a storm of incidents',
    ]);
  });

  test('no more than Slack takes, and no list of alarms where none fires', async () => {
    const part = await slackOf();
    const many = Array.from({ length: 50 }, (_, i) => `${'&'.repeat(100)}${i}`);
    const alarms = many.map((rule) => alarm({ rule, reason: '<'.repeat(5_000) }));
    await write(part, {
      rules: many,
      inputs: many,
      segments: many,
      summary: many.join(),
      alarms,
      firing: 90,
    });
    const [{ text, blocks }] = bodies<Message>() as [Message];
    expect(text.length).toBeLessThanOrEqual(3_000);
    for (const field of blocks[1]!.fields!) expect(field.text.length).toBeLessThanOrEqual(2_000);
    expect(blocks[1]!.fields!.length).toBeLessThanOrEqual(10);
    expect(blocks[2]!.text!.text.length).toBeLessThanOrEqual(3_000);
    await write(part, { state: 'resolved', notify: 'all_alerts_resolved', alarms: [], firing: 0 });
    expect(bodies<Message>()[0]!.blocks).toHaveLength(2);
  });
});

describe('pagerduty', () => {
  test('an incident is one there, from its begin to its end', async () => {
    const part = await pagerOf({ link: 'https://g.example/{{service}}' });
    const alarms = [alarm({}), alarm({ level: 'warning', segment: 'country=de' })];
    await write(part, { alarms, firing: 9, mutedAlarms: 1, fired: 12, isStorm: true });
    await write(part, { notify: 'new_alerts_in_group' });
    await write(part, { state: 'resolved', notify: 'all_alerts_resolved', firing: 0, alarms: [] });
    const [trigger, again, resolve] = bodies<Event>();
    expect(trigger).toEqual({
      routing_key: 'R0UT1NG',
      event_action: 'trigger',
      dedup_key: 'incident-1',
      client: 'Telltale',
      client_url: 'https://g.example/fraud',
      links: [{ href: 'https://g.example/fraud', text: 'Details' }],
      payload: {
        summary: 'fraud critical: 1 alarm of amount-drift; amount - new',
        source: 'fraud',
        severity: 'critical',
        timestamp: new Date(T0 + HOUR_MS).toISOString(),
        component: 'amount',
        group: '*',
        class: 'amount-drift',
        custom_details: {
          level: 'critical',
          state: 'open',
          summary: '1 alarm of amount-drift; amount',
          reason: 'new',
          rules: 'amount-drift',
          inputs: 'amount',
          segments: '*',
          firing: 9,
          muted: '1 of 9 alarms',
          muted_alarms: 1,
          fired: 12,
          since: SINCE,
          storm: true,
          alarms: [
            'critical amount-drift: psi amount - psi 0.25 >= 0.2',
            'warning amount-drift: psi amount country=de - psi 0.25 >= 0.2',
          ],
          more_alarms: 6,
        },
      },
    });
    expect(again).toMatchObject({ event_action: 'trigger', dedup_key: 'incident-1' });
    expect(resolve).toMatchObject({ event_action: 'resolve', dedup_key: 'incident-1' });
    expect(resolve!.payload.custom_details).not.toHaveProperty('alarms');
  });

  test('one that went over into a storm is over, and says so', async () => {
    const part = await pagerOf();
    await write(part, { state: 'merged', notify: '' });
    expect(actions()).toEqual([]);
    await write(part, {}, { state: 'merged', notify: '' });
    const [, resolve] = bodies<Event>();
    expect(resolve).toMatchObject({ event_action: 'resolve', dedup_key: 'incident-1' });
    expect(resolve!.payload.summary).toContain('went over into a storm of incidents');
  });

  test('what nobody will ever end, since its service is gone, is over once', async () => {
    const part = await pagerOf();
    await write(part, {}, { incidentId: 'other', service: 'housing' });
    receiver.posted.length = 0;
    await part.repeat!(0);
    expect(receiver.posted).toEqual([]);
    watched = false;
    receiver.answer = () => ({ status: 500 });
    await expect(part.repeat!(0)).rejects.toMatchObject({ code: 'sink_unavailable' });
    receiver.posted.length = 0;
    receiver.answer = () => ({ status: 202 });
    await part.repeat!(0);
    await part.repeat!(0);
    const events = bodies<Event>();
    expect(events.map(({ event_action, dedup_key }) => `${event_action} ${dedup_key}`)).toEqual([
      'resolve incident-1',
      'resolve other',
    ]);
    expect(events[0]!.payload.summary).toContain('its service is not configured any more');
    // Whoever only reads messages would be told so by every restart.
    expect((await slackOf()).repeat).toBeUndefined();
  });
});

describe('which records', () => {
  test('those that are told, of the level and above; what falls below it is over, told or not', async () => {
    const part = await pagerOf({ level: 'critical' });
    await write(part, { level: 'warning' }, { level: 'warning', notify: 'new_alerts_in_group' });
    expect(actions()).toEqual([]);
    await write(part, { notify: '' });
    expect(actions()).toEqual([]);
    await write(part, { notify: 'raised' }, { notify: '' }, { notify: '', level: 'warning' });
    expect(actions()).toEqual(['trigger critical', 'resolve warning']);
    await write(
      part,
      { notify: '', level: 'warning' },
      { level: 'warning', notify: 'repeat_interval_elapsed' },
    );
    expect(actions()).toEqual([]);
    await write(part, { notify: 'raised' }, { level: 'warning', notify: 'new_alerts_in_group' });
    expect(actions()).toEqual(['trigger critical', 'resolve warning']);
    await write(part, { level: 'warning', state: 'resolved', notify: 'all_alerts_resolved' });
    expect(actions()).toEqual([]);
  });

  test('an end that nobody is told of counts for who has it open alone', async () => {
    const part = await pagerOf();
    await write(part, { notify: '', muted: 'silence' }, { state: 'resolved', notify: '' });
    expect(actions()).toEqual([]);
    await write(part, {}, { state: 'resolved', notify: '' }, { state: 'resolved', notify: '' });
    expect(actions()).toEqual(['trigger critical', 'resolve critical']);
    // The muted rest of it may end later, and may fire on.
    await write(part, {}, { notify: 'all_alerts_resolved' }, { notify: 'all_alerts_resolved' }, {});
    expect(actions()).toEqual(['trigger critical', 'resolve critical', 'trigger critical']);
  });

  test('while all that fires is muted nothing eases', async () => {
    const part = await pagerOf({ level: 'critical' });
    await write(
      part,
      {},
      { notify: '', level: 'warning', muted: 'silence' },
      { notify: '', muted: 'silence' },
    );
    expect(actions()).toEqual(['trigger critical']);
    await write(part, { notify: '', level: 'warning' });
    expect(actions()).toEqual(['resolve warning']);
  });

  test('each once, also when the log has it twice and when it did not arrive at first', async () => {
    const part = await pagerOf();
    const incident = told({});
    receiver.answer = () => ({ status: 503 });
    await expect(part.write([{ incident }])).rejects.toMatchObject({ code: 'sink_unavailable' });
    receiver.answer = () => ({ status: 202 });
    for (let i = 0; i < 3; i++) await part.write([{ incident }]);
    expect(receiver.posted.map(({ status }) => status)).toEqual([503, 202]);
    await part.write([{ alert: undefined as never }, { result: undefined as never }]);
    expect(receiver.posted).toHaveLength(2);
  });
});

describe('for any records', () => {
  const records = fc
    .array(
      fc.record({
        incidentId: fc.constantFrom('a', 'b'),
        state: fc.constantFrom('open' as const, 'open' as const, 'resolved' as const, 'merged' as const),
        level: fc.constantFrom(...LEVELS),
        notify: fc.constantFrom('' as const, '' as const, ...NOTIFY_REASONS),
      }),
      { maxLength: 20 },
    )
    .map((all) => all.map((over, i) => makeIncident({ id: `r${i}`, ...over })));
  const levels = fc.constantFrom(...LEVELS);
  const rank = (level: Level): number => LEVELS.indexOf(level);

  type Heard = { incident: Incident; change: Change }[];
  function hear(known: Told<Incident>, all: readonly Incident[]): Heard {
    return all.flatMap((incident) => {
      const change = known.changeOf(incident);
      known.note(incident);
      return change === null ? [] : [{ incident, change }];
    });
  }

  test('nothing stays open at a receiver after its end or below its level', () => {
    const check = (all: readonly Incident[], min: Level): void => {
      const known = createTold(INCIDENTS, min);
      const open = new Set<string>();
      for (const incident of all) {
        for (const { change } of hear(known, [incident])) {
          if (change === 'fires') open.add(incident.incidentId);
          else open.delete(incident.incidentId);
        }
        if (incident.state !== 'open' || rank(incident.level) < rank(min))
          expect(open.has(incident.incidentId)).toBe(false);
        expect(new Set(known.open().map(({ incidentId }) => incidentId))).toEqual(open);
      }
    };
    fc.assert(fc.property(records, levels, check), { seed: 1, numRuns: 2_000 });
  });

  test('a restart at any place, and a stretch that a crash writes once more, change nothing', () => {
    const check = (all: readonly Incident[], min: Level, [from, to, at]: [number, number, number]): void => {
      const whole = hear(createTold(INCIDENTS, min), all);
      const twice = [...all.slice(0, to), ...all.slice(from, to), ...all.slice(to)];
      expect(hear(createTold(INCIDENTS, min), twice)).toEqual(whole);
      const known = createTold(INCIDENTS, min);
      hear(known, all.slice(0, to));
      const open = known.open();
      for (const incident of all.slice(from, to)) {
        known.note(incident);
        expect(known.open()).toEqual(open);
      }
      const [before, after] = [createTold(INCIDENTS, min), createTold(INCIDENTS, min)];
      const first = hear(before, twice.slice(0, at));
      for (const incident of twice.slice(0, at)) after.note(incident);
      const rest = hear(after, twice.slice(at));
      expect([...first, ...rest]).toEqual(whole);
      hear(before, twice.slice(at));
      expect(after.open()).toEqual(before.open());
    };
    const places = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(40));
    fc.assert(fc.property(records, levels, places, check), { seed: 2, numRuns: 2_000 });
  });
});
