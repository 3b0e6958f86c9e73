import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AlertmanagerOptions, alertmanagerSink } from '../../src/sink/alertmanager.ts';
import type { Sink, SinkContext, SinkPart } from '../../src/sink/sink.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { HOUR_MS, makeAlert, T0 } from './records.ts';

const MINUTE_MS = 60_000;
const START_MS = T0 + 2 * HOUR_MS;
const iso = (ms: number): string => new Date(ms).toISOString();

let receiver: Receiver;
let nowMs: number;
let logged: string[];

beforeEach(async () => {
  nowMs = START_MS;
  logged = [];
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const keep = (fields: object, message: string): void => {
  logged.push(`${message} ${JSON.stringify(fields)}`);
};

const sinkOf = (over: Partial<AlertmanagerOptions> = {}, context: Partial<SinkContext> = {}): Promise<Sink> =>
  alertmanagerSink.create(
    {
      name: 'main',
      urls: [`http://${receiver.host}`],
      username: '',
      password: '',
      token: null,
      labels: {},
      link: null,
      resendMs: MINUTE_MS,
      timeoutMs: 5_000,
      ...over,
    },
    { log: { info: keep, warn: keep }, nowMs: () => nowMs, ...context },
  );
const partOf = async (...args: Parameters<typeof sinkOf>): Promise<SinkPart> =>
  (await sinkOf(...args)).part!();

/** The clock goes on, and the sink is asked what it has to say again. */
const later = (part: SinkPart, ms: number): Promise<void> => {
  nowMs += ms;
  return part.repeat!(nowMs);
};

interface Sent {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

/** What was sent since the last call, request by request. */
const sent = (from: Receiver = receiver): Sent[][] =>
  from.posted.splice(0).map(({ body }) => JSON.parse(body) as Sent[]);
/** As `warning until 12:00`, in minutes after the start. */
const brief = (requests: Sent[][]): string[] =>
  requests
    .flat()
    .map(({ labels, endsAt }) => `${labels.severity} until ${(Date.parse(endsAt) - START_MS) / MINUTE_MS}`);

async function failureOf(work: Promise<unknown>): Promise<Error & { code: string; waitMs?: number }> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
}

test('sends an alert as Alertmanager takes it, without what is empty', async () => {
  const part = await partOf({
    labels: { team: 'ml', none: '' },
    link: 'https://grafana.example/d/t?var-service={{service}}&s={{segment}}',
    urls: [`http://${receiver.host}/am/`],
  });
  expect(await part.write([{ alert: makeAlert({ segment: 'country=de' }) }])).toEqual([]);
  expect(receiver.posted[0]!.path).toBe('/am/api/v2/alerts');
  expect(receiver.posted[0]!.headers['content-type']).toBe('application/json');
  expect(sent()).toEqual([
    [
      {
        labels: {
          team: 'ml',
          alertname: 'amount-drift',
          service: 'fraud',
          metric: 'psi',
          subject: 'amount',
          segment: 'country=de',
          severity: 'critical',
        },
        annotations: { summary: 'psi 0.25 >= 0.2', value: '0.25', threshold: '>= 0.2' },
        startsAt: iso(T0 + HOUR_MS),
        endsAt: iso(START_MS + 4 * MINUTE_MS),
        generatorURL: 'https://grafana.example/d/t?var-service=fraud&s=country%3Dde',
      },
    ],
  ]);
  await part.write([{ alert: makeAlert({ fingerprint: 'f2', value: null, threshold: '' }) }]);
  expect(sent()[0]![0]!.annotations).toEqual({ summary: 'psi 0.25 >= 0.2' });
});

test('says again what fires until it resolves, and then for a quarter of an hour that it has', async () => {
  const part = await partOf();
  await part.write([{ alert: makeAlert() }]);
  expect(brief(sent())).toEqual(['critical until 4']);
  await later(part, MINUTE_MS - 1);
  expect(sent()).toEqual([]);
  await later(part, 1);
  await part.repeat!(nowMs);
  expect(brief(sent())).toEqual(['critical until 5']);
  const windowEndMs = START_MS + MINUTE_MS / 2;
  await part.write([{ alert: makeAlert({ id: 'a2', state: 'resolved', windowEndMs }) }]);
  expect(brief(sent())).toEqual(['critical until 0.5']);
  const repeated = [];
  for (let minute = 2; minute <= 20; minute++) {
    nowMs = START_MS + minute * MINUTE_MS;
    await part.repeat!(nowMs);
    repeated.push(...brief(sent()));
  }
  expect(repeated).toEqual(Array.from({ length: 15 }, () => 'critical until 0.5'));
});

test('a new level resolves the old one, and an end ends whatever fires', async () => {
  const part = await partOf();
  const at = (windowEndMs: number) => ({ windowEndMs, sinceMs: T0 });
  await part.write([{ alert: makeAlert({ level: 'warning', ...at(START_MS) }) }]);
  sent();
  await part.write([{ alert: makeAlert({ level: 'critical', ...at(START_MS) }) }]);
  expect(brief(sent()).sort()).toEqual(['critical until 4', 'warning until 0']);
  await later(part, MINUTE_MS);
  expect(brief(sent()).sort()).toEqual(['critical until 5', 'warning until 0']);
  // Back again: the same labels as before fire once more.
  await part.write([{ alert: makeAlert({ level: 'warning', ...at(nowMs) }) }]);
  expect(brief(sent()).sort()).toEqual(['critical until 1', 'warning until 5']);
  await part.write([{ alert: makeAlert({ level: 'critical', state: 'resolved', ...at(nowMs) }) }]);
  expect(brief(sent()).sort()).toEqual(['critical until 1', 'warning until 1']);
});

test('event times that run ahead or lie before all calendars do no harm', async () => {
  const part = await partOf();
  const ahead = START_MS + HOUR_MS;
  await part.write([{ alert: makeAlert({ sinceMs: ahead, windowEndMs: ahead }) }]);
  await part.write([{ alert: makeAlert({ sinceMs: ahead, windowEndMs: ahead, state: 'resolved' }) }]);
  await part.write([{ alert: makeAlert({ sinceMs: -1e15, windowEndMs: -1e14, state: 'resolved' }) }]);
  const [fires, over, old] = sent().flat() as [Sent, Sent, Sent];
  expect([fires.startsAt, over.startsAt, over.endsAt]).toEqual([START_MS, START_MS, START_MS].map(iso));
  expect([old.startsAt, old.endsAt]).toEqual([0, 0].map(iso));
});

test('after a restart it says at once what fires, and what has resolved a moment ago', async () => {
  const part = await partOf();
  const alert = (fingerprint: string, over = {}) => makeAlert({ fingerprint, subject: fingerprint, ...over });
  part.restore({ alert: alert('fires', { level: 'warning' }) }, START_MS - HOUR_MS);
  part.restore({ alert: alert('fires') }, START_MS - HOUR_MS);
  part.restore({ alert: alert('over') }, START_MS - HOUR_MS);
  part.restore({ alert: alert('over', { state: 'resolved' }) }, START_MS - 5 * MINUTE_MS);
  part.restore({ alert: alert('forgotten') }, START_MS - HOUR_MS);
  part.restore({ alert: alert('forgotten', { state: 'resolved' }) }, START_MS - 16 * MINUTE_MS);
  await part.repeat!(nowMs);
  const told = sent()
    .flat()
    .map(({ labels, endsAt }) => [labels.subject, labels.severity, Date.parse(endsAt) > nowMs]);
  expect(told).toEqual([
    ['fires', 'critical', true],
    ['over', 'critical', false],
  ]);
});

test('batches go out as one request with the last word on each alarm', async () => {
  const part = await partOf();
  const batch = Array.from({ length: 100 }, (_, i) => ({
    alert: makeAlert({
      fingerprint: `f${i >> 1}`,
      subject: `s${i >> 1}`,
      state: i % 2 ? 'resolved' : 'firing',
    }),
  }));
  await part.write(batch);
  const requests = sent();
  expect(requests.map((request) => request.length)).toEqual([50]);
  expect(requests[0]!.every(({ endsAt }) => Date.parse(endsAt) <= START_MS)).toBe(true);
});

test.each([
  [{ username: 'ann', password: 's3cret' }, `Basic ${Buffer.from('ann:s3cret').toString('base64')}`],
  [{ token: 't0ken-abc' }, 'Bearer t0ken-abc'],
])('authenticates with %j, which shows nowhere', async (over, authorization) => {
  const part = await partOf(over);
  receiver.answer = ({ headers }) => ({ status: 403, body: `who is ${headers.authorization}?` });
  const error = await failureOf(part.write([{ alert: makeAlert() }]));
  expect(receiver.posted[0]!.headers.authorization).toBe(authorization);
  expect(error.message).toContain('HTTP 403: who is ***');
  expect(error.message + logged.join()).not.toMatch(/s3cret|t0ken|YW5u/);
});

test('waits when nobody is there or when asked to, and loses nothing', async () => {
  const part = await partOf();
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '120' } });
  const asked = await failureOf(part.write([{ alert: makeAlert() }]));
  expect(asked).toMatchObject({ code: 'sink_unavailable', waitMs: 120_000 });

  const fresh = await partOf();
  receiver.answer = () => ({ status: 503 });
  const alert = makeAlert({ level: 'warning' });
  expect((await failureOf(fresh.write([{ alert }]))).code).toBe('sink_unavailable');
  sent();
  receiver.answer = () => ({ status: 200 });
  // The same batch once more, as its caller does.
  expect(await fresh.write([{ alert }])).toEqual([]);
  expect(brief(sent())).toEqual(['warning until 4']);
  receiver.answer = () => ({ status: 503 });
  expect((await failureOf(later(fresh, MINUTE_MS))).code).toBe('sink_unavailable');
  sent();
  receiver.answer = () => ({ status: 200 });
  await fresh.repeat!(nowMs);
  expect(brief(sent())).toEqual(['warning until 5']);
});

test('a level that changed while nobody was there is told whole by the next try', async () => {
  const part = await partOf();
  await part.write([{ alert: makeAlert({ level: 'warning' }) }]);
  receiver.answer = () => ({ status: 500 });
  const alert = makeAlert({ level: 'critical' });
  await failureOf(part.write([{ alert }]));
  sent();
  receiver.answer = () => ({ status: 200 });
  await part.write([{ alert }]);
  expect(brief(sent()).map((text) => text.split(' ')[0])).toEqual(['warning', 'critical']);
});

test('an alert that is refused for good is given back and not sent again; its neighbours are taken', async () => {
  const part = await partOf();
  receiver.answer = ({ body }) => ({ status: body.includes('poison') ? 400 : 200, body: 'bad label' });
  const batch = ['a', 'poison', 'c'].map((subject) => ({
    alert: makeAlert({ fingerprint: subject, subject }),
  }));
  expect(await part.write(batch)).toEqual([
    { delivery: batch[1], reason: `alertmanager main at ${receiver.host}: HTTP 400: bad label` },
  ]);
  sent();
  await later(part, MINUTE_MS);
  expect(
    sent()
      .flat()
      .map(({ labels }) => labels.subject),
  ).toEqual(['a', 'c']);
});

test('of several each is sent everything, and one that is away holds up nothing', async () => {
  const second = await startReceiver();
  try {
    const urls = [`http://${receiver.host}`, `http://${second.host}`];
    const part = await partOf({ urls });
    receiver.answer = () => ({ status: 503 });
    expect(await part.write([{ alert: makeAlert() }])).toEqual([]);
    expect(brief(sent(second))).toEqual(['critical until 4']);
    receiver.answer = () => ({ status: 200 });
    await later(part, MINUTE_MS);
    sent();
    expect(brief(sent(second))).toEqual(['critical until 5']);
    expect(logged.map((line) => line.split(' {')[0])).toEqual([
      'one of several takes no alerts',
      'takes alerts again',
    ]);
    receiver.answer = () => ({ status: 503 });
    second.answer = () => ({ status: 400 });
    expect((await failureOf(part.write([{ alert: makeAlert() }]))).code).toBe('sink_unavailable');
  } finally {
    await second.close();
  }
});

test('alarms of a service that is not configured any more are resolved', async () => {
  const watched = new Set(['fraud', 'other']);
  const part = await partOf({}, { isWatched: (service) => watched.has(service) });
  await part.write([
    { alert: makeAlert() },
    { alert: makeAlert({ service: 'other', fingerprint: 'f2', level: 'warning' }) },
  ]);
  sent();
  watched.delete('other');
  await later(part, MINUTE_MS);
  expect(brief(sent()).sort()).toEqual(['critical until 5', 'warning until 1']);
});

test('alarms beyond the bound are sent once, and that is logged once', async () => {
  const part = await partOf();
  for (let i = 0; i < 10_000; i++)
    part.restore({ alert: makeAlert({ fingerprint: `f${i}`, subject: `s${i}` }) }, START_MS);
  const beyond = ['x', 'y'].map((subject) => ({ alert: makeAlert({ fingerprint: subject, subject }) }));
  await part.write(beyond);
  expect(
    sent()
      .flat()
      .map(({ labels }) => labels.subject),
  ).toEqual(['x', 'y']);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('10000');
  for (let call = 0; call < 11; call++) await part.repeat!(nowMs);
  const subjects = sent()
    .flat()
    .map(({ labels }) => labels.subject);
  expect(new Set(subjects).size).toBe(10_000);
  expect(subjects).toHaveLength(10_000);
  // What ends makes room.
  await part.write([{ alert: makeAlert({ fingerprint: 'f0', subject: 's0', state: 'resolved' }) }]);
  await part.write([{ alert: makeAlert({ fingerprint: 'z', subject: 'z' }) }]);
  sent();
  nowMs += MINUTE_MS;
  for (let call = 0; call < 11; call++) await part.repeat!(nowMs);
  expect(
    sent()
      .flat()
      .some(({ labels }) => labels.subject === 'z'),
  ).toBe(true);
});

test('results and requests for retraining are none of its business', async () => {
  const [wanted] = alertmanagerSink.wanted({
    notify: { alertmanager: [{ name: 'a' } as AlertmanagerOptions] },
  });
  expect(wanted).toMatchObject({ name: 'alertmanager.a', topics: ['alerts'] });
  await expect(sinkOf({ urls: ['ftp://h'] })).rejects.toMatchObject({ code: 'config_invalid' });
});
