import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { appendsOf } from '../../src/flow/outbox.ts';
import { createPrivacy, type Privacy } from '../../src/flow/privacy.ts';
import { type Runtime, topicNames } from '../../src/flow/runtime.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Append, LogRecord } from '../../src/records.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const service = (name: string) =>
  `service: ${name}
streams:
  requests: { topic: ${name}.requests }
  labels: { topic: ${name}.labels, fields: { y: y } }
outputs: { y: { type: regressor } }
windows: { size: 1m, lateness: 0s }
join: { max_delay: 2h }
`;
const MINUTE_MS = 60_000;

let log: MemoryLog;
let nowMs = 0;
let closed = 0;
let dir = '';

beforeEach(() => {
  nowMs = Date.now();
  closed = 0;
  log = createMemoryLog({ now: () => nowMs });
  log.createTopic('t.dead', 2);
  log.createTopic('fraud.requests', 3);
  log.createTopic('fraud.labels', 1);
  dir = folder({
    'telltale.yaml': 'topics: { prefix: t. }\n',
    'services/fraud.yaml': service('fraud'),
    'services/shop.yaml': service('shop'),
  });
});

const wiring = () =>
  fakeWiring({
    openLog: async () => ({
      ...log,
      close: async () => {
        closed++;
      },
    }),
  });
const cli = (...args: string[]) => telltale(['--config', dir, 'dead', ...args], wiring());

interface Put {
  topic?: string;
  partition?: number;
  code?: string;
  stage?: string;
  message?: string;
  service?: string;
  key?: string | null;
  value?: Buffer;
  headers?: Record<string, Buffer>;
  /** Seals it. */
  privacy?: Privacy;
}

/** As the flow puts a record aside, so that both agree about the headers. */
async function put(offset: number, given: Put = {}): Promise<void> {
  const {
    topic = 'fraud.requests',
    partition = 2,
    code = 'avro',
    stage = 'decode',
    message = 'truncated',
  } = given;
  const record: LogRecord = {
    topic,
    partition,
    offset,
    timestampMs: nowMs,
    key: given.key === null ? null : Buffer.from(given.key ?? `k${offset}`),
    value: given.value ?? Buffer.from(`bytes ${offset}`),
    headers: given.headers ?? {},
  };
  const spec = { inputs: [{ sensitive: true }] };
  const services = given.privacy === undefined ? new Map() : new Map([['fraud', { spec }]]);
  const runtime = { topics: topicNames('t.'), services, privacy: given.privacy } as unknown as Runtime;
  const letter = { offset, code, stage, message, record };
  await log.append(appendsOf(runtime, { type: 'dead', record: letter }, given.service ?? 'fraud'));
}

async function all(topic: string): Promise<LogRecord[]> {
  const partitions = (await log.partitions([topic])).get(topic)!;
  const read = Array.from({ length: partitions }, (_, partition) => log.read(topic, partition, 0, 10_000, 0));
  return (await Promise.all(read)).flat();
}

const jsonOf = (out: string) =>
  JSON.parse(out) as Record<string, unknown[]> & { ok: boolean; matched: number };

describe('telltale dead list', () => {
  it('shows each record once, newest first, with how often it was put aside', async () => {
    nowMs = Date.parse('2026-03-01T08:00:00Z');
    await put(7);
    await put(8, {
      service: '',
      code: 'refused',
      stage: 'sink',
      topic: 't.alerts',
      message: 'a\u001b[31m\nb',
    });
    nowMs += MINUTE_MS;
    await put(7);
    const { code, out, err } = await cli('list');
    expect([code, err, closed]).toEqual([0, '', 1]);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['TIME', 'CODE', 'STAGE', 'SERVICE', 'RECORD', 'N', 'REPLAYED', 'MESSAGE'],
      ['2026-03-01T08:01:00.000Z', 'avro', 'decode', 'fraud', 'fraud.requests/2@7', '2', '-', 'truncated'],
      ['2026-03-01T08:00:00.000Z', 'refused', 'sink', '-', 't.alerts/2@8', '1', '-', 'a\\u001b[31m\\nb'],
      [''],
    ]);
  });

  it('filters, limits, and says how many there are', async () => {
    nowMs -= 3 * 60 * MINUTE_MS;
    for (let offset = 0; offset < 4; offset++) await put(offset);
    nowMs += 2 * 60 * MINUTE_MS;
    await put(4, { service: 'shop' });
    await put(5, { code: 'json' });
    await put(6, { stage: 'join', code: 'failed' });
    await log.append([{ topic: 't.dead', key: null, value: Buffer.from('of somebody else') }]);
    const offsets = async (...args: string[]) => {
      const { letters, matched, strangers } = jsonOf((await cli('list', '--json', ...args)).out);
      expect(strangers).toBe(1);
      return [(letters as { offset: number }[]).map(({ offset }) => offset), matched];
    };
    expect(await offsets()).toEqual([[6, 5, 4, 3, 2, 1, 0], 7]);
    expect(await offsets('--limit', '2')).toEqual([[6, 5], 7]);
    expect(await offsets('--service', 'shop')).toEqual([[4], 1]);
    expect(await offsets('--code', 'json')).toEqual([[5], 1]);
    expect(await offsets('--stage', 'join')).toEqual([[6], 1]);
    expect(await offsets('--since', '2h', '--service', 'fraud')).toEqual([[6, 5], 2]);
    expect(await offsets('--since', new Date(nowMs + 1).toISOString())).toEqual([[], 0]);
    const { out } = await cli('list', '--limit', '2');
    expect(out).toMatch(/2 of 7; see --limit\n1 records of t\.dead are no dead letters\n$/);
  });

  it.each([
    [['list', '--limit', '0'], '--limit'],
    [['list', '--limit', 'x'], '--limit'],
    [['list', '--since', 'yesterday'], '--since'],
    [['replay'], 'say which'],
    [['replay', '--id', 'fraud.requests-7'], '--id'],
    [['replay', '--service', 'fraud', '--limit', '1.5'], '--limit'],
  ])('ends with 2 on wrong usage: %j', async (args, word) => {
    const { code, err } = await cli(...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^error\[usage\]/);
    expect(err).toContain(word);
  });

  it('fails where there is no topic of dead letters', async () => {
    log = createMemoryLog();
    const { code, err } = await cli('list');
    expect([code, closed]).toEqual([1, 1]);
    expect(err).toContain('error[topic_missing] topic t.dead does not exist');
  });
});

describe('telltale dead replay', () => {
  it('puts the same bytes, key and headers back where they were, and says where they come from', async () => {
    const headers = { trace: Buffer.from([1, 2]), 'x-own': Buffer.from('kept') };
    const value = Buffer.from([0, 255, 10]);
    await put(7, { headers, value, key: null });
    await put(8);
    const { code, out } = await cli('replay', '--id', 'fraud.requests/2@7');
    expect(code).toBe(0);
    expect(out).toMatch(/fraud\.requests\/2@7 +replayed +avro\n1 replayed, 0 refused\n$/);
    const records = await all('fraud.requests');
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ partition: 2, key: null, value });
    const [letter] = (await all('t.dead')).filter((record) => record.headers['x-offset']?.toString() === '7');
    expect(records[0]!.headers).toEqual({
      ...headers,
      'x-replayed-from': Buffer.from(`dead/${letter!.partition}@${letter!.offset}`),
    });
  });

  it('puts duplicates back once, in the order of their topic, and nothing in a dry run', async () => {
    for (const offset of [9, 3, 9, 5]) await put(offset, { key: `k${offset}` });
    const dry = await cli('replay', '--service', 'fraud', '--dry-run', '--json');
    expect(jsonOf(dry.out)).toMatchObject({ ok: true, dryRun: true, refused: [] });
    expect(await all('fraud.requests')).toEqual([]);
    expect(await all('t.dead')).toHaveLength(4);
    const { out } = await cli('replay', '--service', 'fraud', '--json');
    const ids = (jsonOf(out).replayed as { offset: number }[]).map(({ offset }) => offset);
    expect(ids).toEqual([3, 5, 9]);
    const values = (await all('fraud.requests')).map(({ value }) => value!.toString());
    expect(values.sort()).toEqual(['bytes 3', 'bytes 5', 'bytes 9']);
  });

  it('remembers what was replayed, on the topic itself', async () => {
    await put(7);
    await put(8);
    expect((await cli('replay', '--id', 'fraud.requests/2@7')).code).toBe(0);
    const listed = jsonOf((await cli('list', '--json')).out).letters as { offset: number; replay: string }[];
    expect(listed.map(({ offset, replay }) => [offset, replay]).sort()).toEqual([
      [7, 'done'],
      [8, 'none'],
    ]);
    const named = await cli('replay', '--id', 'fraud.requests/2@7', '--json');
    expect(named.code).toBe(1);
    expect(jsonOf(named.out)).toMatchObject({
      ok: false,
      error: 'replay_refused',
      refused: [{ id: 'fraud.requests/2@7', reason: expect.stringContaining('replayed before') }],
    });
    // Among all of a service it is only left out.
    const rest = await cli('replay', '--service', 'fraud');
    expect(rest.code).toBe(0);
    expect(rest.out).toContain('1 replayed, 1 refused');
    expect((await cli('replay', '--id', 'fraud.requests/2@7', '--again')).code).toBe(0);
    const values = (await all('fraud.requests')).map(({ value }) => value!.toString());
    expect(values.sort()).toEqual(['bytes 7', 'bytes 7', 'bytes 8']);
  });

  it('says so when a replay was cut short, for nobody can know what became of the record', async () => {
    await put(7);
    const broken = { ...log };
    broken.append = async (batch: readonly Append[]) => {
      if (batch.some(({ topic }) => topic === 'fraud.requests')) throw new Error('cut');
      return log.append(batch);
    };
    const cut = await telltale(
      ['--config', dir, 'dead', 'replay', '--service', 'fraud'],
      fakeWiring({ openLog: async () => broken }),
    );
    expect(cut.code).toBe(1);
    expect((await cli('list')).out).toMatch(/fraud\.requests\/2@7 +1 +begun/);
    const { code, err, out } = await cli('replay', '--id', 'fraud.requests/2@7');
    expect(code).toBe(1);
    expect(out).toContain('it may be in its topic already');
    expect(err).toContain('error[replay_refused] 1 records were refused');
    expect((await cli('replay', '--id', 'fraud.requests/2@7', '--again')).code).toBe(0);
    expect((await cli('list')).out).toMatch(/fraud\.requests\/2@7 +1 +done/);
  });

  it('refuses what cannot be put back, says why, and replays the rest', async () => {
    await put(1);
    await put(2, { value: Buffer.alloc(1_000_000), code: 'too_large' });
    for (const name of [
      'alerts',
      'results',
      'incidents',
      'retrain',
      'rollout',
      'events',
      'slots',
      'telemetry',
    ])
      await put(3, { topic: `t.${name}`, stage: 'sink' });
    await put(4, { topic: 'old.requests' });
    await put(5, { topic: 'shop.requests' });
    const { code, out } = await cli('replay', '--since', '1h', '--id', 'gone/0@1', '--json');
    expect(code).toBe(1);
    expect(jsonOf(out)).toMatchObject({ replayed: [], refused: [{ id: 'gone/0@1' }] });
    const all8 = await cli('replay', '--since', '1h', '--json');
    expect(all8.code).toBe(1);
    const refused = jsonOf(all8.out).refused as { id: string; reason: string }[];
    expect(jsonOf(all8.out).replayed).toMatchObject([{ id: 'fraud.requests/2@1' }]);
    const reasons = Object.fromEntries(refused.map(({ id, reason }) => [id, reason]));
    expect(Object.keys(reasons)).toHaveLength(11);
    expect(reasons['fraud.requests/2@2']).toBe('only the beginning is kept of its 1000000 bytes');
    for (const name of ['alerts', 'results', 'incidents', 'retrain', 'rollout'])
      expect(reasons[`t.${name}/2@3`]).toContain('is an output of Telltale');
    for (const name of ['events', 'slots', 'telemetry'])
      expect(reasons[`t.${name}/2@3`]).toContain("a log of Telltale's own");
    expect(reasons['old.requests/2@4']).toBe('no service reads old.requests');
    expect(reasons['shop.requests/2@5']).toBe('the topic shop.requests does not exist');
    for (const topic of ['fraud.requests', 'fraud.labels'])
      expect(await all(topic)).toHaveLength(topic === 'fraud.requests' ? 1 : 0);
  });

  it('opens what is sealed with its key, and refuses it without', async () => {
    const secret = 'the key of this letter';
    await put(1, { privacy: createPrivacy(secret), message: 'quotes a secret' });
    const listed = await cli('list');
    expect(listed.out).toContain('the Avro bytes are truncated');
    expect(listed.out).not.toContain('secret');
    const without = await cli('replay', '--service', 'fraud', '--json');
    expect([without.code, jsonOf(without.out).refused]).toEqual([
      1,
      [{ id: 'fraud.requests/2@1', reason: expect.stringContaining('privacy.key') }],
    ]);
    writeFileSync(join(dir, 'telltale.yaml'), `topics: { prefix: t. }\nprivacy: { key: ${secret} }\n`);
    expect((await cli('replay', '--service', 'fraud')).code).toBe(0);
    expect(await all('fraud.requests')).toMatchObject([
      { partition: 2, key: Buffer.from('k1'), value: Buffer.from('bytes 1') },
    ]);
  });

  it('asks for --yes when there are many, and takes a limit', async () => {
    for (let offset = 0; offset < 101; offset++) await put(offset);
    const { code, err } = await cli('replay', '--service', 'fraud');
    expect(code).toBe(2);
    expect(err).toContain('101 records would be put back');
    expect(await all('fraud.requests')).toEqual([]);
    expect((await cli('replay', '--service', 'fraud', '--limit', '1')).code).toBe(0);
    expect((await all('fraud.requests')).map(({ value }) => value!.toString())).toEqual(['bytes 0']);
    expect((await cli('replay', '--service', 'fraud', '--yes')).code).toBe(0);
    expect(await all('fraud.requests')).toHaveLength(101);
  });

  it('warns of what will be late, by the windows of the service and the wait for labels', async () => {
    nowMs -= 5 * MINUTE_MS;
    await put(1);
    await put(2, { topic: 'fraud.labels', partition: 0 });
    const { err, code } = await cli('replay', '--service', 'fraud');
    expect(code).toBe(0);
    expect(err).toMatch(
      /^warning: 1 of these were put aside longer ago .* count as late and change no result\n$/,
    );
  });

  it('keeps the way of a record that fails again', async () => {
    await put(7, { headers: { 'x-replayed-from': Buffer.from('dead/0@4') } });
    const [letter] = jsonOf((await cli('list', '--json')).out).letters as { replayedFrom: string }[];
    expect(letter!.replayedFrom).toBe('dead/0@4');
  });
});
