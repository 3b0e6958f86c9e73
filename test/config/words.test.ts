import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/config/digest.ts';
import { expand } from '../../src/config/environment.ts';
import { durationMs } from '../../src/config/scalar-shapes.ts';
import { editDistance, nearest } from '../../src/config/suggest.ts';

describe('editDistance', () => {
  it.each([
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['encodng', 'encoding', 1],
    ['fruad', 'fraud', 1],
    ['same', 'same', 0],
  ])('%j to %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe('nearest', () => {
  it('takes the nearest word, and none where all are far', () => {
    expect(nearest('pssi', ['ks', 'psi', 'mean'])).toBe('psi');
    expect(nearest('PSI', ['psi'])).toBe('psi');
    expect(nearest('volume', ['psi', 'mean'])).toBeNull();
    expect(nearest('ab', ['xy'])).toBeNull();
  });
});

describe('durationMs', () => {
  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
    ['10', null],
    ['1.5h', null],
    ['-1s', null],
    ['1 m', null],
  ])('%j is %j', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});

describe('expand', () => {
  it('names what is malformed, and does not expand what was put in', () => {
    expect(expand('$' + '{a b}', { env: {} })).toMatchObject({ malformed: ['$' + '{a b}'], faults: [] });
    expect(expand('<$' + '{A}>', { env: { A: '$' + '{B}', B: 'x' } }).text).toBe('<$' + '{B}>');
    expect(expand('$' + '{A:-}', { env: {} })).toEqual({ text: '', faults: [], malformed: [] });
  });
});

describe('canonicalJson', () => {
  it('sorts the keys at every depth and keeps the order of lists', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 1], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},1]}');
  });
});
