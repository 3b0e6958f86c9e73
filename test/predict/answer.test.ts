/** What callers get of each kind of output, and how sure an answer is. */
import { expect, test } from 'vitest';
import { suggestionOf } from '../../src/predict/answer.ts';
import { CELL_INVALID, CELL_OK, type OutputColumn, type OutputSpec } from '../../src/records.ts';
import { binding, output } from '../score/support/service.ts';

const ok = Uint8Array.of(CELL_OK);
const of = (outputs: OutputSpec[], columns: OutputColumn[]) =>
  suggestionOf({ outputs }, { outputs: outputs.map(({ name }) => binding({ output: name })) }, columns, 0);
const classOf = (code: number, score: number): OutputColumn => ({
  kind: 'class',
  codes: Int32Array.of(code),
  scores: Float64Array.of(score),
  state: ok,
});
const box = (label: number, confidence: number) => ({ x1: 0, y1: 0, x2: 0.5, y2: 1, label, confidence });

test.each<
  [what: string, spec: Partial<OutputSpec>, column: OutputColumn, answer: object, sure: number | null]
>([
  ['the positive class', {}, classOf(1, 0.75), { class: 'yes', score: 0.75, confidence: 0.75 }, 0.75],
  ['the other class', {}, classOf(0, 0.25), { class: 'no', score: 0.25, confidence: 0.75 }, 0.75],
  [
    'one of many classes',
    { classes: ['a', 'b', 'c'], positive: null },
    classOf(2, 0.5),
    { class: 'c', confidence: 0.5 },
    0.5,
  ],
  ['a class without a score', {}, classOf(1, Number.NaN), { class: 'yes', confidence: null }, null],
  [
    'a set, across words',
    { type: 'multilabel', classes: Array.from({ length: 40 }, (_, i) => `c${i}`) },
    { kind: 'set', words: Int32Array.of(-(2 ** 31), 1), width: 2, state: ok },
    { classes: ['c31', 'c32'] },
    null,
  ],
  [
    'a number',
    { type: 'regressor' },
    { kind: 'number', values: Float64Array.of(7), state: ok },
    { value: 7 },
    null,
  ],
  [
    'boxes',
    { type: 'detector', classes: ['apple'] },
    { kind: 'boxes', boxes: [[box(0, 0.9), box(0, 0.6)]], state: ok },
    { boxes: [{ class: 'apple', confidence: 0.9, x1: 0, y1: 0, x2: 0.5, y2: 1 }, { confidence: 0.6 }] },
    0.6,
  ],
  ['no boxes', { type: 'detector' }, { kind: 'boxes', boxes: [[]], state: ok }, { boxes: [] }, null],
])('%s', (_, part, column, answer, sure) => {
  const found = of([output(part)], [column])!;
  expect(found.outputs).toMatchObject({ answer });
  expect(found.confidence).toBe(sure);
});

test('an answer is as sure as its least sure output, and none where one output has failed', () => {
  const outputs = [output({ name: 'a' }), output({ name: 'b' })];
  expect(of(outputs, [classOf(1, 0.9), classOf(1, 0.6)])?.confidence).toBe(0.6);
  expect(of(outputs, [classOf(1, 0.9), classOf(1, Number.NaN)])?.confidence).toBeNull();
  expect(
    of(outputs, [classOf(1, 0.9), { ...classOf(1, 0.6), state: Uint8Array.of(CELL_INVALID) }]),
  ).toBeNull();
});
