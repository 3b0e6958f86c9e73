import { afterAll, expect, test } from 'vitest';
import { DOUBLE, INT64, onnxModel, STRING } from './support/onnx.ts';
import {
  batch,
  binding,
  categories,
  input,
  numbers,
  output,
  plain,
  service,
  tabular,
  texts,
  workshop,
} from './support/service.ts';

const shop = workshop();
afterAll(() => shop.dispose());

test('fill, standardising, one-hot, ordinal and text length are the columns of the tensor, in order', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', dims: ['rows', 6] }],
    outputs: [{ name: 'value', dims: ['rows', 1] }],
    initializers: [{ name: 'digits', dims: [6, 1], data: [100000, 10000, 1000, 100, 10, 1] }],
    nodes: [{ op: 'MatMul', inputs: ['x', 'digits'], outputs: ['value'] }],
  });
  const spec = service({
    inputs: [input('n', 'numeric'), input('c', 'categorical'), input('t', 'text')],
    outputs: [output({ type: 'regressor' })],
    models: [
      {
        ...tabular({ file: shop.file('digits.onnx', model) }, [
          { input: 'n', encode: 'numeric', fill: 7, mean: 1, std: 2 },
          { input: 'c', encode: 'one_hot', categories: ['x', 'y', 'z'] },
          { input: 'c', encode: 'ordinal', categories: ['z', 'y', 'x'], unknown: 9 },
          { input: 't', encode: 'text_length', mean: 0, std: 1 },
        ]),
        outputs: [binding({ value: 'value' })],
      },
    ],
  });
  const scorer = await shop.scorer(spec);
  const scored = await scorer.score(
    batch(3, [numbers([5, null, 1]), categories(['z', 'new', null]), texts(['ab', 'é😀', null])]),
  );
  const column = scored.models[0]![0]!;
  if (column.kind !== 'number') throw new Error('not numbers');
  expect([...column.values]).toEqual([200102, 300093, 90]);
});

test('int64 and text tensors are fed where the file asks for them', async () => {
  const model = onnxModel({
    inputs: [
      { name: 'whole', type: INT64, dims: ['rows', 1] },
      { name: 'word', type: STRING, dims: ['rows', 1] },
    ],
    outputs: [{ name: 'value', dims: ['rows', 1] }],
    nodes: [
      {
        op: 'LabelEncoder',
        domain: 'ai.onnx.ml',
        inputs: ['word'],
        outputs: ['code'],
        attributes: {
          keys_strings: { strings: ['one', 'two'] },
          values_floats: { floats: [10, 20] },
          default_float: { float: 90 },
        },
      },
      { op: 'Cast', inputs: ['whole'], outputs: ['float'], attributes: { to: { int: 1 } } },
      { op: 'Add', inputs: ['float', 'code'], outputs: ['value'] },
    ],
  });
  const spec = service({
    inputs: [input('n', 'numeric'), input('c', 'categorical')],
    outputs: [output({ type: 'regressor' })],
    models: [
      {
        name: 'model',
        role: 'primary',
        file: shop.file('types.onnx', model),
        tensors: [
          { tensor: 'whole', kind: 'columns', features: [plain('n')] },
          {
            tensor: 'word',
            kind: 'columns',
            features: [{ input: 'c', encode: 'ordinal', categories: [], unknown: 0 }],
          },
        ],
        outputs: [binding({ value: 'value' })],
      },
    ],
  });
  const scorer = await shop.scorer(spec);
  const scored = await scorer.score(batch(2, [numbers([3.7, -2]), categories(['two', 'three'])]));
  const column = scored.models[0]![0]!;
  if (column.kind !== 'number') throw new Error('not numbers');
  expect([...column.values]).toEqual([23, 88]);
});

test('a float64 tensor keeps what float32 would lose', async () => {
  const model = onnxModel({
    inputs: [{ name: 'x', type: DOUBLE, dims: ['rows'] }],
    outputs: [{ name: 'value', type: DOUBLE, dims: ['rows'] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['value'] }],
  });
  const spec = service({
    inputs: [input('n', 'numeric')],
    outputs: [output({ type: 'regressor' })],
    models: [
      {
        ...tabular({ file: shop.file('double.onnx', model) }, [plain('n')]),
        outputs: [binding({ value: 'value' })],
      },
    ],
  });
  const scorer = await shop.scorer(spec);
  const column = (await scorer.score(batch(2, [numbers([16777217, 0.1])]))).models[0]![0]!;
  if (column.kind !== 'number') throw new Error('not numbers');
  expect([...column.values]).toEqual([16777217, 0.1]);
});
