/** What a caller hears when something is away, too large or at its bound, and that nothing of it is lost or counted twice. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import type { ServiceSpec } from '../../src/records.ts';
import { firstTable } from '../../src/router/index.ts';
import { asJson, NOW_MS, PAYMENT, type Served, type ServeOptions, serve } from './support.ts';

let app: Served | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});
const open = async (options: ServeOptions = {}): Promise<Served> => {
  app = await serve(options);
  return app;
};
const payment = (over: object = {}): string => JSON.stringify({ ...PAYMENT, ...over });
const onlyFraud = (specs: ServiceSpec[]): ServiceSpec[] => specs.filter(({ service }) => service === 'fraud');
const changed =
  (change: (spec: ServiceSpec) => Partial<ServiceSpec>) =>
  (specs: ServiceSpec[]): ServiceSpec[] =>
    onlyFraud(specs).map((spec) => ({ ...spec, ...change(spec) }));

test('the daemon reads the request like any other, scores it and counts it once', async () => {
  const { post, results, embedded } = await open({ change: onlyFraud });
  for (const id of ['a', 'b', 'c'])
    expect((await post('/predict/fraud', payment({ id }), asJson)).status).toBe(200);
  await post('/predict/fraud', payment({ amount: 'x' }), asJson);
  const found = await results();
  const of = (metric: string, model: string): unknown[] =>
    found
      .filter((one) => one.metric === metric && one.model === model && one.segment === '*')
      .map(({ value, windowStartMs }) => [value, windowStartMs]);
  expect(of('volume', '')).toEqual([[3, NOW_MS]]);
  expect(
    found.filter(({ metric, model, n }) => metric === 'class_share' && model === 'mlp' && n === 3),
  ).not.toEqual([]);
  expect(await embedded.drain(embedded.runtime.topics.dead)).toEqual([]);
});

test.each<[what: string, options: ServeOptions, status: number, error: string]>([
  ['before the start', { isStarted: false }, 503, 'starting'],
  ['when it is switched off', { enabled: false }, 404, 'off'],
])('nothing is answered %s', async (_, options, status, error) => {
  const { post } = await open({ ...options, change: onlyFraud });
  const reply = await post('/predict/fraud', payment(), asJson);
  expect(reply).toMatchObject({ status, body: { error } });
  expect(reply.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
});

test('a service that a reload leaves without what it needs says so, and answers again after the next one', async () => {
  const { post, embedded } = await open({ change: onlyFraud });
  const { services } = embedded.runtime;
  const { spec, scorer } = services.get('fraud')!;
  const asked = async (change: Partial<ServiceSpec>): Promise<[number, unknown]> => {
    services.set('fraud', { spec: { ...spec, ...change }, scorer });
    const { status, body } = await post('/predict/fraud', payment(), asJson);
    return [status, body.error ?? body.version];
  };
  const avro = spec.streams.map((one) => ({ ...one, encoding: 'avro_file' as const }));
  const absent = spec.streams.map((one) => ({ ...one, topic: 'absent' }));
  const forest = spec.models
    .filter(({ name }) => name === 'forest')
    .map((one) => ({ ...one, role: 'primary' as const }));
  expect(await asked({})).toEqual([200, 'mlp']);
  expect(await asked({ models: [] })).toEqual([409, 'no_models']);
  expect(await asked({ streams: [] })).toEqual([409, 'no_requests']);
  expect(await asked({ streams: avro })).toEqual([501, 'avro_requests']);
  expect(await asked({ streams: absent })).toEqual([503, 'log_away']);
  expect(await asked({ models: forest })).toEqual([200, 'forest']);
  const strict = { ...spec, outputs: spec.outputs.map((output) => ({ ...output, threshold: 0 })) };
  services.set('fraud', { spec: strict, scorer });
  const judged = await post('/predict/fraud', payment(), asJson);
  expect(judged.body.outputs).toMatchObject({ fraud: { class: 'fraud' } });
  expect(await asked({})).toEqual([200, 'mlp']);
});

test('an answer waits for the log: without it there is none', async () => {
  const { post, append, records } = await open({ change: onlyFraud });
  append.before = async () => {
    throw new TelltaleError('log_failed', 'no broker');
  };
  const away = await post('/predict/fraud', payment({ id: 'a' }), asJson);
  expect(away).toMatchObject({ status: 503, body: { error: 'log_away' } });
  expect(away.headers.get('retry-after')).toBe('5');
  append.before = async () => {
    const cause = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
    throw new TelltaleError('log_failed', 'writing', { cause });
  };
  expect((await post('/predict/fraud', payment(), asJson)).status).toBe(413);
  append.before = async () => {};
  expect((await post('/predict/fraud', payment({ id: 'a' }), asJson)).status).toBe(200);
  expect((await records('fraud.requests')).map(({ key }) => key)).toEqual(['a']);
});

test('a log that says nothing is waited for, but not for ever, and its requests stay counted as under way', async () => {
  const { post, append } = await open({ change: onlyFraud, timeoutMs: 100, inFlightMax: 1 });
  const answered = (): Promise<void> =>
    vi.waitFor(
      async () => expect((await post('/predict/fraud', payment(), asJson)).status).toBe(200),
      10_000,
    );
  // The model is loaded by the first request for it, which may take longer than one may wait here.
  await answered();
  let goOn = (): void => {};
  append.before = () =>
    new Promise((resolve) => {
      goOn = resolve;
    });
  expect(await post('/predict/fraud', payment(), asJson)).toMatchObject({
    status: 503,
    body: { error: 'log_away' },
  });
  const busy = await post('/predict/fraud', payment(), asJson);
  expect([busy.status, busy.body.error, busy.headers.get('retry-after')]).toEqual([503, 'busy', '1']);
  append.before = async () => {};
  goOn();
  await answered();
});

test('a body beyond the limit of the service is refused, whether it says its length or not', async () => {
  const limit = ({ limits }: ServiceSpec) => ({ limits: { ...limits, messageBytesMax: 2_000 } });
  const { post, records } = await open({ change: changed(limit) });
  const long = payment({ note: 'x'.repeat(3_000) });
  expect(await post('/predict/fraud', long, asJson)).toMatchObject({
    status: 413,
    body: { error: 'too_large' },
  });
  let sent = 0;
  const chunks = new ReadableStream({
    pull(to) {
      to.enqueue(new Uint8Array(64_000));
      if (++sent === 200) to.close();
    },
  });
  expect((await post('/predict/fraud', chunks, asJson)).status).toBe(413);
  // As a record it gets an id and a time.
  const nearly = payment({ note: 'x'.repeat(1_990 - payment({ note: '' }).length) });
  expect((await post('/predict/fraud', nearly, asJson)).body.message).toMatch(/as a record it has/);
  expect((await post('/predict/fraud', payment(), asJson)).status).toBe(200);
  expect(await records('fraud.requests')).toHaveLength(1);
});

test('a record that is too large for the broker takes no other with it', async () => {
  const { post, append } = await open({ change: onlyFraud });
  append.before = async (batch) => {
    const cause = Object.assign(new Error('refused'), { type: 'MESSAGE_TOO_LARGE' });
    if (batch.some(({ value }) => value!.length > 150_000))
      throw new TelltaleError('log_failed', 'writing', { cause });
  };
  const notes = [10, 200_000, 10].map((length) => payment({ note: 'x'.repeat(length) }));
  const replies = await Promise.all(notes.map((body) => post('/predict/fraud', body, asJson)));
  expect(replies.map(({ status }) => status)).toEqual([200, 413, 200]);
});

test('a large upload that is refused still gets its answer', async () => {
  const { post } = await open();
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(12_000_000)]), 'big.jpg');
  expect(await post('/predict/inspection', form)).toMatchObject({
    status: 413,
    body: { error: 'too_large' },
  });
});

test('a stop answers what is under way and refuses what comes', async () => {
  const { post, append, console: page, records, predictions } = await open({ change: onlyFraud });
  let goOn = (): void => {};
  const atLog = new Promise<void>((reached) => {
    append.before = () =>
      new Promise((resolve) => {
        goOn = resolve;
        reached();
      });
  });
  const asked = post('/predict/fraud', payment({ id: 'last' }), asJson);
  await atLog;
  const closed = page.close();
  await vi.waitFor(() => expect(() => predictions.find('fraud')).toThrow('stopping'));
  goOn();
  expect(await asked).toMatchObject({ status: 200, body: { id: 'last' } });
  await closed;
  expect((await records('fraud.requests')).map(({ key }) => key)).toEqual(['last']);
});

test('a model whose process has died is loaded again', async () => {
  const { post, route, warnings } = await open({ change: onlyFraud });
  const forest = firstTable({ service: 'fraud', seed: 's', level: 'full' }, [
    { version: 'forest', role: 'primary', share: 1 },
  ]);
  route(forest);
  const before = await post('/predict/fraud', payment(), asJson);
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  // Beside it there is the shadow of the daemon's own scoring, which yields.
  const own = children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('prompt'));
  expect(own).toHaveLength(1);
  process.kill(Number(own[0]), 'SIGKILL');
  const during = await post('/predict/fraud', payment(), asJson);
  const after = await post('/predict/fraud', payment(), asJson);
  expect([200, 500]).toContain(during.status);
  expect(after.body.outputs).toEqual(before.body.outputs);
  expect(warnings.map(({ text }) => text)).toContain('model_restarted');
});
