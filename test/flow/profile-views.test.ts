import { expect, test } from 'vitest';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { createEmbedded } from '../../src/flow/embedded.ts';
import { lastLetters } from '../../src/flow/letters.ts';
import { calibrationOf, profilesOf } from '../../src/flow/profile-views.ts';
import { shownOf } from '../../src/flow/shown.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { wilson } from '../../src/metric/label-curve.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import type { Baseline, OutputSpec } from '../../src/records.ts';
import { MINUTE, specOf, T0 } from '../scenario/support.ts';
import { quiet } from './runtime.ts';

const NO_SERVICES = { services: () => [] };

const output = (classes: string[], positive: string | null): OutputSpec =>
  ({ name: 'fraud', type: 'classifier', classes, positive, threshold: 0.5 }) as OutputSpec;

test('a binary classifier is calibrated by the score of its positive class, and its risk by the confidence of its answers', () => {
  const state = createScoreBins();
  for (let i = 0; i < 8; i++) addScore(state, 0.95, i < 7 ? POSITIVE : NEGATIVE, 0.5);
  for (let i = 0; i < 10; i++) addScore(state, 0.25, i < 2 ? POSITIVE : NEGATIVE, 0.5);
  const { of, bins, curve, n } = calibrationOf(state, output(['no', 'yes'], 'yes'), 'mlp');
  expect([of, n]).toEqual(['yes', 18]);
  expect(bins.map(({ score, n, hits }) => [Number(score.toFixed(9)), n, hits])).toEqual([
    [0.25, 10, 2],
    [0.95, 8, 7],
  ]);
  expect(bins[1]).toMatchObject(wilson(7, 8));
  // The surest answers are the eight that say yes, of which one is wrong; then those that say no.
  expect(
    curve.map(({ confidence, coverage, risk }) => [Number(confidence.toFixed(9)), coverage, risk]),
  ).toEqual([
    [0.95, 8 / 18, 1 / 8],
    [0.75, 1, 3 / 18],
  ]);
});

test('any other classifier is told by the score of the class that it chose', () => {
  const state = createScoreBins();
  for (let i = 0; i < 4; i++) addScore(state, 0.7, i < 3 ? POSITIVE : NEGATIVE, 0);
  const { of, bins, curve } = calibrationOf(state, output(['a', 'b', 'c'], null), 'mlp');
  expect(of).toBe('right');
  expect(bins).toMatchObject([{ n: 4, hits: 3 }]);
  expect(curve).toMatchObject([{ coverage: 1, risk: 1 / 4 }]);
  expect(calibrationOf(createScoreBins(), output(['a', 'b'], 'b'), '')).toMatchObject({ n: 0, curve: [] });
});

const BASELINE: Baseline = {
  format: 'telltale-baseline/1',
  service: 'shop',
  n: 100,
  tracks: {
    amount: {
      ...{ type: 'numeric', n: 100, missing: 0, invalid: 0, mean: 15, std: 5, min: 10, max: 30, sketch: [] },
      ...{ edges: [20], counts: [0, 90, 10, 0] },
    },
    channel: { type: 'categorical', n: 100, missing: 0, invalid: 0, counts: { card: 75, cash: 25 } },
  },
};

async function openShop() {
  let nowMs = T0;
  const log = createMemoryLog({ now: () => nowMs++ });
  log.createTopic('shop.requests', 1);
  const parsed = specOf(`
service: shop
streams: { requests: { topic: shop.requests, time: time } }
inputs: { amount: { type: numeric }, channel: { type: categorical } }
windows: { size: 1m, lateness: 0s }
`);
  const embedded = await createEmbedded({
    ...{ log, partitions: 1, group: 'g', prefix: 't.', services: [{ ...parsed, baseline: BASELINE }] },
    ...{ schemas: null, nowMs: () => 0, counts: NO_COUNTS, logger: quiet },
    scoring: { threads: 1, shadowTimeoutMs: 1, shadowFailuresMax: 1 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
  });
  const send = async (...values: object[]): Promise<void> => {
    await embedded.append(
      values.map((value, i) => ({
        topic: 'shop.requests',
        key: `k${i}`,
        value: Buffer.from(JSON.stringify({ id: `k${i}`, ...value })),
      })),
    );
    await embedded.pump();
  };
  return { embedded, send };
}

test('the last closed window stands beside its reference, cell by cell', async () => {
  const { embedded, send } = await openShop();
  const { profiles } = shownOf(() => embedded.runtime, NO_SERVICES);
  expect(profiles('shop')).toEqual([]);
  await send(
    { time: T0, amount: 12, channel: 'card' },
    { time: T0 + 1, amount: 40, channel: 'gift' },
    { time: T0 + MINUTE, amount: 5, channel: 'card' },
  );
  const [profile, ...others] = profiles('shop');
  expect(others).toEqual([]);
  expect(profile).toMatchObject({ group: 'requests', windowStartMs: T0, windowEndMs: T0 + MINUTE });
  expect(profile!.distributions).toMatchObject([
    {
      ...{ role: 'input', subject: 'amount', borders: [10, 20, 30], current: [0, 1, 0, 1] },
      reference: [0, 90, 10, 0],
    },
    {
      ...{ subject: 'channel', borders: null, names: ['card', 'cash', '(other)'] },
      ...{ reference: [75, 25, 0], current: [1, 0, 1] },
    },
  ]);
  await embedded.end();
  expect(profiles('shop')).toMatchObject([{ windowEndMs: T0 + 2 * MINUTE }]);
  expect(shownOf(() => null, NO_SERVICES).profiles('shop')).toEqual([]);
  await embedded.close();
});

test('metrics of the reference itself are told with their interval, none that compares it with itself, and no value of one row of a sensitive input', async () => {
  const { embedded, send } = await openShop();
  await send(
    { time: T0, amount: 12, channel: 'card' },
    { time: T0 + 10 * MINUTE, amount: 12, channel: 'card' },
  );
  const running = embedded.runtime.services.get('shop')!;
  const shown = embedded.runtime.shown.get('shop')!;
  const { cell, endMs } = shown.get('requests')!;
  const reference = { ...cell.reference, state: (key: string) => cell.tracks.get(key) };
  const known = new Map([['requests' as const, { endMs, cell: { ...cell, reference } }]]);
  const [profile] = profilesOf(running.spec, known);
  const of = (metric: string) => profile!.references.filter((one) => one.metric === metric);
  expect(of('mean')).toMatchObject([{ subject: 'amount', model: '', value: 12, n: 1 }]);
  expect(of('missing_rate').map(({ subject, value }) => [subject, value])).toEqual([
    ['amount', 0],
    ['channel', 0],
  ]);
  expect([...of('psi'), ...of('rows')]).toEqual([]);
  expect(of('max')).toMatchObject([{ value: 12 }]);
  const inputs = running.spec.inputs.map((input) => ({ ...input, sensitive: true as const }));
  const [sealed] = profilesOf({ ...running.spec, inputs }, known);
  expect(sealed!.references.filter(({ metric }) => metric === 'max' || metric === 'min')).toEqual([]);
  expect(sealed!.distributions[0]).toMatchObject({
    ...{ names: ['below the reference', '< 20', '>= 20', 'above the reference'], borders: [20, 20, 20] },
    ...{ reference: [0, 90, 10, 0], current: [0, 1, 0, 0] },
  });
  await embedded.close();
});

test('the last dead letters are told newest first, each once, with what became of them', async () => {
  const { embedded, send } = await openShop();
  const { log, topics } = embedded.runtime;
  await send({ amount: 1 }, { time: T0, amount: 2 }, { time: 'never' });
  const letters = () => lastLetters(log, topics.dead, 1, 10);
  const found = await letters();
  expect(
    found.map(({ id, code, stage, service, count, replay }) => [id, code, stage, service, count, replay]),
  ).toEqual([
    ['shop.requests/0@2', 'time_missing', 'decode', 'shop', 1, 'none'],
    ['shop.requests/0@0', 'time_missing', 'decode', 'shop', 1, 'none'],
  ]);
  const [again] = await log.read(topics.dead, 0, 0, 1, 0);
  const headers = { 'x-replay-state': 'done', 'x-replay-of': 'shop.requests/0@2' };
  await log.append([
    { topic: topics.dead, partition: 0, key: null, value: again!.value, headers: again!.headers },
    { topic: topics.dead, partition: 0, key: null, value: Buffer.alloc(0), headers },
  ]);
  expect((await letters()).map(({ count, replay }) => [count, replay])).toEqual([
    [2, 'none'],
    [1, 'done'],
  ]);
  expect(await shownOf(() => embedded.runtime, NO_SERVICES).letters()).toHaveLength(2);
  expect(await shownOf(() => null, NO_SERVICES).letters()).toEqual([]);
  await embedded.close();
});
