import { describe, expect, it } from 'vitest';
import { CELL_MISSING, CELL_OK } from '../../src/records.ts';
import { answers, codes, decode, json, NOW, output, service, stream } from './helpers.ts';

const base = { id: 'a', time: NOW };
const fraud = output('fraud', 'classifier', ['no', 'yes']);

async function predictions(spec: ReturnType<typeof output>, fields: object, ...values: object[]) {
  const part = { stream: 'predictions', fields: { [spec.name]: 'answer' }, ...fields } as const;
  const records = json(...values.map((value) => ({ ...base, ...value })));
  return decode(service({ outputs: [spec] }), stream(part), records);
}

describe('predictions', () => {
  it('classifier: by name and by index; an unknown class is dead', async () => {
    const values = ['yes', 0, 'maybe', 2, 1.5, {}, true, false].map((answer) => ({ answer }));
    const batch = await predictions(fraud, {}, ...values);
    expect(answers(batch)).toMatchObject([{ kind: 'class', codes: [1, 0, 1, 0], state: [0, 0, 0, 0] }]);
    expect(codes(batch)).toEqual(new Array(4).fill('output_invalid'));
  });

  it('classifier: names that are digits go before indices', async () => {
    const batch = await predictions(
      output('grade', 'classifier', ['1', '2', '3']),
      {},
      { answer: 3 },
      { answer: 1 },
    );
    expect(answers(batch)).toMatchObject([{ codes: [2, 0] }]);
  });

  it('classifier: the class follows from a score alone', async () => {
    const values = [{ p: 0.5 }, { p: 0.49 }, { p: 0.9, answer: 'no' }, { p: 'high' }];
    const batch = await predictions(fraud, { score: 'p' }, ...values);
    expect(answers(batch)).toMatchObject([
      { codes: [1, 0, 0, 0], scores: [0.5, 0.49, 0.9, Number.NaN], state: [0, 0, 0, CELL_MISSING] },
    ]);
  });

  it('regressor: finite numbers', async () => {
    const values = [{ answer: 1.5 }, { answer: '1.5' }, { answer: null }];
    const batch = await predictions(output('price', 'regressor'), {}, ...values);
    expect(answers(batch)).toMatchObject([{ values: [1.5, 0], state: [CELL_OK, CELL_MISSING] }]);
    expect(codes(batch)).toEqual(['output_invalid']);
  });

  it('text: a null result is good data', async () => {
    const values = [{ answer: 'song' }, { answer: null }, { answer: '' }, { answer: 5 }];
    const batch = await predictions(output('hit', 'text'), {}, ...values);
    expect(answers(batch)).toMatchObject([
      { values: ['song', '', ''], state: [CELL_OK, CELL_MISSING, CELL_MISSING] },
    ]);
    expect(codes(batch)).toEqual(['output_invalid']);
  });

  it('detector: boxes in both spellings', async () => {
    const detector = output('parts', 'detector', ['screw', 'nut']);
    const values = [
      { answer: [{ box: [0, 0.1, 0.2, 0.3], label: 'nut', confidence: 0.7 }] },
      { answer: [{ x1: 0, y1: 0.1, x2: 0.2, y2: 0.3, label: 0 }] },
      { answer: [] },
      { answer: null },
      { answer: [{ box: [0, 1, 2], label: 'nut' }] },
      { answer: [{ box: [0, 0, 1, 1], label: 'bolt' }] },
      { answer: 'none' },
    ];
    const batch = await predictions(detector, {}, ...values);
    const box = { x1: 0, y1: 0.1, x2: 0.2, y2: 0.3 };
    expect(answers(batch)).toMatchObject([
      {
        boxes: [[{ ...box, label: 1, confidence: 0.7 }], [{ ...box, label: 0, confidence: 1 }], [], []],
        state: [CELL_OK, CELL_OK, CELL_OK, CELL_MISSING],
      },
    ]);
    expect(codes(batch)).toEqual(new Array(3).fill('output_invalid'));
  });

  it('multilabel: lists of classes; an unknown class is dead, an empty list is an answer', async () => {
    const tags = output('tags', 'multilabel', ['red', 'green', 'blue']);
    const lists = [['blue', 'red'], ['green', 'green'], [], null, ['red', 'pink'], 'red', [0, 2], [{}]];
    const batch = await predictions(tags, {}, ...lists.map((answer) => ({ answer })));
    expect(answers(batch)).toMatchObject([
      { kind: 'set', words: [5, 2, 0, 0, 5], width: 1, state: [0, 0, 0, CELL_MISSING, 0] },
    ]);
    expect(codes(batch)).toEqual(new Array(3).fill('output_invalid'));
  });

  it('multilabel: more than 32 classes take more words', async () => {
    const names = Array.from({ length: 70 }, (_, i) => `c${i}`);
    const batch = await predictions(
      output('tags', 'multilabel', names),
      {},
      { answer: ['c31', 'c32', 'c69'] },
      { answer: names },
    );
    expect(answers(batch)).toMatchObject([{ words: [1 << 31, 1, 1 << 5, -1, -1, 2 ** 6 - 1], width: 3 }]);
  });

  it('reads latency and failure, and keeps a failure whatever was answered', async () => {
    const fields = { latencyMs: 'ms', error: 'error' };
    const values = [
      { ms: 12.5, answer: 'no' },
      { ms: -1, answer: 'no', error: '' },
      { error: 'timeout' },
      { error: true, answer: 'ERROR' },
      { error: 0, answer: 'yes' },
      { error: 3 },
    ];
    const batch = await predictions(fraud, fields, ...values);
    expect([...batch.latencyMs!]).toEqual([12.5, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    expect([...batch.failed!]).toEqual([0, 0, 1, 1, 0, 1]);
    expect(answers(batch)).toMatchObject([{ state: [0, 0, 1, 1, 0, 1] }]);
  });
});

describe('labels', () => {
  it('are dead without a truth', async () => {
    const labels = stream({ stream: 'labels', fields: { fraud: 'truth' } });
    const spec = service({ outputs: [fraud] });
    const batch = await decode(spec, labels, json({ ...base, truth: 'yes' }, { ...base, truth: null }, base));
    expect(answers(batch)).toMatchObject([{ codes: [1] }]);
    expect(batch.latencyMs).toBeNull();
    expect(codes(batch)).toEqual(['output_invalid', 'output_invalid']);
  });
});

describe('feedback', () => {
  it('maps kinds, marks unknown ones and refuses missing ones', async () => {
    const kinds = { play: 'click', retry: 'redo', keyboard: 'switch_to_typing' } as const;
    const feedback = stream({ stream: 'feedback', kind: 'event.type', kinds });
    const events = ['play', 'retry', 'keyboard', 'toString', 'other', 5].map((type) => ({
      ...base,
      event: { type },
    }));
    const batch = await decode(
      service(),
      feedback,
      json(...events, base, { ...base, event: { type: null } }),
    );
    expect([...batch.feedback!]).toEqual([0, 1, 2, -1, -1, -1]);
    expect(codes(batch)).toEqual(['kind_missing', 'kind_missing']);
  });
});
