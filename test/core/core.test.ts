import { describe, expect, test } from 'vitest';
import { encodeSlot as encodeCoreSlot } from '../../src/core/avro.ts';
import { type CoreSpec, createProfiler, type SlotRecord, slotsPartitionOf } from '../../src/core/index.ts';
import { encodeSlot } from '../../src/flow/wire.ts';
import { unpackTracks } from '../../src/profile/registry.ts';
import { openDrive, sorted, specOf, total } from '../scenario/support.ts';
import { rowsOf, T0 } from './rows.ts';
import { contentsOf, decoded, SPEC, YAML } from './support.ts';

const NOW = T0 + 3_600_000;
const ROWS = 10_000;

const profilerOf = (source: string, more: object = {}) =>
  createProfiler(SPEC, { source, categoryRowsMin: 1, ...more });

const sent = (rows: readonly object[]) =>
  rows.map((value) => ({ stream: 'requests' as const, key: (value as { id: string }).id, value }));

/** Results of the daemon that reads `rows`, with slots of others on its topic. */
async function resultsWith(rows: readonly object[], others: readonly SlotRecord[]): Promise<string[]> {
  const driver = await openDrive(YAML, {});
  const topic = 't.slots';
  await driver.append(
    others.map(({ key, value }) => ({
      topic,
      partition: slotsPartitionOf('shop', 2),
      key,
      value: Buffer.from(value),
    })),
  );
  await driver.send(sent(rows));
  const { results, dead } = await driver.end();
  await driver.close();
  expect(dead).toEqual([]);
  expect(total(results, 'volume')).toBe(ROWS);
  return sorted(results);
}

describe('slots of telltale/core', () => {
  test('are bytes of the topic as the daemon writes them', () => {
    const profiler = profilerOf('a');
    expect(profiler.add(rowsOf(0, 3_000), NOW)).toEqual([]);
    const slots = profiler.takeSlots();
    expect(slots.length).toBeGreaterThan(3);
    const distinct = {
      ...decoded(slots[0]!),
      ...{ partition: 1, paneStartMs: -2, segmentation: 3, part: 4, maturity: 5, upTo: 2 ** 40, seenFrom: 7 },
      ...{ evictedFrom: -8, rows: 9, firstOffset: 10, lastOffset: 11, segment: 'land=grün' },
    };
    expect(Buffer.from(encodeCoreSlot(distinct))).toEqual(encodeSlot(distinct));
    for (const record of slots) expect(Buffer.from(record.value)).toEqual(encodeSlot(decoded(record)));
    expect(profiler.takeSlots()).toEqual([]);
  });

  test('count beside the rows of the daemon as if it had read all, also when they are written twice', async () => {
    const [here, there, elsewhere] = [rowsOf(0, 3_000), rowsOf(3_000, 7_000), rowsOf(7_000, ROWS)];
    const whole = await resultsWith([...here, ...there, ...elsewhere], []);
    const slots = [
      ['phone', here],
      ['kiosk', there],
    ].flatMap(([source, rows]) => {
      const profiler = profilerOf(source as string);
      const found: SlotRecord[] = [];
      for (let at = 0; at < rows!.length; at += 700) {
        profiler.add((rows as object[]).slice(at, at + 700), NOW);
        found.push(...profiler.takeSlots());
      }
      return found;
    });
    expect(await resultsWith(elsewhere, slots)).toEqual(whole);
    expect(await resultsWith(elsewhere, [...slots, ...[...slots].reverse()])).toEqual(whole);
  });

  test('are the same for any split, and when another goes on from what was saved', () => {
    const once = profilerOf('a');
    once.add(rowsOf(0, ROWS), NOW);
    const first = profilerOf('a');
    first.add(rowsOf(0, 4_321), NOW);
    const before = first.takeSlots();
    const second = profilerOf('a', { saved: first.save() });
    expect(second.takeSlots()).toEqual([]);
    second.add(rowsOf(4_321, ROWS), NOW);
    expect(contentsOf([...before, ...second.takeSlots()])).toEqual(contentsOf(once.takeSlots()));
  });

  test('hold no rare category by default, and count its rows', () => {
    const profiler = createProfiler(SPEC, { source: 'a' });
    profiler.add(rowsOf(0, ROWS), NOW);
    const slots = profiler.takeSlots();
    expect(slots.map(({ value }) => Buffer.from(value).toString('latin1')).join()).not.toContain('rare');
    const counted = slots.flatMap((record) => {
      const track = unpackTracks(decoded(record).tracks).get('input//country');
      return track?.kind === 'categorical' ? [track.state] : [];
    });
    expect(counted.reduce((sum, { n }) => sum + n, 0)).toBe(ROWS);
    expect(counted.reduce((sum, { other }) => sum + other, 0)).toBe(6);
    const told = profilerOf('a');
    told.add(rowsOf(0, ROWS), NOW);
    expect(
      told
        .takeSlots()
        .map(({ value }) => Buffer.from(value).toString('latin1'))
        .join(),
    ).toContain('rare');
  });

  test('rows that cannot be read come back and count as dead', () => {
    const profiler = profilerOf('a');
    const [good] = rowsOf(0, 1);
    const refused = profiler.add([good, { id: 'x', time: NOW + 86_400_000 }, 7, { time: T0 }], NOW);
    expect(refused.map(({ row, code }) => [row, code])).toEqual([
      [1, 'time_future'],
      [2, 'id_missing'],
      [3, 'id_missing'],
    ]);
    const rows = profiler
      .takeSlots()
      .map((record) => unpackTracks(decoded(record).tracks).get('rows//requests'))
      .flatMap((track) => (track?.kind === 'counters' ? [...track.state] : []));
    expect(Object.fromEntries(rows)).toEqual({ rows: 1, dead: 3 });
  });

  test.each<[string, CoreSpec, string]>([
    [
      'a sensitive input',
      { ...SPEC, inputs: SPEC.inputs.map((input) => ({ ...input, sensitive: true as const })) },
      "'amount' is sensitive",
    ],
    ['an image', specOf(YAML.replace('{ type: text }', '{ type: image }')), "'query' is an image"],
    ['segments of open categories', specOf(YAML.replace('[[plan]]', '[[country]]')), "segments by 'country'"],
    ['no requests', { ...SPEC, streams: [] }, 'no stream requests'],
  ])('%s is refused', (_, spec, words) => {
    expect(() => createProfiler(spec, { source: 'a' })).toThrow(words);
  });

  test('what was saved in another form is refused', () => {
    expect(() => profilerOf('a', { saved: '{"format":"x"}' })).toThrow('telltale-core/1');
  });
});
