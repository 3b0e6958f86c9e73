/** What every log does, whatever is behind it. */
import { expect, test } from 'vitest';
import { partitionOf } from '../../src/log/partition.ts';
import type { Log } from '../../src/log/port.ts';
import type { LogRecord } from '../../src/records.ts';

export interface LogUnderTest {
  log: Log;
  /** A topic that no other test uses. */
  createTopic(partitions: number): Promise<string>;
  /** Forgets the records of partition 0 below an offset. */
  trim(topic: string, beforeOffset: number): Promise<void>;
}

/** All records of a partition from `from` on, read in steps. */
export async function readAll(log: Log, topic: string, partition: number, from = 0): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  const { next } = await log.ends(topic, partition);
  for (let offset = from; offset < next; ) {
    const records = await log.read(topic, partition, offset, 7, 0);
    if (records.length === 0) break;
    all.push(...records);
    offset = records.at(-1)!.offset + 1;
  }
  return all;
}

const numbered = (topic: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({
    topic,
    partition: 0,
    key: `k${from + i}`,
    value: Buffer.from(String(from + i)),
  }));

const valuesOf = (records: readonly LogRecord[]) => records.map(({ value }) => Number(value));
const sequence = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export function logContract(subject: () => LogUnderTest): void {
  test('knows the partitions of topics that exist, and leaves out the others', async () => {
    const { log, createTopic } = subject();
    const [one, three] = [await createTopic(1), await createTopic(3)];
    const found = await log.partitions([three, `${three}-not-there`, one]);
    expect([...found].sort()).toEqual(
      [
        [one, 1],
        [three, 3],
      ].sort(),
    );
  });

  test('reads back keys, values, headers and nulls with offsets and a time', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(2);
    const since = Date.now() - 60_000;
    await log.append([
      {
        topic,
        partition: 1,
        key: 'a',
        value: Buffer.from([0, 255]),
        headers: { h: 'x', b: Buffer.from([7]) },
      },
      { topic, partition: 1, key: null, value: Buffer.from('v') },
      { topic, partition: 1, key: Buffer.from([1, 2]), value: null },
    ]);
    const records = await readAll(log, topic, 1);
    expect(records.map(({ timestampMs: _time, ...rest }) => rest)).toEqual([
      {
        topic,
        partition: 1,
        offset: 0,
        key: Buffer.from('a'),
        value: Buffer.from([0, 255]),
        headers: { h: Buffer.from('x'), b: Buffer.from([7]) },
      },
      { topic, partition: 1, offset: 1, key: null, value: Buffer.from('v'), headers: {} },
      { topic, partition: 1, offset: 2, key: Buffer.from([1, 2]), value: null, headers: {} },
    ]);
    for (const { timestampMs } of records) expect(timestampMs).toBeGreaterThan(since);
    expect(await readAll(log, topic, 0)).toEqual([]);
  });

  test('places keys as Java producers do, and spreads records without one', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(4);
    const keys = Array.from({ length: 50 }, (_, i) => `key-${i * i}`);
    await log.append(keys.map((key) => ({ topic, key, value: null })));
    for (let partition = 0; partition < 4; partition++) {
      const found = (await readAll(log, topic, partition)).map(({ key }) => String(key));
      expect(found).toEqual(keys.filter((key) => partitionOf(key, 4) === partition));
    }
    const bare = await createTopic(4);
    await log.append(Array.from({ length: 8 }, () => ({ topic: bare, key: null, value: Buffer.from('v') })));
    for (let partition = 0; partition < 4; partition++)
      expect(await log.ends(bare, partition)).toEqual({ first: 0, next: 2 });
  });

  test('keeps the order of one append and of several', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(1);
    for (let from = 0; from < 500; from += 100) await log.append(numbered(topic, 100, from));
    const records = await readAll(log, topic, 0);
    expect(valuesOf(records)).toEqual(sequence(0, 500));
    expect(records.map(({ offset }) => offset)).toEqual(sequence(0, 500));
  });

  test('an empty append is nothing', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(1);
    await log.append([]);
    expect(await log.ends(topic, 0)).toEqual({ first: 0, next: 0 });
  });

  test('reads from the middle, and nothing at and beyond the end', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(1);
    await log.append(numbered(topic, 20));
    expect(valuesOf(await readAll(log, topic, 0, 13))).toEqual(sequence(13, 20));
    expect(await log.read(topic, 0, 20, 10, 0)).toEqual([]);
    expect(await log.read(topic, 0, 99, 10, 0)).toEqual([]);
  });

  test('begins at the first record where older ones are gone', async () => {
    const { log, createTopic, trim } = subject();
    const topic = await createTopic(1);
    await log.append(numbered(topic, 20));
    await trim(topic, 12);
    expect(await log.ends(topic, 0)).toEqual({ first: 12, next: 20 });
    expect(valuesOf(await readAll(log, topic, 0, 3))).toEqual(sequence(12, 20));
    await trim(topic, 20);
    expect(await log.read(topic, 0, 0, 10, 0)).toEqual([]);
    await log.append(numbered(topic, 1, 20));
    expect((await readAll(log, topic, 0))[0]).toMatchObject({ offset: 20 });
  });

  test('a group that committed nothing has no position', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(1);
    expect(await log.committed(`${topic}-group`, topic, 0)).toEqual({ offset: null, metadata: '' });
  });

  test('says that a topic is missing', async () => {
    const { log, createTopic } = subject();
    const topic = await createTopic(1);
    await expect(log.read(topic, 5, 0, 10, 0)).rejects.toMatchObject({ code: 'topic_missing' });
  });
}
