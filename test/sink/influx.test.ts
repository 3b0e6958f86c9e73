import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { influxSink } from '../../src/sink/influx.ts';
import { INFLUX_SCHEMA, pointsOf, tagOf } from '../../src/sink/influx-points.ts';
import type { Delivery } from '../../src/sink/sink.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, T0 } from './records.ts';

const log = { info: () => {}, warn: () => {} };

interface Seen {
  url: string;
  authorization: string | undefined;
  lines: string[];
}
let server: Server | undefined;

afterEach(async () => {
  const running = server;
  server = undefined;
  running?.closeAllConnections();
  await new Promise((resolve) => (running ? running.close(resolve) : resolve(undefined)));
});

/** A receiver whose answer to a write is told by `answer`; it answers a query with an empty result. */
async function receiver(answer: (lines: string[]) => number): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = request.url ?? '';
      const body = Buffer.concat(chunks).toString('utf8');
      const lines = body === '' ? [] : body.split('\n');
      seen.push({ url, authorization: request.headers.authorization, lines });
      const query = url.includes('/query');
      response.statusCode = query ? 200 : answer(lines);
      response.end(
        query ? '{"results":[{"statement_id":0}]}' : response.statusCode === 204 ? '' : '{"error":"no"}',
      );
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen };
}

const subjects = (count: number): Delivery[] =>
  Array.from({ length: count }, (_, i) => ({ result: makeResult({ id: `r${i}`, subject: `s${i}` }) }));

test('a bad point is found, dropped and reported; all others arrive', async () => {
  const { url, seen } = await receiver((lines) => (lines.some((l) => l.includes('s37,')) ? 400 : 204));
  const sink = await influxSink.create({ url, database: 'd' }, { log });
  const refusals = await sink.write(subjects(100));
  expect(refusals.map(({ delivery }) => delivery.result?.subject)).toEqual(['s37']);
  const arrived = seen.flatMap((s) => (s.lines.some((l) => l.includes('s37,')) ? [] : s.lines));
  expect(new Set(arrived.map((line) => /subject=(\w+)/.exec(line)?.[1])).size).toBe(99);
  expect(seen.filter((s) => s.url.startsWith('/write')).length).toBeLessThan(20);
});

test('a receiver that is away, that fails or that refuses the user rejects, and is asked again', async () => {
  let status = 500;
  const { url, seen } = await receiver(() => status);
  const sink = await influxSink.create({ url, database: 'd' }, { log });
  for (status of [500, 503, 401, 403, 404]) {
    await expect(sink.write(subjects(1))).rejects.toMatchObject({ code: 'sink_unavailable' });
  }
  status = 204;
  await sink.write(subjects(1));
  expect(seen.at(-1)?.lines).toHaveLength(1);
  expect(seen.filter((s) => s.url.startsWith('/query')).length).toBe(6);

  const nobody = await influxSink.create({ url: 'http://127.0.0.1:9', database: 'd' }, { log });
  await expect(nobody.write(subjects(1))).rejects.toMatchObject({ code: 'sink_unavailable' });
});

test('path, user, token and no user at all go out as given', async () => {
  const { url, seen } = await receiver(() => 204);
  const send = async (options: object, at = url) => {
    const sink = await influxSink.create({ url: at, database: 'a b', ...options }, { log });
    await sink.write(subjects(1));
    return seen.at(-1);
  };
  expect(await send({}, `${url}/proxy/influx/`)).toMatchObject({
    url: expect.stringMatching(/^\/proxy\/influx\/write\?db=a%20b&precision=ms/),
    authorization: undefined,
  });
  const basic = `Basic ${Buffer.from('ann:s3:cret').toString('base64')}`;
  expect((await send({ username: 'ann', password: 's3:cret' }))?.authorization).toBe(basic);
  expect((await send({}, url.replace('//', '//ann:s3%3Acret@')))?.authorization).toBe(basic);
  expect((await send({ username: 'ann', token: 'abc' }))?.authorization).toBe('Token abc');
  expect((await send({ retentionPolicy: 'year' }))?.url).toContain('rp=year');
});

test('large batches are cut', async () => {
  const { url, seen } = await receiver(() => 204);
  const sink = await influxSink.create({ url, database: 'd', pointsMax: 30 }, { log });
  await sink.write(subjects(100));
  expect(seen.slice(1).map((s) => s.lines.length)).toEqual([30, 30, 30, 10]);
});

test('a URL that is none is a configuration error', async () => {
  for (const url of ['influxdb:8086', 'nowhere']) {
    await expect(influxSink.create({ url, database: 'd' }, { log })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  }
});

test('of two revisions in one batch the later is written; numbers without a form are left out', () => {
  const points = pointsOf([
    { result: makeResult({ revision: 0, value: 1 }) },
    {
      result: makeResult({
        id: 'r2',
        revision: 1,
        value: Number.NaN,
        low: -1,
        high: 2,
        p: 0.5,
        expected: 0.6,
      }),
    },
    {},
  ]);
  expect(points).toHaveLength(1);
  expect(points[0]?.point).toMatchObject({
    fields: { revision: 1, value: null, reason: '', low: -1, high: 2, p: 0.5, expected: 0.6 },
    timestamp: String(T0 + 3_600_000),
  });
});

test('a step of a roll-out is a point; where nothing was compared it has no figures', () => {
  const rollout = makeRollout({ by: '' });
  const empty = makeRollout({
    id: 'o2',
    event: 'verdict',
    difference: null,
    low: null,
    high: null,
    needed: null,
  });
  const [point, other] = pointsOf([{ rollout }, { rollout: empty }, { rollout }]).map(({ point }) => point);
  expect(point).toEqual({
    measurement: 'telltale_rollout',
    tags: {
      ...{ service: 'fraud', candidate: 'forest', event: 'advanced', status: 'running' },
      ...{ stage: '1', verdict: 'keep' },
    },
    fields: {
      ...{ primary: 'mlp', stage_kind: 'canary', stages: 3, share: 0.1, by: '', doubt: '' },
      reason: 'stage 1 of 3 is done: verdict keep',
      ...{
        n: 1_200,
        better: 10,
        worse: 7,
        due: 1_500.5,
        exposed: 310,
        difference: -0.0025,
        low: -0.015,
        high: 0.008,
      },
      ...{ log_e_worse: -1, log_e_better: 2, log_boundary: Math.log(40), needed: 700 },
      ...{ seq: 1, rollout_id: 'rollout-1', id: 'o1' },
    },
    timestamp: String(T0 + HOUR_MS),
  });
  expect(other!.fields).toMatchObject({ difference: null, low: null, high: null, needed: null });
});

test('an incident is a point with its counts and texts; of each there is one, also at the same time', () => {
  const incident = makeIncident({
    rules: ['drift', 'errors'],
    segments: ['*', 'country=de'],
    mutedAlarms: 2,
  });
  const other = makeIncident({ id: 'i2', incidentId: 'incident-2', notify: '', muted: 'silence by ann' });
  const points = pointsOf([{ incident }, { incident: other }, { incident }]);
  expect(points.map(({ point }) => point)).toEqual([
    {
      measurement: 'telltale_incident',
      tags: {
        service: 'fraud',
        incident: 'incident-1',
        state: 'open',
        level: 'critical',
        notify: 'first_notification',
      },
      fields: {
        summary: '1 alarm of amount-drift; amount',
        muted: '',
        rules: 'drift, errors',
        inputs: 'amount',
        segments: '*, country=de',
        storm: false,
        onset: T0,
        opened: T0 + HOUR_MS,
        firing: 1,
        muted_alarms: 2,
        fired: 1,
        id: 'i1',
      },
      timestamp: String(T0 + HOUR_MS),
    },
    expect.objectContaining({
      tags: expect.objectContaining({ incident: 'incident-2', notify: '-' }),
      fields: expect.objectContaining({ muted: 'silence by ann' }),
    }),
  ]);
});

test('every tag and field of a point stands in the layout, which the client insists on', () => {
  const evidence = {
    kind: 'data' as const,
    onsetMs: T0,
    log10Evidence: 6.5,
    log10Boundary: 5.6,
    coverage: 0.4,
    streams: [],
    subjects: [],
    segments: [],
  };
  const points = pointsOf([
    { result: makeResult() },
    { result: makeResult({ final: false }) },
    { alert: makeAlert({ evidence }) },
    { incident: makeIncident() },
    { retrain: makeRetrain() },
    { rollout: makeRollout() },
  ]).map(({ point }) => point);
  expect(points.map(({ measurement }) => measurement)).toEqual([
    'telltale_result',
    'telltale_preliminary',
    ...['telltale_alert', 'telltale_incident', 'telltale_retrain', 'telltale_rollout'],
  ]);
  expect(points[2]?.fields).toMatchObject({ kind: 'data', log10_evidence: 6.5, streams: 0 });
  for (const { measurement, tags, fields } of points) {
    const layout = INFLUX_SCHEMA.find((schema) => schema.measurement === measurement)!;
    expect(layout.tags, measurement).toEqual(expect.arrayContaining(Object.keys(tags!)));
    expect(Object.keys(layout.fields!), measurement).toEqual(expect.arrayContaining(Object.keys(fields!)));
  }
});

test('names that the line protocol cannot carry stay different', () => {
  const names = ['', 'a b', 'a\nb', 'a\rb', 'a\tb', 'a\\b', 'a\\'];
  const tags = names.map(tagOf);
  expect(new Set(tags).size).toBe(names.length);
  expect(tags[0]).toBe('-');
  for (const tag of tags) expect(tag).not.toMatch(/[\n\r\t\\]/);
});
