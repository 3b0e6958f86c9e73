/** The contract of `src/detect/detector.ts`, over every entry of the registry. */

import { describe, expect, test } from 'vitest';
import {
  type DetectorKind,
  type Options,
  optionFaults,
  optionsOf,
  type Signal,
} from '../../src/detect/detector.ts';
import { DETECTORS } from '../../src/detect/registry.ts';
import { randomOf } from './support.ts';

const KINDS = Object.values(DETECTORS).map((kind) => [kind.name, kind] as const);

/** A stream that moves every 1,500 values, of what the detector is made for. */
function streamOf({ input }: DetectorKind, n: number, seed: number): number[] {
  const random = randomOf(seed);
  return Array.from({ length: n }, (_, i) => {
    const rate = [0.1, 0.5, 0.2, 0.7][Math.floor(i / 1500) % 4]!;
    if (input === 'error') return random() < rate ? 1 : 0;
    return input === 'unit' ? Math.min(1, rate + 0.3 * random()) : 20 * rate + random();
  });
}

function signalsOf(kind: DetectorKind, state: object, options: Options, values: readonly number[]): Signal[] {
  return values.map((value) => kind.step(state, options, value));
}

/** Everything in a state is what JSON gives back as it was: no undefined, NaN, infinity or typed array. */
const isPlain = (value: unknown): boolean =>
  value === null ||
  typeof value === 'boolean' ||
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isFinite(value)) ||
  (Array.isArray(value)
    ? value.every(isPlain)
    : typeof value === 'object' &&
      Object.getPrototypeOf(value) === Object.prototype &&
      Object.values(value).every(isPlain));

/** What the paper of a detector keeps after an alarm. */
const KEEPS: Record<string, string> = { kswin: 'the last values, which are of the new concept' };

describe.each(KINDS)('%s', (_, kind) => {
  const options = optionsOf(kind);

  test('alarms on a stream that moves, the same twice, and goes on from JSON', () => {
    const values = streamOf(kind, 12_000, 1);
    const [one, two] = [kind.create(options), kind.create(options)];
    const signals = signalsOf(kind, one, options, values);
    expect(signals).toContain('drift');
    expect(signalsOf(kind, two, options, values)).toEqual(signals);
    for (const cut of [0, 1, 700, 1499, 5003, 9999]) {
      const before = kind.create(options);
      signalsOf(kind, before, options, values.slice(0, cut));
      const restored = JSON.parse(JSON.stringify(before)) as object;
      expect(isPlain(before)).toBe(true);
      expect(restored).toEqual(before);
      expect(signalsOf(kind, restored, options, values.slice(cut))).toEqual(signals.slice(cut));
    }
  });

  test('its state does not grow', () => {
    const state = kind.create(options);
    const random = randomOf(9);
    const sizes: number[] = [];
    for (let i = 0; i < 200_000; i++) {
      kind.step(state, options, random() < 0.3 ? 1 : 0);
      if (i === 99_999) sizes.push(JSON.stringify(state).length);
    }
    sizes.push(JSON.stringify(state).length);
    expect(sizes[1]).toBeLessThan(1.2 * sizes[0]! + 200);
    expect(sizes[1]).toBeLessThan(10_000);
  });

  test('a constant stream never alarms', () => {
    for (const value of [0, 1, 0.1, 0.5, 1 / 3, 1e-300]) {
      const signals = signalsOf(kind, kind.create(options), options, new Array(5000).fill(value));
      expect(signals, String(value)).not.toContain('drift');
    }
  });

  test('any number leaves a state of numbers', () => {
    const extremes = [1e308, -1e308, 5e-324, -0, 0, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const state = kind.create(options);
    for (let i = 0; i < 4000; i++) {
      expect(['none', 'warning', 'drift']).toContain(
        kind.step(state, options, extremes[(i * i + (i >> 3)) % extremes.length]!),
      );
      if (i % 50 === 0) expect(isPlain(state)).toBe(true);
    }
    expect(isPlain(state)).toBe(true);
    expect(() => kind.step(state, options, Number.NaN)).toThrow('not a number');
  });

  test('its options have defaults within their bounds, which are held', () => {
    expect(optionFaults(kind, options)).toEqual([]);
    for (const [name, { min, max, default: value, description }] of Object.entries(kind.options)) {
      expect([value >= min, value <= max, description.length > 5]).toEqual([true, true, true]);
      expect(optionFaults(kind, { [name]: Number.NaN })).toHaveLength(1);
    }
    expect(optionFaults(kind, { nonsense: 1 })).toHaveLength(1);
    expect(() => optionsOf(kind, { nonsense: 1 })).toThrow(kind.name);
  });
});

test.each(KINDS.filter(([name]) => KEEPS[name] === undefined))('%s is as new after an alarm', (_, kind) => {
  const options = optionsOf(kind);
  const state = kind.create(options);
  const first = streamOf(kind, 6000, 2).findIndex((value) => kind.step(state, options, value) === 'drift');
  expect(first).toBeGreaterThan(0);
  expect(state).toEqual(kind.create(options));
});

test('names are words of a configuration, and each has its paper', () => {
  for (const [name, { paper, title }] of Object.entries(DETECTORS)) {
    expect(name).toMatch(/^[a-z][a-z_]*$/);
    expect(paper).toMatch(/\d{4}/);
    expect(title).not.toBe('');
  }
});
