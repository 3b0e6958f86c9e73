import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { type Guess, rangeAround } from '../../src/cli/init/guess.ts';
import { wiring } from '../../src/cli/wiring.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { registryServer } from './registry-server.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const HEADER = 'order_id,created_at,Amount (EUR),country,open,note,empty,is_fraud,prediction,score';
const rowAt = (i: number): string =>
  [
    `o${i}`,
    new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString(),
    (1 + (i % 70) / 4).toFixed(2),
    ['de', 'no', '1e3', 'true'][i % 4],
    i % 2 === 0,
    `"a text, of some length, that nobody else has written: ${i}"`,
    '',
    Number(i % 10 === 0),
    Number(i % 9 === 0),
    i / 1000,
  ].join(',');
const CSV = `${HEADER}\n${Array.from({ length: 200 }, (_, i) => rowAt(i)).join('\n')}\n`;

/** With the metrics that there are. */
const validate = (dir: string) =>
  telltale(['validate', '--json', '--config', dir], fakeWiring({ registries: wiring.registries }));
const asJson = (out: string) => JSON.parse(out) as Guess & { files: string[]; next: string[] };

describe('telltale init', () => {
  it('writes a file that is valid, with a telltale.yaml where there is none, and says what is next', async () => {
    const dir = folder({ 'orders.csv': CSV });
    const config = join(dir, 'new');
    const { code, out, err } = await telltale(['init', '--csv', join(dir, 'orders.csv'), '--config', config]);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      `wrote ${config}/services/orders.yaml and ${config}/telltale.yaml`,
      '4 inputs, output is_fraud (classifier), id order_id, time created_at, 1 fields left out',
      'look over it, then:',
      `  telltale --config ${config} validate`,
      `  telltale --config ${config} replay ${dir}/orders.csv --service orders --out replayed`,
      `  telltale --config ${config} run`,
      '',
    ]);
    const validated = await validate(config);
    expect(validated.code, validated.err + validated.out).toBe(0);
    expect(JSON.parse(validated.out)).toMatchObject({
      services: [
        { service: 'orders', streams: ['requests', 'predictions', 'labels'], outputs: ['is_fraud'] },
      ],
    });
  });

  it('guesses types, ranges, categories, and what the fields are for', async () => {
    const dir = folder({ 'orders.csv': CSV });
    const { out } = await telltale(['init', '--csv', join(dir, 'orders.csv'), '--out', '-', '--json']);
    const found = asJson(out);
    expect(
      found.inputs.map(({ name, from, type, categories }) => ({ name, from, type, categories })),
    ).toEqual([
      { name: 'Amount_EUR', from: 'Amount (EUR)', type: 'numeric', categories: null },
      { name: 'country', from: 'country', type: 'categorical', categories: ['1e3', 'de', 'no', 'true'] },
      { name: 'open', from: 'open', type: 'categorical', categories: ['false', 'true'] },
      { name: 'note', from: 'note', type: 'text', categories: null },
    ]);
    expect(found.output).toMatchObject({
      ...{ name: 'is_fraud', label: 'is_fraud', prediction: 'prediction', score: 'score' },
      ...{ type: 'classifier', classes: ['0', '1'], positive: '1' },
    });
    expect(found.left).toEqual([{ path: 'empty', why: 'it is always empty' }]);
    expect(found.segment).toBe('country');
  });

  it('goes down into objects, and knows embeddings and images', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      id: `r${i}`,
      ts: 1_767_225_600_000 + i,
      user: { age: 20 + i, home: { city: 'x' } },
      vector: [0.1, i],
      photo: '/9j/4AAQ',
      mixed: i % 2 === 0 ? 1 : 'one',
      ragged: new Array(i % 3).fill(1),
    }));
    const dir = folder({
      'telltale.yaml': '',
      'a.ndjson': rows.map((row) => JSON.stringify(row)).join('\n'),
    });
    const run = ['init', '--csv', join(dir, 'a.ndjson'), '--config', dir, '--json'];
    const { out } = await telltale(run);
    const { inputs, left, id, time } = asJson(out);
    expect([id, time]).toEqual(['id', 'ts']);
    expect(inputs.map(({ from, type, dimensions }) => [from, type, dimensions])).toEqual([
      ['user.age', 'numeric', null],
      ['user.home.city', 'categorical', null],
      ['vector', 'embedding', 2],
      ['photo', 'image', null],
    ]);
    expect(left.map(({ path }) => path)).toEqual(['mixed', 'ragged']);
    expect((await validate(dir)).code).toBe(0);
  });

  it('takes what a person names', async () => {
    const csv = `a,b,c\n${Array.from({ length: 50 }, (_, i) => `${i},${i / 7},${i % 3}`).join('\n')}\n`;
    const dir = folder({ 'x.csv': csv });
    const file = ['--csv', join(dir, 'x.csv'), '--config', dir, '--json'];
    const plain = asJson((await telltale(['init', ...file])).out);
    expect([plain.output, plain.id, plain.inputs.length]).toEqual([null, null, 3]);
    const named = await telltale([
      'init',
      ...file,
      '--force',
      '--id',
      'a',
      '--label',
      'b',
      '--prediction',
      'c',
    ]);
    expect(asJson(named.out)).toMatchObject({
      id: 'a',
      output: { type: 'regressor', label: 'b' },
      inputs: [],
    });
    expect((await validate(dir)).code).toBe(0);
  });

  async function topicOf(values: readonly Buffer[], daemon = '') {
    const log = createMemoryLog();
    log.createTopic('shop.requests', 2);
    await log.append(values.map((value) => ({ topic: 'shop.requests', key: null, value })));
    const dir = folder({ 'telltale.yaml': daemon });
    const fakes = fakeWiring({ openLog: async () => log });
    return { dir, run: (...args: string[]) => telltale(['init', '--config', dir, ...args], fakes) };
  }
  const ROWS = Array.from({ length: 40 }, (_, i) => ({ id: `r${i}`, time: 1_767_225_600_000 + i, x: i / 2 }));

  it('reads a topic of JSON, and leaves out what is none', async () => {
    const { dir, run } = await topicOf([
      ...ROWS.map((row) => Buffer.from(JSON.stringify(row))),
      Buffer.from('?'),
    ]);
    const { out, err, code } = await run('--topic', 'shop.requests', '--json');
    expect(code, err).toBe(0);
    expect(asJson(out)).toMatchObject({ service: 'shop', id: 'id', time: 'time', rows: 40, strangers: 1 });
    expect(readFileSync(join(dir, 'services/shop.yaml'), 'utf8')).toContain(
      '{ topic: shop.requests, encoding: json,',
    );
    expect((await validate(dir)).code).toBe(0);
  });

  it('reads a topic of Avro of the schema registry', async () => {
    const fields = [
      { name: 'id', type: 'string' },
      { name: 'time', type: 'long' },
      { name: 'x', type: ['null', 'double'] },
    ];
    const schema = { type: 'record' as const, name: 'R', fields };
    const type = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false });
    const header = Buffer.from([0, 0, 0, 0, 7]);
    const registry = await registryServer(new Map([[7, JSON.stringify(schema)]]));
    try {
      const values = ROWS.map((row) => Buffer.concat([header, type.toBuffer(row)]));
      const { dir, run } = await topicOf(values, `registry: { url: "${registry.url}" }\n`);
      const { code, err } = await run('--topic', 'shop.requests');
      expect(code, err).toBe(0);
      expect(readFileSync(join(dir, 'services/shop.yaml'), 'utf8')).toContain('encoding: avro');
      expect((await validate(dir)).code).toBe(0);
      const without = await topicOf(values);
      expect((await without.run('--topic', 'shop.requests')).err).toContain('registry.url');
    } finally {
      await registry.close();
    }
  });

  it('writes over nothing unless it is told to', async () => {
    const dir = folder({ 'orders.csv': CSV, 'services/orders.yaml': 'mine' });
    const run = ['init', '--csv', join(dir, 'orders.csv'), '--config', dir];
    const { code, err } = await telltale(run);
    expect(code).toBe(2);
    expect(err).toContain('orders.yaml exists; give --force');
    expect(existsSync(join(dir, 'telltale.yaml'))).toBe(false);
    expect((await telltale([...run, '--force'])).code).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['neither a file nor a topic', [], 'give --csv FILE or --topic NAME'],
    ['a file without rows', ['--csv', 'empty.csv'], 'has no rows below its header'],
    ['a file that is not there', ['--csv', 'no.csv'], 'no such file'],
    ['a file of an unknown format', ['--csv', 'a.txt'], 'cannot tell the format'],
    ['nothing but an id', ['--csv', 'ids.csv'], 'no field that can be watched'],
    ['a field that is not there', ['--csv', 'orders.csv', '--label', 'is_fruad'], "did you mean 'is_fraud'?"],
    ['a bad name', ['--csv', 'orders.csv', '--service', 'My Service'], "'My Service' is not a name"],
    ['no number of rows', ['--csv', 'orders.csv', '--rows', 'all'], "--rows: 'all' is not a whole number"],
    ['a topic that is not there', ['--topic', 'nope'], 'topic nope does not exist'],
  ])('says the cure of %s', async (_, options, message) => {
    const dir = folder({
      ...{ 'telltale.yaml': '', 'empty.csv': 'a,b\n', 'orders.csv': CSV },
      'ids.csv': `id\n${Array.from({ length: 99 }, (_, i) => `i${i}`).join('\n')}\n`,
    });
    const fakes = fakeWiring({ openLog: async () => createMemoryLog() });
    const paths = options.map((word) => (/\.(csv|txt)$/.test(word) ? join(dir, word) : word));
    const { code, err } = await telltale(['init', '--config', dir, ...paths], fakes);
    expect(code).not.toBe(0);
    expect(err).toContain(message);
  });
});

describe('rangeAround', () => {
  it.each([
    [0, 1, [0, 2]],
    [1.01, 782.17, [0, 1600]],
    [-5, 5, [-20, 20]],
    [-3, -1, [-5, 0]],
    [7, 7, [0, 7]],
    [0, 0, [0, 0.000001]],
  ])('%d to %d', (min, max, range) => {
    const [low, high] = rangeAround(min, max);
    expect([low, high]).toEqual(range);
    expect(low).toBeLessThan(high);
  });
});
