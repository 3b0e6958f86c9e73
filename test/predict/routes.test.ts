/** POST /predict/:service over HTTP, with the real models, and what becomes of a request on the log. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstTable, isBlind, nextTable, type RoutingTable } from '../../src/router/index.ts';
import { applePhoto, asJson, type Body, NOW_MS, PAYMENT, type Served, serve } from './support.ts';

let app: Served;
beforeAll(async () => {
  app = await serve();
});
afterAll(() => app.close());

const ask = (over: object = {}, headers: Record<string, string> = {}) =>
  app.post('/predict/fraud', JSON.stringify({ ...PAYMENT, ...over }), { ...asJson, ...headers });

test('JSON gives a class, and says who decided', async () => {
  const { status, body } = await ask({ id: 'json-1' });
  expect([status, body]).toEqual([
    200,
    {
      id: 'json-1',
      service: 'fraud',
      version: 'mlp',
      shadows: ['forest', 'boost'],
      outputs: {
        fraud: { class: 'legit', score: expect.any(Number), confidence: expect.any(Number) },
      },
      decision: {
        decidedBy: 'model',
        output: body.outputs,
        confidence: expect.any(Number),
        blind: false,
        review: false,
      },
      level: 'full',
      epoch: 0,
      by: 'key',
    },
  ]);
});

test('the request is on its topic before the answer, with id and time, and the decision beside it', async () => {
  const { body } = await ask({ extra: { note: 'kept' } });
  const id = String(body.id);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const found = (await app.records('fraud.requests')).find(({ key }) => key === id);
  expect(found?.value).toEqual({ ...PAYMENT, extra: { note: 'kept' }, id, time: NOW_MS });
  const decided = (await app.records('t.decisions')).find(({ key }) => key === id);
  expect(decided?.value).toEqual({
    id,
    digest: createHash('sha256').update(JSON.stringify(found?.value)).digest('hex'),
    service: 'fraud',
    timeMs: NOW_MS,
    version: 'mlp',
    output: body.outputs,
    suggestion: body.outputs,
    confidence: (body.decision as { confidence: number }).confidence,
    decidedBy: 'model',
    blind: false,
    level: 'full',
    epoch: 0,
    by: 'key',
  });
});

test('requests that come together are scored together, each by its own values', async () => {
  const together = Array.from({ length: 40 }, (_, i) => ask({ id: `many-${i}`, amount: 10 + 400 * i }));
  const alone = await ask({ id: 'many-again', amount: 10 + 400 * 7 });
  const answers = await Promise.all(together);
  expect(answers.map(({ status, body }) => [status, body.id])).toEqual(
    answers.map((_, i) => [200, `many-${i}`]),
  );
  expect(answers[7]!.body.outputs).toEqual(alone.body.outputs);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body.outputs))).size).toBeGreaterThan(10);
  const one = await Promise.all([ask({ id: 'good' }), ask({ id: 'bad', hour: 'x' }), ask({ id: 'good-2' })]);
  expect(one.map(({ status }) => status)).toEqual([200, 400, 200]);
});

test('the photo of an apple gives its boxes, as a form, as a body of its own and as base64', async () => {
  const { photo, parts } = await applePhoto();
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(photo)], { type: 'image/jpeg' }), 'apple.jpg');
  form.set('camera', 'north');
  form.set('id', 'form-1');
  const asForm = await app.post('/predict/inspection', form);
  expect(asForm).toMatchObject({ status: 200, body: { id: 'form-1', version: 'tiny', shadows: ['full'] } });
  const { boxes } = (asForm.body.outputs as { parts: { boxes: { class: string; x1: number; x2: number }[] } })
    .parts;
  expect(boxes.map((box) => box.class).sort()).toEqual(
    parts.map(({ label }) => ['apple', 'bolt'][label]).sort(),
  );
  const apple = parts.find(({ label }) => label === 0)!;
  const centre = (box: { x1: number; x2: number }): number => (box.x1 + box.x2) / 2;
  const isNear = (box: { class: string; x1: number; x2: number }): boolean =>
    box.class === 'apple' && Math.abs(centre(box) - centre(apple)) < 0.08;
  expect(boxes.some(isNear)).toBe(true);
  const raw = await app.post('/predict/inspection?camera=north', new Uint8Array(photo), {
    'content-type': 'image/jpeg',
  });
  const json = JSON.stringify({ photo: photo.toString('base64'), camera: 'north' });
  const inJson = await app.post('/predict/inspection', json, asJson);
  expect([raw.body.outputs, inJson.body.outputs]).toEqual([asForm.body.outputs, asForm.body.outputs]);
  const logged = (await app.records('inspection.requests')).find(({ key }) => key === 'form-1');
  expect(logged?.value).toEqual({
    id: 'form-1',
    time: NOW_MS,
    camera: 'north',
    photo: photo.toString('base64'),
  });
});

const file = (bytes: string | Uint8Array<ArrayBuffer>, name = 'file'): FormData => {
  const form = new FormData();
  form.set(name, new Blob([bytes]), 'upload');
  return form;
};
const GIF = new Uint8Array(Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64'));

test.each<
  [
    what: string,
    path: string,
    body: () => Body | Promise<Body>,
    headers: Record<string, string>,
    status: number,
    error: string,
    message: RegExp,
    cure: RegExp,
  ]
>([
  ['an unknown service', 'fruit', () => '{}', asJson, 404, 'unknown_service', /fruit/, /fraud, inspection/],
  [
    'a missing input',
    'fraud',
    () => JSON.stringify({ ...PAYMENT, amount: undefined, channel: null }),
    asJson,
    400,
    'bad_input',
    /amount is missing; channel is missing/,
    /amount: a number; channel: a text/,
  ],
  [
    'an input of the wrong kind',
    'fraud',
    () => JSON.stringify({ ...PAYMENT, amount: 'secret' }),
    asJson,
    400,
    'bad_input',
    /amount is a text$/,
    /amount: a number/,
  ],
  ['no JSON', 'fraud', () => '{"amount": secret', asJson, 400, 'bad_body', /not JSON$/, /amount: a number/],
  ['a list', 'fraud', () => '[1]', asJson, 400, 'bad_body', /a list, not an object/, /amount/],
  ['nothing', 'fraud', () => '', asJson, 400, 'bad_body', /empty/, /amount/],
  [
    'a time far ahead',
    'fraud',
    () => JSON.stringify({ ...PAYMENT, time: NOW_MS + 1e9 }),
    asJson,
    400,
    'bad_input',
    /later than/,
    /time in milliseconds/,
  ],
  [
    'an id that is none',
    'fraud',
    () => JSON.stringify({ ...PAYMENT, id: {} }),
    asJson,
    400,
    'bad_input',
    /id: /,
    /1,024/,
  ],
  [
    'a text file',
    'inspection',
    () => file('apples'),
    {},
    415,
    'not_an_image',
    /photo: found text/,
    /JPEG or PNG/,
  ],
  ['a GIF', 'inspection', () => file(GIF, 'photo'), {}, 415, 'not_an_image', /found a GIF/, /JPEG or PNG/],
  [
    'half a photo',
    'inspection',
    async () => file(new Uint8Array((await applePhoto()).photo.subarray(0, 700))),
    {},
    415,
    'not_an_image',
    /a JPEG that cannot be read/,
    /whole JPEG/,
  ],
  [
    'text that says it is an image',
    'inspection',
    () => 'apples',
    { 'content-type': 'image/png' },
    415,
    'not_an_image',
    /found text/,
    /JPEG or PNG/,
  ],
  [
    'base64 that is no image',
    'inspection',
    () => JSON.stringify({ photo: 'YXBwbGVz' }),
    asJson,
    400,
    'bad_input',
    /photo: found text/,
    /JPEG or PNG/,
  ],
  [
    'a form without a file',
    'inspection',
    () => new URLSearchParams('a=b'),
    {},
    415,
    'unsupported_type',
    /urlencoded/,
    /multipart/,
  ],
  ['an empty file', 'inspection', () => file(''), {}, 400, 'bad_input', /photo is missing/, /JPEG/],
  [
    'a form that is torn',
    'inspection',
    () => '--x\r\nabc',
    { 'content-type': 'multipart/form-data; boundary=x' },
    400,
    'bad_body',
    /no form/,
    /curl -F/,
  ],
  [
    'a form without a boundary',
    'inspection',
    () => 'x',
    { 'content-type': 'multipart/form-data' },
    400,
    'bad_body',
    /boundary/,
    /boundary/,
  ],
  [
    'a file for a service of numbers',
    'fraud',
    () => file('a'),
    {},
    415,
    'unsupported_type',
    /takes no files/,
    /amount/,
  ],
  [
    'another content type',
    'fraud',
    () => 'x',
    { 'content-type': 'text/csv' },
    415,
    'unsupported_type',
    /text\/csv/,
    /application\/json/,
  ],
  [
    'no content type',
    'fraud',
    () => new Uint8Array(3),
    {},
    415,
    'unsupported_type',
    /no content-type/,
    /application\/json/,
  ],
  [
    'a page of another site',
    'fraud',
    () => '{}',
    { ...asJson, 'sec-fetch-site': 'cross-site' },
    403,
    'foreign',
    /other sites/,
    /curl/,
  ],
])('%s is refused with its cure', async (_, service, body, headers, status, error, message, cure) => {
  const reply = await app.post(`/predict/${service}`, await body(), headers);
  expect(reply).toMatchObject({ status, body: { error } });
  expect(reply.body.message).toMatch(message);
  expect(reply.body.cure).toMatch(cure);
  expect(JSON.stringify([reply.body, app.warnings])).not.toContain('secret');
});

test('other methods are refused, and every answer is counted', async () => {
  const got = await fetch(`${app.url}/predict/fraud`);
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  app.counted.length = 0;
  await ask();
  await ask({ hour: 'x' });
  await app.post('/predict/nobody', '{}', asJson);
  expect(app.counted).toEqual([
    { service: 'fraud', version: 'mlp', status: 200 },
    { service: 'fraud', version: 'mlp', status: 400 },
    { service: '', version: '', status: 404 },
  ]);
});

const blue: RoutingTable = firstTable({ service: 'fraud', seed: 's', level: 'full' }, [
  { version: 'mlp', role: 'primary', share: 1 },
  { version: 'forest', role: 'preview', share: 0 },
]);

test('a switch takes effect for the next answer, and the switch back too', async () => {
  const mlp = await ask();
  app.route({ ...blue, epoch: 1, override: { header: 'x-model' } });
  const green = nextTable({ ...blue, epoch: 1 }, [
    { version: 'forest', role: 'primary', share: 1 },
    { version: 'mlp', role: 'previous', share: 0 },
  ]);
  const byHeader = await ask({}, { 'x-model': 'forest' });
  app.route(green);
  const forest = await ask();
  app.route({ ...blue, epoch: 3 });
  const back = await ask();
  const of = ({ body }: { body: Record<string, unknown> }) => [body.version, body.epoch, body.by];
  expect([mlp, byHeader, forest, back].map(of)).toEqual([
    ['mlp', 0, 'key'],
    ['forest', 1, 'override'],
    ['forest', 2, 'key'],
    ['mlp', 3, 'key'],
  ]);
  expect(forest.body.outputs).toEqual(byHeader.body.outputs);
  expect(back.body.outputs).toEqual(mlp.body.outputs);
  expect(forest.body.outputs).not.toEqual(mlp.body.outputs);
});

test('the record of a request says who answered it, by which table and why', async () => {
  app.route({ ...blue, epoch: 5, override: { header: 'x-model' } });
  const headersOf = async (headers: Record<string, string>, id: string) => {
    await ask({ id }, headers);
    return (await app.records('fraud.requests')).find(({ key }) => key === id)!.headers;
  };
  const said = (version: string, by: string) => ({
    'telltale-version': version,
    'telltale-epoch': '5',
    'telltale-by': by,
    'telltale-decided': 'model',
  });
  expect(await headersOf({}, 'said-1')).toEqual(said('mlp', 'id'));
  expect(await headersOf({ 'telltale-key': 'ann' }, 'said-2')).toEqual(said('mlp', 'key'));
  expect(await headersOf({ 'telltale-key': '' }, 'said-3')).toEqual(said('mlp', 'id'));
  expect(await headersOf({ 'x-model': 'forest', 'telltale-key': 'ann' }, 'said-4')).toEqual(
    said('forest', 'override'),
  );
  const [review] = await app.records('t.decisions');
  expect(review!.headers).toEqual({});
});

test('users stay with their version, and a table for a model that is not here changes nothing', async () => {
  const half = nextTable({ ...blue, epoch: 9 }, [
    { version: 'mlp', role: 'primary', share: 0.5 },
    { version: 'forest', role: 'canary', share: 0.5 },
  ]);
  app.route(half);
  const versions = async (key: string): Promise<unknown[]> =>
    Promise.all([1, 2, 3].map(async () => (await ask({}, { 'telltale-key': key })).body.version));
  const users = await Promise.all(Array.from({ length: 20 }, (_, i) => versions(`user-${i}`)));
  expect(users.every((seen) => new Set(seen).size === 1)).toBe(true);
  expect(new Set(users.flat())).toEqual(new Set(['mlp', 'forest']));
  app.route({
    ...blue,
    epoch: 11,
    versions: blue.versions.map((one) => ({ ...one, version: `${one.version}2` })),
  });
  expect(app.warnings.at(-1)).toMatchObject({
    facts: { why: expect.stringContaining('no model is named mlp2') },
  });
  expect((await ask()).body.epoch).toBe(10);
});

test('the level of automation decides who decides', async () => {
  const at = async (level: RoutingTable['level'], epoch: number, more: Partial<RoutingTable> = {}) => {
    app.route({ ...blue, epoch, level, ...more });
    const { body } = await ask();
    const ofBody = async (topic: string) => (await app.records(topic)).find(({ key }) => key === body.id);
    return {
      body,
      decided: (await ofBody('t.decisions'))!.value,
      waits: (await ofBody('t.review'))?.value,
      header: (await ofBody('fraud.requests'))!.headers['telltale-decided'],
    };
  };
  const hidden = { outputs: null, decision: { output: null, confidence: null, blind: true } };
  const said = { output: null, suggestion: { fraud: { class: 'legit' } } };
  for (const [level, epoch] of [['human_only', 20] as const, ['shadow', 21] as const]) {
    const alone = await at(level, epoch);
    expect(alone.body).toMatchObject({ ...hidden, decision: { ...hidden.decision, decidedBy: 'nobody' } });
    expect(alone.decided).toMatchObject({ ...said, decidedBy: 'nobody', blind: true });
    expect([alone.header, alone.waits]).toEqual(['blind', undefined]);
  }
  const assisted = await at('assist', 22);
  expect(assisted.body).toMatchObject({
    outputs: { fraud: {} },
    decision: { decidedBy: 'human', output: null, blind: false, review: true },
  });
  expect(assisted.waits).toMatchObject({ suggestion: { fraud: {} }, blind: false, request: PAYMENT });
  expect(assisted.header).toBe('person');
  const sure = await at('partial', 23, { threshold: 0.5 });
  expect(sure.body.decision).toMatchObject({ decidedBy: 'model', blind: false, review: false });
  expect([sure.header, sure.waits]).toEqual(['model', undefined]);
  const unsure = await at('partial', 24, { threshold: 1 });
  expect(unsure.body.decision).toMatchObject({ decidedBy: 'human', review: true, output: null });
  expect(unsure.waits).toMatchObject({ id: unsure.body.id, suggestion: { fraud: {} }, request: PAYMENT });
  const blind = [await at('partial', 25, { threshold: 0, blind: 1 }), await at('assist', 26, { blind: 1 })];
  for (const one of blind) {
    expect(one.body).toMatchObject({
      ...hidden,
      decision: { ...hidden.decision, decidedBy: 'human', review: true },
    });
    expect(one.decided).toMatchObject({ ...said, decidedBy: 'human', blind: true });
    expect(one.waits).toMatchObject({ suggestion: null, confidence: null, blind: true, request: PAYMENT });
    expect(JSON.stringify(one.waits)).not.toContain('legit');
    expect(one.header).toBe('blind');
  }
});

test('of many requests the blind sample is the share that the table says, chosen by their ids', async () => {
  const table = { ...blue, epoch: 30, level: 'assist', blind: 0.3 } as const;
  app.route(table);
  const ids = Array.from({ length: 60 }, (_, i) => `blind-${i}`);
  const answers = await Promise.all(ids.map((id) => ask({ id }, { 'telltale-key': 'one-user' })));
  const seen = answers.map(({ body }) => (body.decision as { blind: boolean }).blind);
  expect(seen).toEqual(ids.map((id) => isBlind(table, id)));
  expect(seen.filter(Boolean).length).toBeGreaterThan(5);
  expect(seen.filter(Boolean).length).toBeLessThan(35);
});
