import { afterAll, expect, test } from 'vitest';
import { CELL_INVALID, CELL_MISSING, CELL_OK, type Scored } from '../../src/records.ts';
import { INT64, mlp, onnxModel, seededTrees, treeEnsemble } from './support/onnx.ts';
import {
  batch,
  binding,
  input,
  numbers,
  output,
  plain,
  service,
  tabular,
  workshop,
} from './support/service.ts';

const shop = workshop();
afterAll(() => shop.dispose());

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** probability = sigmoid(2 a - b + 0.5) as [rows, 1]. */
const logistic = onnxModel({
  inputs: [{ name: 'x', dims: ['rows', 2] }],
  outputs: [{ name: 'probability', dims: ['rows', 1] }],
  initializers: [
    { name: 'w', dims: [2, 1], data: [2, -1] },
    { name: 'b', dims: [1], data: [0.5] },
  ],
  nodes: [
    { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['logit'] },
    { op: 'Sigmoid', inputs: ['logit'], outputs: ['probability'] },
  ],
});

const twoNumbers = [input('a', 'numeric'), input('b', 'numeric')];

function answer(scored: Scored, model = 0, column = 0) {
  const found = scored.models[model]?.[column];
  if (!found) throw new Error('no answer');
  return found;
}

test('a binary classifier of one column answers by the threshold, as computed by hand', async () => {
  const file = shop.file('logistic.onnx', logistic);
  const spec = service({
    inputs: twoNumbers,
    outputs: [output({ threshold: 0.7 })],
    models: [tabular({ file }, [plain('a'), plain('b')])],
  });
  const scorer = await shop.scorer(spec);
  const column = answer(await scorer.score(batch(3, [numbers([1, 0, -1]), numbers([1, 0, 2])])));
  if (column.kind !== 'class') throw new Error('not classes');
  expect([...column.codes]).toEqual([1, 0, 0]);
  expect(column.scores[0]).toBeCloseTo(sigmoid(1.5), 6);
  expect(column.scores[1]).toBeCloseTo(sigmoid(0.5), 6);
  expect(column.scores[2]).toBeCloseTo(sigmoid(-3.5), 6);
  expect([...column.state]).toEqual([CELL_OK, CELL_OK, CELL_OK]);
  expect(scorer.stats()[0]).toMatchObject({ batches: 1, rows: 3, failures: 0, off: false });
});

test('without a positive class the score of one column becomes that of the chosen class', async () => {
  const file = shop.file('no-positive.onnx', logistic);
  const spec = service({
    inputs: twoNumbers,
    outputs: [output({ positive: null })],
    models: [tabular({ file }, [plain('a'), plain('b')])],
  });
  const scorer = await shop.scorer(spec);
  const column = answer(await scorer.score(batch(2, [numbers([1, -1]), numbers([1, 2])])));
  if (column.kind !== 'class') throw new Error('not classes');
  expect([...column.codes]).toEqual([1, 0]);
  expect(column.scores[0]).toBeCloseTo(sigmoid(1.5), 6);
  expect(column.scores[1]).toBeCloseTo(1 - sigmoid(-3.5), 6);
});

test('a positive class that is named first takes its own column and threshold', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', dims: ['rows', 2] }],
    outputs: [{ name: 'probability', dims: ['rows', 2] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['probability'] }],
  });
  const spec = service({
    inputs: twoNumbers,
    outputs: [output({ classes: ['bad', 'good'], positive: 'bad', threshold: 0.2 })],
    models: [tabular({ file: shop.file('first.onnx', model) }, [plain('a'), plain('b')])],
  });
  const scorer = await shop.scorer(spec);
  const column = answer(await scorer.score(batch(2, [numbers([0.25, 0.125]), numbers([0.75, 0.875])])));
  if (column.kind !== 'class') throw new Error('not classes');
  expect([...column.codes]).toEqual([0, 1]);
  expect([...column.scores]).toEqual([0.25, 0.125]);
});

test('classes, a value and a NaN come from two outputs of one model', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', dims: ['rows', 3] }],
    outputs: [
      { name: 'shares', dims: ['rows', 3] },
      { name: 'root', dims: ['rows'] },
    ],
    initializers: [{ name: 'axes', type: INT64, dims: [1], data: [1] }],
    nodes: [
      { op: 'Softmax', inputs: ['x'], outputs: ['shares'], attributes: { axis: { int: 1 } } },
      { op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['sum'], attributes: { keepdims: { int: 0 } } },
      { op: 'Sqrt', inputs: ['sum'], outputs: ['root'] },
    ],
  });
  const names = ['a', 'b', 'c'];
  const spec = service({
    inputs: names.map((name) => input(name, 'numeric')),
    outputs: [
      output({ name: 'root', type: 'regressor' }),
      output({ name: 'kind', classes: ['u', 'v', 'w'], positive: null }),
    ],
    models: [
      {
        ...tabular({ file: shop.file('two.onnx', model) }, names.map(plain)),
        outputs: [
          binding({ output: 'kind', probabilities: 'shares' }),
          binding({ output: 'root', value: 'root' }),
        ],
      },
    ],
  });
  const scorer = await shop.scorer(spec);
  const scored = await scorer.score(batch(2, [numbers([0, -1]), numbers([4, -2]), numbers([5, -3])]));
  const root = answer(scored, 0, 0);
  const kind = answer(scored, 0, 1);
  if (root.kind !== 'number' || kind.kind !== 'class') throw new Error('wrong kinds');
  expect(root.values[0]).toBe(3);
  expect([...root.state]).toEqual([CELL_OK, CELL_INVALID]);
  expect([...kind.codes]).toEqual([2, 0]);
  expect(kind.scores[0]).toBeCloseTo(Math.exp(5) / (1 + Math.exp(4) + Math.exp(5)), 6);
  expect(kind.scores[1]).toBeCloseTo(Math.exp(-1) / (Math.exp(-1) + Math.exp(-2) + Math.exp(-3)), 6);
});

test('a multilabel model answers with the classes whose probability reaches the threshold', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', dims: ['rows', 3] }],
    outputs: [{ name: 'shares', dims: ['rows', 3] }],
    initializers: [],
    nodes: [{ op: 'Sigmoid', inputs: ['x'], outputs: ['shares'] }],
  });
  const names = ['a', 'b', 'c'];
  const spec = service({
    inputs: names.map((name) => input(name, 'numeric')),
    outputs: [output({ name: 'tags', type: 'multilabel', classes: ['u', 'v', 'w'], positive: null })],
    models: [
      {
        ...tabular({ file: shop.file('tags.onnx', model) }, names.map(plain)),
        outputs: [binding({ output: 'tags', probabilities: 'shares' })],
      },
    ],
  });
  const scorer = await shop.scorer(spec);
  const column = answer(
    await scorer.score(batch(2, [numbers([0, -1]), numbers([-2, -1]), numbers([3, -1])])),
  );
  if (column.kind !== 'set') throw new Error('not sets');
  expect([...column.words]).toEqual([0b101, 0]);
  expect([...column.state]).toEqual([CELL_OK, CELL_OK]);
});

test('a tree ensemble answers as its trees do', async () => {
  const trees = [
    { depth: 1, features: [0], values: [0.5], leaves: [1, -1] },
    { depth: 1, features: [1], values: [0], leaves: [0.25, 2] },
  ];
  const spec = service({
    inputs: twoNumbers,
    outputs: [output({})],
    models: [
      tabular(
        { file: shop.file('trees.onnx', treeEnsemble({ kind: 'classifier', features: 2, trees })) },
        twoNumbers.map(({ name }) => plain(name)),
      ),
    ],
  });
  const scorer = await shop.scorer(spec);
  const column = answer(await scorer.score(batch(2, [numbers([0.5, 1]), numbers([1, -1])])));
  if (column.kind !== 'class') throw new Error('not classes');
  expect(column.scores[0]).toBeCloseTo(sigmoid(3), 6);
  expect(column.scores[1]).toBeCloseTo(sigmoid(-0.75), 6);
});

test('a file exported for one row is run row by row', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', dims: [1, 1] }],
    outputs: [{ name: 'value', dims: [1, 1] }],
    nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['value'] }],
  });
  const spec = service({
    inputs: [input('a', 'numeric')],
    outputs: [output({ type: 'regressor' })],
    models: [
      {
        ...tabular({ file: shop.file('single.onnx', model) }, [plain('a')]),
        outputs: [binding({ value: 'value' })],
      },
    ],
  });
  const scorer = await shop.scorer(spec);
  const column = answer(await scorer.score(batch(3, [numbers([1, 2, 3])])));
  if (column.kind !== 'number') throw new Error('not numbers');
  expect([...column.values]).toEqual([-1, -2, -3]);
});

test('more rows than one run takes give what single rows give, with one thread or two', async () => {
  const features = Array.from({ length: 20 }, (_, at) => `f${at}`);
  const rows = 4096 + 904;
  const columns = features.map((_, at) =>
    numbers(Array.from({ length: rows }, (_row, row) => Math.sin(row * (at + 1)))),
  );
  const spec = service({
    inputs: features.map((name) => input(name, 'numeric')),
    outputs: [output({})],
    models: [
      tabular(
        { file: shop.file('mlp.onnx', mlp({ features: 20, hidden: 32, seed: 7 })) },
        features.map(plain),
      ),
      tabular(
        {
          name: 'forest',
          role: 'shadow',
          file: shop.file(
            'forest.onnx',
            treeEnsemble({
              kind: 'classifier',
              features: 20,
              trees: seededTrees({ trees: 10, depth: 4, features: 20, seed: 3 }),
            }),
          ),
        },
        features.map(plain),
      ),
    ],
  });
  const whole = await (await shop.scorer(spec)).score(batch(rows, columns));
  const pair = await (await shop.scorer(spec, { threadsMax: 3 })).score(batch(rows, columns));
  expect(pair.models).toEqual(whole.models);
  const single = await shop.scorer(spec);
  for (const row of [0, 1, 4095, 4096, 4999]) {
    const one = await single.score(
      batch(
        1,
        columns.map((column) => numbers([column.values[row]!])),
      ),
    );
    for (const model of [0, 1]) {
      const expected = answer(whole, model);
      const found = answer(one, model);
      if (expected.kind !== 'class' || found.kind !== 'class') throw new Error('not classes');
      expect(found.codes[0]).toBe(expected.codes[row]);
      expect(found.scores[0]).toBeCloseTo(expected.scores[row]!, 6);
    }
  }
});

test('a batch of no rows and an output that no model answers are empty columns', async () => {
  const spec = service({
    inputs: twoNumbers,
    outputs: [output({}), output({ name: 'other', type: 'regressor' })],
    models: [tabular({ file: shop.file('logistic.onnx', logistic) }, [plain('a'), plain('b')])],
  });
  const scorer = await shop.scorer(spec);
  expect(answer(await scorer.score(batch(0, [numbers([]), numbers([])]))).state).toHaveLength(0);
  const scored = await scorer.score(batch(1, [numbers([1]), numbers([1])]));
  expect([...answer(scored, 0, 1).state]).toEqual([CELL_MISSING]);
});
