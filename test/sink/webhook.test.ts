import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { retryAfterMs } from '../../src/sink/http.ts';
import { AskedToWait } from '../../src/sink/retry.ts';
import { type WebhookOptions, webhookSink } from '../../src/sink/webhook.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { makeAlert, makeResult, makeRetrain, T0 } from './records.ts';

const log = { info: () => {}, warn: () => {} };
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const optionsOf = (over: Partial<WebhookOptions> = {}): WebhookOptions => ({
  name: 'pager',
  url: `http://${receiver.host}/in/?team=ml`,
  on: ['alerts', 'retrain'],
  headers: {},
  secret: null,
  timeoutMs: 5_000,
  ...over,
});
const sinkOf = (over: Partial<WebhookOptions> = {}) => webhookSink.create(optionsOf(over), { log });

async function failureOf(work: Promise<unknown>): Promise<Error & { code: string; waitMs?: number }> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
}

test('posts each record as JSON with its type, in order, with its id as idempotency key', async () => {
  const sink = await sinkOf({ headers: { Authorization: 'Bearer hush' } });
  const batch = [
    { alert: makeAlert() },
    { incident: makeIncident() },
    { retrain: makeRetrain() },
    { rollout: makeRollout() },
    { result: makeResult() },
  ];
  expect(await sink.write(batch)).toEqual([]);
  expect(receiver.posted.map(({ body }) => JSON.parse(body))).toEqual([
    { type: 'alert', ...makeAlert() },
    { type: 'incident', ...makeIncident() },
    { type: 'retrain', ...makeRetrain() },
    { type: 'rollout', ...makeRollout() },
    { type: 'result', ...makeResult() },
  ]);
  for (const { path, headers, body } of receiver.posted) {
    expect(path).toBe('/in/?team=ml');
    expect(headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer hush' });
    expect(headers['idempotency-key']).toBe(JSON.parse(body).id);
    expect(headers['telltale-signature']).toBeUndefined();
  }
  await sink.write(batch);
  expect(receiver.posted[batch.length]!.body).toBe(receiver.posted[0]!.body);
});

test('signs the time and the body with the secret', async () => {
  const sink = await sinkOf({ secret: 'k3y' });
  const beforeS = Math.floor(Date.now() / 1000);
  await sink.write([{ alert: makeAlert() }]);
  const [{ headers, body }] = receiver.posted as [Receiver['posted'][0]];
  const [, time, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['telltale-signature']))!;
  expect(Number(time)).toBeGreaterThanOrEqual(beforeS);
  expect(Number(time)).toBeLessThanOrEqual(Date.now() / 1000);
  expect(hex).toBe(createHmac('sha256', 'k3y').update(`${time}.${body}`).digest('hex'));
});

test('sends user and password of the URL as basic authentication', async () => {
  const sink = await sinkOf({ url: `http://ann:s3%3Acret@${receiver.host}/` });
  await sink.write([{ alert: makeAlert() }]);
  const basic = `Basic ${Buffer.from('ann:s3:cret').toString('base64')}`;
  expect(receiver.posted[0]!.headers.authorization).toBe(basic);
});

test.each([401, 403, 404, 408, 425, 429, 500, 502, 503, 302])(
  'status %i is asked again, and nothing is refused',
  async (status) => {
    const sink = await sinkOf();
    receiver.answer = () => ({ status, ...(status === 302 ? { headers: { location: '/elsewhere' } } : {}) });
    const error = await failureOf(sink.write([{ alert: makeAlert() }]));
    expect(error.code).toBe('sink_unavailable');
    expect(error.message).toContain(`HTTP ${status}`);
    receiver.answer = () => ({ status: 200 });
    expect(await sink.write([{ alert: makeAlert() }])).toEqual([]);
    // Redirects are not followed: headers and signature are meant for the host of the URL.
    expect(receiver.posted.map(({ path }) => path)).toEqual(['/in/?team=ml', '/in/?team=ml']);
  },
);

test.each([400, 410, 413, 422])('status %i is final: the record is given back', async (status) => {
  const sink = await sinkOf();
  receiver.answer = ({ body }) => ({
    status: JSON.parse(body).id === 'a2' ? status : 200,
    body: 'no  such\nrule',
  });
  const batch = ['a1', 'a2', 'a3'].map((id) => ({ alert: makeAlert({ id }) }));
  expect(await sink.write(batch)).toEqual([
    { delivery: batch[1], reason: `webhook pager at ${receiver.host}: HTTP ${status}: no such rule` },
  ]);
  expect(receiver.posted).toHaveLength(3);
});

test('a wait that the receiver asks for holds for every partition', async () => {
  const sink = await sinkOf();
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '120' } });
  const first = await failureOf(sink.write([{ alert: makeAlert() }]));
  expect(first).toBeInstanceOf(AskedToWait);
  expect(first.waitMs).toBe(120_000);
  const second = await failureOf(sink.write([{ alert: makeAlert({ id: 'a2' }) }]));
  expect(second.waitMs).toBeGreaterThan(60_000);
  expect(receiver.posted).toHaveLength(1);
});

test.each([
  ['120', 120_000],
  ['0', 0],
  ['-5', 0],
  ['31536000', 3_600_000],
  [new Date(T0 + 30_000).toUTCString(), 30_000],
  [new Date(T0 - 30_000).toUTCString(), 0],
  ['soon', 0],
  ['', 0],
  [null, 0],
])('Retry-After %j is %i ms', (header, ms) => {
  expect(retryAfterMs(header, T0)).toBe(ms);
});

test('nobody there, an answer that does not come, and a stop are no answers', async () => {
  const nobody = await sinkOf({ url: 'http://127.0.0.1:9/' });
  const refused = await failureOf(nobody.write([{ alert: makeAlert() }]));
  expect(refused.code).toBe('sink_unavailable');

  receiver.answer = () => ({ status: 200, after: new Promise(() => {}) });
  const slow = await sinkOf({ timeoutMs: 20 });
  const late = await failureOf(slow.write([{ alert: makeAlert() }]));
  expect(late).toMatchObject({ code: 'sink_unavailable' });
  expect(late.message).toContain('no answer in 20 ms');

  const stopping = new AbortController();
  const sink = await webhookSink.create(optionsOf(), { log, signal: stopping.signal });
  const written = failureOf(sink.write([{ alert: makeAlert() }]));
  stopping.abort();
  expect(await written).toMatchObject({ code: 'sink_unavailable' });
});

test('what a receiver sends back of our secrets is not repeated, and a long answer is cut', async () => {
  const sink = await sinkOf({
    url: `http://ann:passw0rd@${receiver.host}/T000/XYZ?key=inthequery`,
    headers: { Authorization: 'Bearer h34der', 'x-key': 'other-key' },
    secret: 's1gning',
  });
  const told = 'bad key h34der other-key s1gning passw0rd /T000/XYZ key=inthequery';
  receiver.answer = () => ({ status: 422, body: `${told} ${'x'.repeat(100_000)}` });
  const refusals = await sink.write([{ alert: makeAlert() }]);
  const reason = refusals[0]!.reason;
  expect(reason).toContain('HTTP 422: bad key ***');
  expect(reason).not.toMatch(/h34der|other-key|s1gning|passw0rd|XYZ|inthequery/);
  expect(reason.length).toBeLessThan(300);
});

test('an id that no header can carry is an error of the record, not an outage', async () => {
  const sink = await sinkOf();
  const error = await failureOf(sink.write([{ alert: makeAlert({ id: 'a\n漢' }) }]));
  expect(error.code).not.toBe('sink_unavailable');
  expect(receiver.posted).toEqual([]);
});

test('each webhook of the configuration is a sink with its own topics', () => {
  const wanted = webhookSink.wanted({ webhooks: [optionsOf(), optionsOf({ name: 'b', on: ['results'] })] });
  expect(wanted.map(({ name, topics }) => [name, topics])).toEqual([
    ['webhook.pager', ['alerts', 'retrain']],
    ['webhook.b', ['results']],
  ]);
  expect(webhookSink.wanted({ webhooks: [] })).toEqual([]);
});
