/** What fold A counts of headers that say who answered, whoever wrote them. */

import { describe, expect, test } from 'vitest';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createObserve, stepObserve } from '../../src/flow/observe.ts';
import { takeDirtySlots } from '../../src/flow/pane-slots.ts';
import { createRollouts, restoreRollouts } from '../../src/flow/rollouts.ts';
import { PAIRS_MAX, ROUTED_KEY, readRouted, routedCounts, sumRouted } from '../../src/flow/routed.ts';
import { type Tracks, unpackTracks } from '../../src/profile/registry.ts';
import type { LogRecord, RolloutSpec, ServiceSpec } from '../../src/records.ts';
import { ROUTED_HEADERS } from '../../src/router/index.ts';
import { NOW_MS, randomOf, specOf, T0 } from '../scenario/support.ts';

const SPEC: ServiceSpec = {
  ...specOf(`
service: shop
streams: { requests: { topic: shop.requests } }
inputs: { a: { type: numeric } }
outputs: { fraud: { type: classifier, classes: ['no', 'yes'] } }
models:
  - { name: old, role: primary, file: none.onnx, inputs: { X: [a] }, outputs: { fraud: { probabilities: p } } }
  - { name: new-2, role: shadow, file: none.onnx, inputs: { X: [a] }, outputs: { fraud: { probabilities: p } } }
windows: { size: 1m, lateness: 5s }
`),
  rollout: { candidate: 'new-2' } as RolloutSpec,
};
const STREAM = SPEC.streams[0]!;

type HeaderValues = Record<string, string | Buffer>;
const said = (version: string | Buffer, epoch: string | Buffer, by: string | Buffer): HeaderValues => ({
  [ROUTED_HEADERS.version]: version,
  [ROUTED_HEADERS.epoch]: epoch,
  [ROUTED_HEADERS.by]: by,
});

const recordsOf = (all: readonly (HeaderValues | null)[]): LogRecord[] =>
  all.map((headers, offset) => ({
    ...{ topic: STREAM.topic, partition: 0, offset, timestampMs: NOW_MS, key: Buffer.from(`r${offset}`) },
    // One that is no record stands between the others.
    value: Buffer.from(headers === null ? 'no JSON' : JSON.stringify({ time: T0 + offset, a: 1 })),
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(text)]),
    ),
  }));

/** The counts of the pane after these records, folded in runs of so many; '' where there is no track. */
function counted(records: readonly LogRecord[], run = records.length, spec = SPEC): string[] | '' {
  const decoder = createDecoder(spec, STREAM, { schemas: null, schemaFile: null });
  const source = {
    service: 'shop',
    group: 'requests' as const,
    topic: STREAM.topic,
    partition: 0,
    writer: 'w',
  };
  const state = createObserve(spec, 'requests', STREAM.topic, 0);
  let tracks: Tracks = new Map();
  for (let at = 0; at < records.length; at += run) {
    const some = records.slice(at, at + run);
    const batch = decoder.decode(some);
    readRouted(spec, some, batch);
    stepObserve(state, batch, { models: [], images: [] }, some.at(-1)!.offset);
    for (const output of takeDirtySlots(state.panes, source, state.upTo, 0))
      if (output.type === 'slot') tracks = unpackTracks(output.record.tracks);
  }
  const track = tracks.get(ROUTED_KEY);
  return track?.kind === 'counters' ? [...track.state].map(([name, n]) => `${name} ${n}`).sort() : '';
}

test('requests count by version, and by table where their id was routed', () => {
  const records = recordsOf([
    said('old', '7', 'id'),
    said('new-2', '7', 'id'),
    null,
    said('old', '8', 'id'),
    said('old', '7', 'id'),
    said('new-2', '7', 'key'),
    said('new-2', '7', 'override'),
    {},
  ]);
  const names = ['7=new-2 1', '7=old 2', '8=old 1', '=new-2 3', '=old 3'];
  for (let run = 1; run <= records.length; run++) expect(counted(records, run)).toEqual(names);
  const { rollout: _, ...without } = SPEC;
  expect(counted(records, 3, without)).toBe('');
  expect(counted(recordsOf([{}, {}]))).toBe('');
});

test('whether there is a track does not depend on what else is read with a record', () => {
  const late = recordsOf([{}, said('old', '0', 'id')]);
  late[1]!.value = Buffer.from(JSON.stringify({ time: T0 + 60_000, a: 1 }));
  const decoder = createDecoder(SPEC, STREAM, { schemas: null, schemaFile: null });
  const state = createObserve(SPEC, 'requests', STREAM.topic, 0);
  const batch = decoder.decode(late);
  readRouted(SPEC, late, batch);
  stepObserve(state, batch, { models: [], images: [] }, 1);
  const has = [...state.panes.open.values()].map(({ cells }) =>
    [...cells.values()].some(({ tracks }) => tracks.has(ROUTED_KEY)),
  );
  expect(has).toEqual([false, true]);
});

describe('headers of strangers', () => {
  test.each([
    ['another version', said('x'.repeat(300), '7', 'id'), ['7= 1']],
    ['bytes that are no text', said(Buffer.from([0xff, 0xfe]), '7', 'id'), ['7= 1']],
    ['a long version', said('o'.repeat(5_000), '7', 'id'), ''],
    ['an epoch below 0', said('old', '-1', 'id'), ['=old 1']],
    ['an epoch with an exponent', said('old', '1e3', 'id'), ['=old 1']],
    ['an epoch in another way', said('old', '07', 'id'), ['=old 1']],
    ['an epoch that is not exact', said('old', '9'.repeat(16), 'id'), ['=old 1']],
    ['a long epoch', said('old', '1'.repeat(100_000), 'id'), ['=old 1']],
    ['no epoch', { [ROUTED_HEADERS.version]: 'old', [ROUTED_HEADERS.by]: 'id' }, ['=old 1']],
    ['no reason', { [ROUTED_HEADERS.version]: 'old', [ROUTED_HEADERS.epoch]: '7' }, ['=old 1']],
    ['another reason', said('old', '7', 'ID'), ['=old 1']],
  ])('%s', (_, headers, names) => {
    expect(counted(recordsOf([headers]))).toEqual(names);
  });

  test('take only so many places, and none of what the models have answered', () => {
    const random = randomOf(3);
    const rows = Array.from({ length: 3_000 }, () =>
      random() < 0.1 ? said('new-2', '1', 'id') : said('old', String(Math.floor(random() * 500)), 'id'),
    );
    const records = recordsOf(rows);
    const names = counted(records) as string[];
    const byEpoch = names.filter((name) => /^\d/.test(name));
    expect(byEpoch).toHaveLength(PAIRS_MAX);
    const sum = (some: string[]): number => some.reduce((all, name) => all + Number(name.split(' ')[1]), 0);
    expect(sum(names.filter((name) => name.startsWith('=')))).toBe(3_000);
    expect(sum(names.filter((name) => !name.startsWith('=')))).toBe(3_000);
    // Another way to cut the log keeps the same ones.
    for (const run of [1, 7, 500]) expect(counted(records, run)).toEqual(names);
  });
});

test('counts are read back from their names, and add up', () => {
  const found = routedCounts(
    new Map([
      ['=new-2', 3],
      ['7=new-2', 2],
      ['7=', 1],
      ['other', 9],
    ]),
  );
  expect(found).toEqual([
    { version: 'new-2', epoch: null, n: 3 },
    { version: 'new-2', epoch: 7, n: 2 },
    { version: '', epoch: 7, n: 1 },
  ]);
  const more = [
    { version: 'new-2', epoch: 7, n: 5 },
    { version: 'new-2', epoch: 0, n: 1 },
  ];
  expect(sumRouted(found, more).map(({ n }) => n)).toEqual([3, 7, 1, 1]);
});

test('a judge that was kept by an older version goes on without what it did not know', () => {
  const { answered: _, ...older } = createRollouts();
  const current = { rolloutId: 'r' };
  const kept = { ...older, seq: 4, states: { ...older.states, current } } as unknown as typeof older;
  const adopted = restoreRollouts(kept);
  expect(adopted).toMatchObject({
    seq: 4,
    answered: [],
    states: { current: { rolloutId: 'r', exposed: 0, split: [] } },
  });
  expect(restoreRollouts(undefined)).toEqual(createRollouts());
});
