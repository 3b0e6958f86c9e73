/** Who answered a request and who decided on it, on its way through the join. */

import { expect, test } from 'vitest';
import { createDecoder } from '../../src/decode/decoder.ts';
import { eventsOf } from '../../src/flow/events-of.ts';
import { ROUTED, ROUTED_WIDTH } from '../../src/flow/join-columns.ts';
import { stepJoin } from '../../src/flow/join-fold.ts';
import {
  createJoinFold,
  type JoinFold,
  packJoins,
  unpackJoins,
  withSpec,
} from '../../src/flow/join-state.ts';
import type { JoinEvent } from '../../src/flow/messages.ts';
import { readRouted } from '../../src/flow/routed.ts';
import { rowsOf } from '../../src/join/table.ts';
import type { RolloutSpec, ServiceSpec } from '../../src/records.ts';
import { type RoutedDecision, routedHeaders } from '../../src/router/index.ts';
import { NOW_MS, specOf, T0 } from '../scenario/support.ts';
import { TWO_MODELS } from '../scenario/two-models.ts';

const PLAIN = specOf(TWO_MODELS);
const ROLLED: ServiceSpec = { ...PLAIN, rollout: { candidate: 'new' } as RolloutSpec };
const STREAM = PLAIN.streams[0]!;
/** Of both models: class and score. */
const ANSWERS = [1, 0.9, 0, 0.1];

const headersOf = (version: string, key: 'id' | 'key', decided?: RoutedDecision) =>
  routedHeaders({ version, epoch: 7, by: 'key' }, key, decided);

/** The events of requests with these headers, as fold A writes them under a configuration. */
function eventsUnder(spec: ServiceSpec, all: readonly Record<string, string>[]): JoinEvent[] {
  const records = all.map((headers, offset) => ({
    ...{ topic: STREAM.topic, partition: 0, offset, timestampMs: NOW_MS, key: Buffer.from(`r${offset}`) },
    value: Buffer.from(JSON.stringify({ id: `r${offset}`, time: T0, a: 0.9, b: 0.1 })),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  }));
  const batch = createDecoder(spec, STREAM, { schemas: null, schemaFile: null }).decode(records);
  readRouted(spec, records, batch);
  const state = new Uint8Array(batch.n);
  const models = [0.9, 0.1].map((score) => [
    {
      ...{ kind: 'class' as const, codes: new Int32Array(batch.n).fill(score > 0.5 ? 1 : 0) },
      ...{ scores: new Float64Array(batch.n).fill(score), state },
    },
  ]);
  const seen = { late: new Uint8Array(batch.n), knownMs: batch.times };
  const origin = { topic: STREAM.topic, partition: 0 };
  return eventsOf(spec, 'requests', origin, batch, { models, images: [] }, seen);
}

const folded = (spec: ServiceSpec, events: readonly JoinEvent[]): JoinFold => {
  const fold = createJoinFold(spec);
  for (const [offset, event] of events.entries()) stepJoin(fold, event, offset);
  return fold;
};

const numbersOf = ({ requests }: JoinFold, from: number, width: number): number[][] =>
  rowsOf(requests).map((row) => {
    const at = row * requests.stride + from;
    return [...requests.numbers.subarray(at, at + width)];
  });
const routedOf = (fold: JoinFold): number[][] => numbersOf(fold, fold.layout.routed, ROUTED_WIDTH);
const answersOf = (fold: JoinFold): number[][] => numbersOf(fold, fold.layout.answers, ANSWERS.length);

const SAID = [
  headersOf('new', 'id', 'model'),
  headersOf('old', 'key', 'blind'),
  headersOf('x', 'id'),
  { 'telltale-decided': 'person' },
  { 'telltale-decided': 'nobody' },
];
const NUMBERS = [
  [1, 7, 0],
  [0, Number.NaN, 2],
  [2, 7, Number.NaN],
  [Number.NaN, Number.NaN, 1],
  [Number.NaN, Number.NaN, Number.NaN],
];

test('stands behind the answers, and is kept with the request', () => {
  const events = eventsUnder(ROLLED, SAID);
  expect(events.map(({ numbers }) => numbers)).toEqual(NUMBERS.map((said) => [...ANSWERS, ...said]));
  const fold = folded(ROLLED, events);
  expect(routedOf(fold)).toEqual(NUMBERS);
  expect(answersOf(fold)).toEqual(NUMBERS.map(() => ANSWERS));
  expect(Object.keys(ROUTED)).toHaveLength(ROUTED_WIDTH);
  const [kept] = unpackJoins(packJoins([fold]), () => ROLLED);
  expect([routedOf(kept!), answersOf(kept!)]).toEqual([routedOf(fold), answersOf(fold)]);
});

test('a service with degrees of automation alone asks too, and one with neither pays nothing', () => {
  const automation = {} as NonNullable<ServiceSpec['automation']>;
  expect(routedOf(folded({ ...PLAIN, automation }, eventsUnder({ ...PLAIN, automation }, SAID)))).toEqual(
    NUMBERS,
  );
  expect(eventsUnder(PLAIN, SAID).every(({ numbers }) => numbers.length === ANSWERS.length)).toBe(true);
  expect(createJoinFold(PLAIN).requests.stride).toBe(createJoinFold(ROLLED).requests.stride - ROUTED_WIDTH);
});

test('what is pending is kept where a service begins to ask, or stops', () => {
  const plain = folded(PLAIN, eventsUnder(PLAIN, SAID));
  const nothing = NUMBERS.map(() => [Number.NaN, Number.NaN, Number.NaN]);
  for (const asks of [withSpec(plain, ROLLED), unpackJoins(packJoins([plain]), () => ROLLED)[0]!])
    expect([routedOf(asks), answersOf(asks)]).toEqual([nothing, answersOf(plain)]);
  const rolled = folded(ROLLED, eventsUnder(ROLLED, SAID));
  for (const stops of [withSpec(rolled, PLAIN), unpackJoins(packJoins([rolled]), () => PLAIN)[0]!])
    expect([stops.requests.stride, answersOf(stops)]).toEqual([plain.requests.stride, answersOf(rolled)]);
});

test('events of before a service asked, and of after it stopped, keep their answers', () => {
  const early = folded(ROLLED, eventsUnder(PLAIN, SAID));
  expect(answersOf(early)).toEqual(NUMBERS.map(() => ANSWERS));
  expect(routedOf(early).flat().every(Number.isNaN)).toBe(true);
  expect(answersOf(folded(PLAIN, eventsUnder(ROLLED, SAID)))).toEqual(NUMBERS.map(() => ANSWERS));
});

test('numbers of other models are none of ours', () => {
  const [event] = eventsUnder(ROLLED, SAID);
  const fold = folded(ROLLED, [{ ...event!, numbers: [1, 0.9, 1, 0.9, 1, 7] }]);
  expect([...answersOf(fold).flat(), ...routedOf(fold).flat()].every(Number.isNaN)).toBe(true);
});
