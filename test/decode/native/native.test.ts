import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { INFERENCE_PROTO } from '../../../src/decode/inference-proto.ts';
import type { LogRecord, StreamSpec } from '../../../src/records.ts';
import { answers, cells, codes, decode, input, NOW, output, service, stream } from '../helpers.ts';
import { goldenRecord, TRUTH } from './golden.ts';

const spec = service({
  inputs: [input('amount', 'numeric'), input('country', 'categorical')],
  outputs: [output('fraud', 'classifier', ['no', 'yes'])],
});
const EVENT_MS = NOW - 29_500;

const requests = (encoding: StreamSpec['encoding'], more: Partial<StreamSpec> = {}) =>
  stream({ encoding, id: '', time: '', ...more });
const predictions = (encoding: StreamSpec['encoding'], more: Partial<StreamSpec> = {}) =>
  requests(encoding, { stream: 'predictions', fields: { fraud: 'fraud' }, ...more });

const events = (name: string, change: (event: Record<string, unknown>) => void): LogRecord => {
  const found = goldenRecord(name, 0);
  const event = JSON.parse(found.value!.toString());
  change(event);
  return { ...found, value: Buffer.from(JSON.stringify(event)) };
};

describe('kserve', () => {
  test.each([
    ['binary', 'k-1'],
    ['structured', 'k-2'],
    ['base64', 'k-3'],
  ])('a request of two rows, %s', async (name, id) => {
    const batch = await decode(spec, requests('kserve'), [goldenRecord(`kserve/${name}`, 7)]);
    expect(codes(batch)).toEqual([]);
    expect(batch.ids).toEqual([`${id}#0`, `${id}#1`]);
    expect([...batch.offsets]).toEqual([7, 7]);
    expect([...batch.times]).toEqual([EVENT_MS + 0, EVENT_MS + 0]);
    expect(cells(batch)).toEqual([
      [12.5, 80.25],
      ['de', 'fr'],
    ]);
  });

  test('its response has the same ids', async () => {
    const batch = await decode(spec, predictions('kserve', { score: 'probabilities.1' }), [
      goldenRecord('kserve/response', 3),
    ]);
    expect(batch.ids).toEqual(['k-1#0', 'k-1#1']);
    expect(answers(batch)).toMatchObject([{ codes: [0, 1], scores: [0.25, 0.875], state: [0, 0] }]);
  });

  test('V1: objects by name, lists and values by place; a message of one row keeps its id', async () => {
    const objects = await decode(spec, requests('kserve'), [goldenRecord('kserve/objects', 0)]);
    expect([objects.ids, cells(objects)]).toEqual([['k-4'], [[1], ['it']]]);
    const byPlace = service({
      ...spec,
      inputs: [input('amount', 'numeric', '0'), input('country', 'categorical', '1')],
    });
    const lists = await decode(byPlace, requests('kserve'), [goldenRecord('kserve/lists', 0)]);
    expect(cells(lists)).toEqual([
      [1, 2, 3],
      ['it', 'es', 'state 1'],
    ]);
    const values = await decode(spec, predictions('kserve', { fields: { fraud: '0' } }), [
      goldenRecord('kserve/values', 0),
    ]);
    expect(values.ids).toEqual(lists.ids);
    expect(answers(values)).toMatchObject([{ codes: [0, 1, 1] }]);
  });

  test('what is of the other side is passed over, other events are dead', async () => {
    const both = [goldenRecord('kserve/response', 0), goldenRecord('kserve/structured', 1)];
    const batch = await decode(spec, requests('kserve'), both);
    expect([batch.n, batch.dead]).toEqual([2, []]);
    const other = events('kserve/structured', (event) => {
      event.type = 'org.kubeflow.serving.inference.explain';
    });
    const dead = await decode(spec, requests('kserve'), [other]);
    expect(dead.dead[0]).toMatchObject({ code: 'event_type', message: expect.stringContaining('explain') });
  });

  test('times of the configuration go before that of the event, and that before the log', async () => {
    const timed = events('kserve/structured', (event) => {
      event.data = { instances: [{ amount: 1, at: NOW - 5, who: 'x' }] };
    });
    const own = await decode(spec, requests('kserve', { time: 'at', id: 'who' }), [timed]);
    expect([[...own.times], own.ids]).toEqual([[NOW - 5], ['x']]);
    const timeless = events('kserve/structured', (event) => {
      delete event.time;
    });
    expect([...(await decode(spec, requests('kserve'), [timeless])).times]).toEqual([NOW, NOW]);
  });

  test('a message with a bad row is dead as a whole, and leaves nothing behind', async () => {
    const text = service({ ...spec, outputs: [output('fraud', 'text')] });
    const bad = events('kserve/structured', (event) => {
      event.type = 'org.kubeflow.serving.inference.response';
      event.data = { predictions: [{ fraud: 'left' }, { fraud: 7 }] };
    });
    const good = { ...bad, offset: 1, value: Buffer.from(bad.value!.toString().replace('7}', '"b"}')) };
    const batch = await decode(text, predictions('kserve'), [bad, good]);
    expect(batch.dead).toMatchObject([{ offset: 0, code: 'output_invalid' }]);
    expect(batch.dead[0]!.message).toContain('row 1 of 2');
    expect(batch.ids).toEqual(['k-2#0', 'k-2#1']);
    expect(answers(batch)).toMatchObject([{ values: ['left', 'b'] }]);
  });

  test.each([
    ['{"inputs":[]}', 'no tensors'],
    ['{"inputs":[{"name":"a","shape":[1000000000,0],"data":[]}]}', '1000000000 rows'],
    ['{"inputs":[{"name":"a","shape":[3],"data":[1,2]}]}', "'a' has 2 values, its shape is [3]"],
    [
      '{"inputs":[{"name":"a","shape":[1],"data":[1]},{"name":"b","shape":[2],"data":[1,2]}]}',
      "'b' has 2 rows, others have 1",
    ],
    ['{"inputs":[{"name":"a","shape":[2]}]}', 'without name or data'],
    ['{"error":"no such model"}', "neither 'inputs' nor 'instances' is a list"],
  ])('dead: %s', async (body, words) => {
    const record = { ...goldenRecord('kserve/binary', 0), value: Buffer.from(body) };
    const batch = await decode(spec, requests('kserve'), [record]);
    expect(batch.dead).toMatchObject([{ code: 'tensors', message: expect.stringContaining(words) }]);
  });
});

describe('seldon', () => {
  test('raw contents of every data type', async () => {
    const wide = service({
      inputs: [
        ...Object.keys(TRUTH).map((name) => input(name, name === 'BOOL' ? 'categorical' : 'numeric')),
        input('BYTES', 'text'),
        { ...input('matrix', 'embedding'), dimensions: 3 },
      ],
    });
    const batch = await decode(wide, requests('seldon'), [goldenRecord('seldon/raw', 0)]);
    expect(batch.ids).toEqual(['r-1#0', 'r-1#1']);
    const found = cells(batch);
    Object.entries(TRUTH).forEach(([name, values], i) => {
      if (name === 'BOOL') expect(found[i]).toEqual(['true', 'false']);
      else if (name === 'FP32') expect(found[i]).toEqual(values.map((value) => Math.fround(Number(value))));
      else if (name === 'FP16')
        expect(found[i]!.map((value) => (value as number).toFixed(8))).toEqual(
          values.map((value) => Number(value).toFixed(8)),
        );
      else expect(found[i], name).toEqual(values.map(Number));
    });
    expect(found.at(-2)).toEqual(['grün', '']);
    expect(found.at(-1)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  test('typed contents, and the answer under the same key', async () => {
    const wide = service({ ...spec, inputs: [...spec.inputs, input('age', 'categorical')] });
    const batch = await decode(wide, requests('seldon'), [goldenRecord('seldon/typed', 0)]);
    expect(cells(batch)).toEqual([
      [12.5, 80.25],
      ['de', 'fr'],
      ['40', String(2n ** 60n)],
    ]);
    expect([...batch.times]).toEqual([NOW, NOW]);
    const answer = await decode(spec, predictions('seldon', { score: 'probabilities.1' }), [
      goldenRecord('seldon/answer', 0),
    ]);
    expect(answer.ids).toEqual(batch.ids);
    expect(answers(answer)).toMatchObject([{ codes: [0, 1], scores: [0.25, 0.875] }]);
  });

  test('JSON of servers that speak REST', async () => {
    const batch = await decode(spec, predictions('seldon'), [goldenRecord('seldon/json', 0)]);
    expect([batch.ids, answers(batch)]).toMatchObject([['r-3#0', 'r-3#1'], [{ codes: [0, 1] }]]);
  });

  test('truncated bytes are dead', async () => {
    const whole = goldenRecord('seldon/typed', 0);
    const batch = await decode(spec, requests('seldon'), [{ ...whole, value: whole.value!.subarray(0, 20) }]);
    expect(codes(batch)).toEqual(['protobuf']);
  });

  test('the messages are those of the committed .proto', () => {
    const text = readFileSync(new URL('../../../schemas/open-inference.proto', import.meta.url), 'utf8');
    const { nested } = protobuf.parse(text, { keepCase: false }).root.toJSON();
    const fieldsOf = (found: unknown) =>
      JSON.parse(JSON.stringify(found), (key, value) =>
        key === 'options' || key === 'edition' ? undefined : value,
      );
    expect(fieldsOf(protobuf.Root.fromJSON(INFERENCE_PROTO).toJSON().nested)).toEqual(fieldsOf(nested));
  });
});
