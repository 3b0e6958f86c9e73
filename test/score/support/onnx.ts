/** Models for tests and benchmarks, written without Python; the format itself is in onnx-format.ts. */
import {
  type Attribute,
  BOOL,
  type Graph,
  INT64,
  onnxModel,
  type Tensor,
  type Value,
} from './onnx-format.ts';

export * from './onnx-format.ts';

/** Numbers in [-1, 1) that are the same on every machine (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

/**
 * A multi-layer perceptron: input `x` [rows, features], output `probability` [rows, 1] of the positive
 * class; one hidden layer with ReLU, seeded weights.
 */
export function mlp(options: { features: number; hidden: number; seed: number }): Buffer {
  const { features, hidden } = options;
  const next = seededNumbers(options.seed);
  const weights = (name: string, dims: number[]): Tensor => {
    const data = Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => next());
    return { name, dims, data };
  };
  return onnxModel({
    inputs: [{ name: 'x', dims: ['rows', features] }],
    outputs: [{ name: 'probability', dims: ['rows', 1] }],
    initializers: [
      weights('w1', [features, hidden]),
      weights('b1', [hidden]),
      weights('w2', [hidden, 1]),
      weights('b2', [1]),
    ],
    nodes: [
      { op: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['h'] },
      { op: 'Relu', inputs: ['h'], outputs: ['r'] },
      { op: 'Gemm', inputs: ['r', 'w2', 'b2'], outputs: ['logit'] },
      { op: 'Sigmoid', inputs: ['logit'], outputs: ['probability'] },
    ],
  });
}

/** A binary tree in heap order: inner node i has the children 2i+1 (x <= value) and 2i+2. */
/** One input `x`; its output `p` is the sigmoid of slope * x + bias. */
export const logistic = (slope: number, bias: number): Buffer =>
  onnxModel({
    inputs: [{ name: 'x', dims: ['rows', 1] }],
    outputs: [{ name: 'p', dims: ['rows', 1] }],
    initializers: [
      { name: 'w', dims: [1, 1], data: [slope] },
      { name: 'b', dims: [1], data: [bias] },
    ],
    nodes: [
      { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['logit'] },
      { op: 'Sigmoid', inputs: ['logit'], outputs: ['p'] },
    ],
  });

export interface Tree {
  depth: number;
  /** Of the 2^depth - 1 inner nodes. */
  features: number[];
  values: number[];
  /** Of the 2^depth leaves. */
  leaves: number[];
}

/** Trees with seeded splits and leaves. */
export function seededTrees(options: {
  trees: number;
  depth: number;
  features: number;
  seed: number;
}): Tree[] {
  const next = seededNumbers(options.seed);
  const inner = 2 ** options.depth - 1;
  return Array.from({ length: options.trees }, () => ({
    depth: options.depth,
    features: Array.from({ length: inner }, () => Math.floor(((next() + 1) / 2) * options.features)),
    values: Array.from({ length: inner }, () => next()),
    leaves: Array.from({ length: inner + 1 }, () => next() / Math.sqrt(options.trees)),
  }));
}

interface FlatTrees {
  treeIds: number[];
  nodeIds: number[];
  featureIds: number[];
  modes: string[];
  values: number[];
  trueIds: number[];
  falseIds: number[];
  leafTreeIds: number[];
  leafNodeIds: number[];
  leafWeights: number[];
}

function flattenTrees(trees: Tree[]): FlatTrees {
  const flat: FlatTrees = {
    treeIds: [],
    nodeIds: [],
    featureIds: [],
    modes: [],
    values: [],
    trueIds: [],
    falseIds: [],
    leafTreeIds: [],
    leafNodeIds: [],
    leafWeights: [],
  };
  for (const [treeId, tree] of trees.entries()) {
    const inner = 2 ** tree.depth - 1;
    for (let node = 0; node < 2 * inner + 1; node++) {
      const isLeaf = node >= inner;
      flat.treeIds.push(treeId);
      flat.nodeIds.push(node);
      flat.featureIds.push(isLeaf ? 0 : tree.features[node]!);
      flat.modes.push(isLeaf ? 'LEAF' : 'BRANCH_LEQ');
      flat.values.push(isLeaf ? 0 : tree.values[node]!);
      flat.trueIds.push(isLeaf ? 0 : 2 * node + 1);
      flat.falseIds.push(isLeaf ? 0 : 2 * node + 2);
      if (!isLeaf) continue;
      flat.leafTreeIds.push(treeId);
      flat.leafNodeIds.push(node);
      flat.leafWeights.push(tree.leaves[node - inner]!);
    }
  }
  return flat;
}

/**
 * A tree ensemble (ai.onnx.ml) over input `x` [rows, features]. `classifier`: outputs `label` [rows] and
 * `probability` [rows, 2], the logistic function of the leaves' sum. `regressor`: output `value` [rows, 1], the sum.
 */
export function treeEnsemble(options: {
  kind: 'classifier' | 'regressor';
  features: number;
  trees: Tree[];
}): Buffer {
  const flat = flattenTrees(options.trees);
  const isClassifier = options.kind === 'classifier';
  const leaf = isClassifier ? 'class' : 'target';
  const attributes: Record<string, Attribute> = {
    nodes_treeids: { ints: flat.treeIds },
    nodes_nodeids: { ints: flat.nodeIds },
    nodes_featureids: { ints: flat.featureIds },
    nodes_modes: { strings: flat.modes },
    nodes_values: { floats: flat.values },
    nodes_truenodeids: { ints: flat.trueIds },
    nodes_falsenodeids: { ints: flat.falseIds },
    [`${leaf}_treeids`]: { ints: flat.leafTreeIds },
    [`${leaf}_nodeids`]: { ints: flat.leafNodeIds },
    [`${leaf}_ids`]: { ints: flat.leafWeights.map(() => 0) },
    [`${leaf}_weights`]: { floats: flat.leafWeights },
    post_transform: { string: isClassifier ? 'LOGISTIC' : 'NONE' },
    ...(isClassifier ? { classlabels_int64s: { ints: [0, 1] } } : { n_targets: { int: 1 } }),
  };
  const outputs: Value[] = isClassifier
    ? [
        { name: 'label', type: INT64, dims: ['rows'] },
        { name: 'probability', dims: ['rows', 2] },
      ]
    : [{ name: 'value', dims: ['rows', 1] }];
  return onnxModel({
    inputs: [{ name: 'x', dims: ['rows', options.features] }],
    outputs,
    nodes: [
      {
        op: isClassifier ? 'TreeEnsembleClassifier' : 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: outputs.map((value) => value.name),
        attributes,
      },
    ],
  });
}

/**
 * A model that works long: `probability` [rows, 1] is the sigmoid of the first column after `turns` products of a
 * 128 x 128 matrix with itself, in a Loop that the optimiser cannot fold away since it depends on `x`.
 */
export function slowModel(options: { features: number; turns: number }): Buffer {
  const size = 128;
  const body: Graph = {
    inputs: [
      { name: 'turn', type: INT64, dims: [] },
      { name: 'go', type: BOOL, dims: [] },
      { name: 'state', dims: [size, size] },
    ],
    outputs: [
      { name: 'go_on', type: BOOL, dims: [] },
      { name: 'state_next', dims: [size, size] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['go'], outputs: ['go_on'] },
      { op: 'MatMul', inputs: ['state', 'mixing'], outputs: ['state_next'] },
    ],
  };
  return onnxModel({
    inputs: [{ name: 'x', dims: ['rows', options.features] }],
    outputs: [{ name: 'probability', dims: ['rows', 1] }],
    initializers: [
      { name: 'turns', type: INT64, dims: [], data: [options.turns] },
      { name: 'mixing', dims: [size, size], data: new Float32Array(size * size) },
      { name: 'axes', type: INT64, dims: [1], data: [1] },
      { name: 'first', type: INT64, dims: [1], data: [0] },
      { name: 'second', type: INT64, dims: [1], data: [1] },
    ],
    nodes: [
      { op: 'ReduceMean', inputs: ['x'], outputs: ['mean'], attributes: { keepdims: { int: 0 } } },
      { op: 'Add', inputs: ['mean', 'mixing'], outputs: ['start'] },
      { op: 'Loop', inputs: ['turns', '', 'start'], outputs: ['end'], attributes: { body: { graph: body } } },
      { op: 'ReduceMean', inputs: ['end'], outputs: ['zero'], attributes: { keepdims: { int: 0 } } },
      { op: 'Slice', inputs: ['x', 'first', 'second', 'axes'], outputs: ['column'] },
      { op: 'Add', inputs: ['column', 'zero'], outputs: ['logit'] },
      { op: 'Sigmoid', inputs: ['logit'], outputs: ['probability'] },
    ],
  });
}
