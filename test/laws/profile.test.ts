/** The contracts of `src/profile/track.ts`, over every entry of the registry. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../src/profile/bytes.ts';
import { createCategorical, updateCategorical } from '../../src/profile/categorical.ts';
import { createConfusion } from '../../src/profile/confusion.ts';
import { count } from '../../src/profile/counters.ts';
import { createDistinct, updateDistinct } from '../../src/profile/distinct.ts';
import { createEmbedding, updateEmbedding } from '../../src/profile/embedding.ts';
import { hashesOf } from '../../src/profile/hashes.ts';
import { createHeavy, updateHeavy } from '../../src/profile/heavy.ts';
import { createJoint, standardized, updateJoint } from '../../src/profile/joint.ts';
import { createNumeric, updateNumeric } from '../../src/profile/numeric.ts';
import { type KindName, PROFILE_KINDS } from '../../src/profile/registry.ts';
import { addError, createRegression } from '../../src/profile/regression.ts';
import { addScore, createScoreBins, type ScoreLabel } from '../../src/profile/score-bins.ts';
import { addSets, createSets } from '../../src/profile/sets.ts';
import type { ProfileKind } from '../../src/profile/track.ts';
import { CELL_INVALID, CELL_MISSING, CELL_OK } from '../../src/records.ts';

/** How to make and feed a state, for the laws: an event is anything that one row can bring. */
interface Subject<State, Event> {
  create(): State;
  event: fc.Arbitrary<Event>;
  feed(state: State, events: Event[]): void;
  /** Of any state, packed. */
  bytesMax: number;
}

const subject = <State, Event>(given: Subject<State, Event>): Subject<unknown, unknown> =>
  given as unknown as Subject<unknown, unknown>;

const cellState = fc.constantFrom(CELL_OK, CELL_OK, CELL_OK, CELL_OK, CELL_MISSING, CELL_INVALID);
const rowsOf = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);
const parameters = { borders: Float64Array.of(-5, 0, 1.5, 20), low: -100, high: 1e9 };
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -10, max: 30, noNaN: true }),
  fc.constantFrom(0, -0, -5, 1.5, 20, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** -1074, 1e16, -1e16),
);

const component = fc.oneof(
  fc.float({ min: -(2 ** 20), max: 2 ** 20, noNaN: true }),
  fc.constantFrom(0, -0, 2 ** 20, -(2 ** 20), 2 ** -149, -(2 ** -33)),
);
const value = fc.oneof(
  fc.constantFrom('a', 'b', '', '🦊'),
  fc.nat(99_999).map((x) => `value ${x}`),
);
const words = { minLength: 2, maxLength: 2 };

const SUBJECTS: { readonly [K in KindName]: Subject<unknown, unknown> } = {
  numeric: subject({
    bytesMax: 40_000,
    create: () => createNumeric(parameters),
    event: fc.tuple(number, cellState),
    feed(state, events) {
      const values = Float64Array.from(events, ([value]) => value);
      const states = Uint8Array.from(events, ([, of]) => of);
      updateNumeric(state, parameters, values, states, rowsOf(events.length), events.length);
    },
  }),
  categorical: subject({
    bytesMax: 200,
    create: () => createCategorical({ known: ['card', 'cash'], categoriesMax: 3 }),
    event: fc.tuple(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz', 'card', 'cash', '', '🦊'), cellState),
    feed(state, events) {
      // The order of a dictionary is that of the batch, so it differs between splits.
      const dictionary = [...new Set(events.map(([category]) => category))];
      const codes = Int32Array.from(events, ([category]) => dictionary.indexOf(category));
      const states = Uint8Array.from(events, ([, of]) => of);
      updateCategorical(state, codes, dictionary, states, rowsOf(events.length), events.length);
    },
  }),
  counters: subject({
    bytesMax: 200,
    create: () => new Map<string, number>(),
    event: fc.tuple(fc.constantFrom('rows', 'late', 'dead', 'é'), fc.nat(1e9)),
    feed(state, events) {
      for (const [name, by] of events) count(state, name, by);
    },
  }),
  confusion: subject({
    bytesMax: 100,
    create: () => createConfusion(3),
    event: fc.tuple(fc.nat(2), fc.nat(2)),
    feed(state, events) {
      for (const [predicted, truth] of events) state.counts[predicted * 3 + truth]! += 1;
    },
  }),
  score_bins: subject({
    bytesMax: 60_000,
    create: createScoreBins,
    event: fc.tuple(
      fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(0, 1, 0.5, 0.3, 1e-9, 1 - 2 ** -53, Number.NaN, -0.1, 1.5),
      ),
      fc.constantFrom<ScoreLabel>(0, 1, 2),
    ),
    feed(state, events) {
      for (const [score, label] of events) addScore(state, score, label, 0.3);
    },
  }),
  regression: subject({
    bytesMax: 4_000,
    create: createRegression,
    event: fc.tuple(number, number),
    feed(state, events) {
      for (const [prediction, truth] of events) addError(state, prediction, truth);
    },
  }),
  joint: subject({
    bytesMax: 200,
    create: () => createJoint({ size: 3, standard: 7 }),
    event: fc.tuple(fc.array(number, { minLength: 3, maxLength: 3 }), cellState),
    feed(state, events) {
      const states = Uint8Array.from(events, ([, of]) => of);
      const columns = [0, 1, 2].map((c) =>
        standardized(
          Float64Array.from(events, ([values]) => values[c]!),
          states,
          10,
          20,
        ),
      );
      updateJoint(state, columns, rowsOf(events.length), events.length);
    },
  }),
  embedding: subject({
    bytesMax: 200,
    create: () => createEmbedding(3),
    event: fc.tuple(fc.array(component, { minLength: 3, maxLength: 3 }), cellState),
    feed(state, events) {
      const good = events.filter(([, of]) => of === CELL_OK);
      let next = 0;
      updateEmbedding(
        state,
        {
          kind: 'embedding',
          dimensions: 3,
          places: Int32Array.from(events, ([, of]) => (of === CELL_OK ? next++ : 0)),
          vectors: good.length,
          values: Float32Array.from(good.flatMap(([values]) => values)),
          state: Uint8Array.from(events, ([, of]) => of),
        },
        rowsOf(events.length),
        events.length,
      );
    },
  }),
  distinct: subject({
    bytesMax: 1_600,
    create: createDistinct,
    event: fc.tuple(value, cellState),
    feed(state, events) {
      const hashed = hashesOf({
        kind: 'text',
        values: events.map(([text]) => text),
        state: Uint8Array.from(events, ([, of]) => of),
      });
      updateDistinct(state, hashed, rowsOf(events.length), events.length);
    },
  }),
  heavy: subject({
    bytesMax: 2_000,
    create: createHeavy,
    // Requests of few bits come often and twice; a sample is full after few of them.
    event: fc.tuple(fc.oneof(fc.nat(999), fc.nat(2 ** 32 - 1)), cellState, fc.integer({ min: 1, max: 40 })),
    feed(state, events) {
      const many = events.flatMap(([id, of, times]) =>
        Array.from({ length: times }, (_, i) => ({ id: (id ^ i) >>> 0, of, value: (id * 7 + i) % 2 ** 21 })),
      );
      const hashed = {
        values: Uint32Array.from(many, ({ value: of }) => of),
        states: Uint8Array.from(many, ({ of }) => of),
      };
      const ids = Uint32Array.from(many, ({ id }) => id);
      updateHeavy(state, ids, hashed, rowsOf(many.length), many.length);
    },
  }),
  sets: subject({
    bytesMax: 1_500,
    create: () => createSets(40),
    event: fc.tuple(fc.array(fc.integer(), words), fc.array(fc.integer(), words)),
    feed(state, events) {
      for (const [predicted, truth] of events) addSets(state, predicted, truth);
    },
  }),
};

const bytesOf = (kind: ProfileKind<unknown>, state: unknown): string => {
  const out = new ByteWriter();
  kind.pack(state, out);
  return Buffer.from(out.take()).toString('hex');
};
const unpacked = (kind: ProfileKind<unknown>, hex: string): unknown =>
  kind.unpack(new ByteReader(Buffer.from(hex, 'hex')));

const kinds = Object.keys(PROFILE_KINDS) as KindName[];

describe.each(kinds)('%s', (name) => {
  const kind = PROFILE_KINDS[name] as unknown as ProfileKind<unknown>;
  const { create, event, feed, bytesMax } = SUBJECTS[name];
  const stream = fc.array(event, { maxLength: 60 });
  const fold = (events: unknown[]): unknown => {
    const state = create();
    feed(state, events);
    return state;
  };
  const merged = (...states: unknown[]): unknown => {
    for (const from of states.slice(1)) kind.merge(states[0], from);
    return states[0];
  };

  test('is registered under its own name, with a description', () => {
    expect(kind.name).toBe(name);
    expect(kind.description).not.toBe('');
  });

  test('merge is associative', () => {
    fc.assert(
      fc.property(stream, stream, stream, (a, b, c) => {
        const left = merged(merged(fold(a), fold(b)), fold(c));
        const right = merged(fold(a), merged(fold(b), fold(c)));
        expect(bytesOf(kind, left)).toBe(bytesOf(kind, right));
      }),
    );
  });

  test('merge is commutative and leaves the other side alone', () => {
    fc.assert(
      fc.property(stream, stream, stream, (a, b, more) => {
        const other = fold(b);
        const before = bytesOf(kind, other);
        const state = merged(fold(a), other);
        expect(bytesOf(kind, state)).toBe(bytesOf(kind, merged(fold(b), fold(a))));
        feed(state, more);
        expect(bytesOf(kind, other)).toBe(before);
      }),
    );
  });

  test('an empty state is the identity', () => {
    fc.assert(
      fc.property(stream, (a) => {
        const bytes = bytesOf(kind, fold(a));
        expect(bytesOf(kind, merged(fold(a), create()))).toBe(bytes);
        expect(bytesOf(kind, merged(create(), fold(a)))).toBe(bytes);
      }),
    );
  });

  test('unpack(pack(x)) is x, which can be fed on', () => {
    fc.assert(
      fc.property(stream, stream, (a, more) => {
        const state = fold(a);
        const copy = unpacked(kind, bytesOf(kind, state));
        expect(bytesOf(kind, copy)).toBe(bytesOf(kind, state));
        feed(state, more);
        feed(copy, more);
        expect(bytesOf(kind, copy)).toBe(bytesOf(kind, state));
      }),
    );
  });

  test('any split over 1 to 8 parts in any order packs to the same bytes', () => {
    const dealt = fc
      .integer({ min: 1, max: 8 })
      .chain((parts) =>
        fc.tuple(
          fc.constant(parts),
          fc.array(fc.tuple(event, fc.nat(parts - 1), fc.nat()), { maxLength: 120 }),
          fc.shuffledSubarray([...Array(parts).keys()], { minLength: parts }),
        ),
      );
    fc.assert(
      fc.property(dealt, ([, events, order]) => {
        const whole = fold(events.map(([of]) => of));
        const shuffled = [...events].sort((a, b) => a[2] - b[2]);
        const states = order.map((part) => fold(shuffled.filter(([, of]) => of === part).map(([of]) => of)));
        // Slots reach the judge as bytes.
        const read = states.map((state) => unpacked(kind, bytesOf(kind, state)));
        expect(bytesOf(kind, merged(...read))).toBe(bytesOf(kind, whole));
      }),
      { numRuns: 200 },
    );
  });

  test('a state stays within its bound, whatever is fed', () => {
    const state = create();
    for (let round = 0; round < 20; round++) {
      const events = fc.sample(fc.array(event, { minLength: 500, maxLength: 500 }), {
        numRuns: 1,
        seed: round,
      });
      feed(state, events[0]!);
      expect(bytesOf(kind, state).length / 2).toBeLessThanOrEqual(bytesMax);
    }
  });

  test('a stream in many small batches packs to the same bytes', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 7 }), (events, size) => {
        const state = create();
        for (let from = 0; from < events.length; from += size) feed(state, events.slice(from, from + size));
        expect(bytesOf(kind, state)).toBe(bytesOf(kind, fold(events)));
      }),
    );
  });
});

test('every kind has its laws tested', () => {
  expect(Object.keys(SUBJECTS).sort()).toEqual([...kinds].sort());
});
