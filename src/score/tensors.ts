import { assert } from '../errors.ts';
import { CELL_OK, type Column, type FeatureSpec, type InputSpec } from '../records.ts';
import type { TensorData, TensorType } from './messages.ts';

/** Columns of one tensor, with everything that does not depend on a batch worked out. */
export interface ColumnPlan {
  tensor: string;
  type: TensorType;
  /** 1: the file takes [rows], with a single column; 2: [rows, width]. */
  rank: 1 | 2;
  width: number;
  features: FeaturePlan[];
}

interface FeaturePlan {
  spec: FeatureSpec;
  /** Index into Batch.inputs. */
  input: number;
  /** First column of the tensor. */
  at: number;
  /** one_hot, ordinal: category -> position. */
  positions: Map<string, number>;
}

/** How many columns of the tensor a feature takes. */
export function featureWidth(feature: FeatureSpec): number {
  return feature.encode === 'one_hot' ? feature.categories.length : 1;
}

/** The type of input that a feature can encode. */
export const FEATURE_INPUT = {
  numeric: 'numeric',
  one_hot: 'categorical',
  ordinal: 'categorical',
  text_length: 'text',
} as const;

/** Works out where every feature comes from and goes to. The features fit the inputs (see check.ts). */
export function planColumns(
  tensor: string,
  features: FeatureSpec[],
  inputs: InputSpec[],
  found: { type: TensorType; rank: 1 | 2 },
): ColumnPlan {
  let width = 0;
  const plans = features.map((spec): FeaturePlan => {
    const input = inputs.findIndex((candidate) => candidate.name === spec.input);
    assert(input >= 0, `feature ${spec.input} is an input of the service`);
    const categories = 'categories' in spec ? spec.categories : [];
    const positions = new Map(categories.map((category, position) => [category, position]));
    const at = width;
    width += featureWidth(spec);
    return { spec, input, at, positions };
  });
  return { tensor, ...found, width, features: plans };
}

type Floats = Float32Array | Float64Array;

interface Target {
  out: Floats;
  width: number;
  at: number;
  rows: Int32Array;
}

function writeNumeric(
  target: Target,
  column: Column,
  spec: Extract<FeatureSpec, { encode: 'numeric' }>,
): void {
  assert(column.kind === 'numeric', `input ${spec.input} is a numeric column`);
  const { out, width, rows } = target;
  const { values, state } = column;
  for (let i = 0, to = target.at; i < rows.length; i++, to += width) {
    const row = rows[i]!;
    const value = state[row] === CELL_OK ? values[row]! : spec.fill;
    out[to] = (value - spec.mean) / spec.std;
  }
}

function writeTextLength(
  target: Target,
  column: Column,
  spec: Extract<FeatureSpec, { encode: 'text_length' }>,
): void {
  assert(column.kind === 'text', `input ${spec.input} is a text column`);
  const { out, width, rows } = target;
  for (let i = 0, to = target.at; i < rows.length; i++, to += width) {
    const row = rows[i]!;
    const length = column.state[row] === CELL_OK ? column.values[row]!.length : 0;
    out[to] = (length - spec.mean) / spec.std;
  }
}

/** Positions by code of the batch's dictionary, so that no value is looked up by its text; -1: unknown. */
function positionsByCode(dictionary: string[], positions: Map<string, number>): Int32Array {
  const byCode = new Int32Array(dictionary.length);
  for (let code = 0; code < dictionary.length; code++) byCode[code] = positions.get(dictionary[code]!) ?? -1;
  return byCode;
}

function writeCategory(target: Target, column: Column, feature: FeaturePlan): void {
  const { spec } = feature;
  assert(column.kind === 'categorical', `input ${spec.input} is a categorical column`);
  const { out, width, rows, at } = target;
  const { codes, state } = column;
  const byCode = positionsByCode(column.dictionary, feature.positions);
  const unknown = spec.encode === 'ordinal' ? spec.unknown : 0;
  const isOneHot = spec.encode === 'one_hot';
  for (let i = 0, to = at; i < rows.length; i++, to += width) {
    const row = rows[i]!;
    const position = state[row] === CELL_OK ? byCode[codes[row]!]! : -1;
    if (!isOneHot) out[to] = position < 0 ? unknown : position;
    else if (position >= 0) out[to + position] = 1;
  }
}

function categoryTexts(plan: ColumnPlan, inputs: Column[], rows: Int32Array): string[] {
  const column = inputs[plan.features[0]!.input]!;
  assert(column.kind === 'categorical', 'a tensor of texts has one categorical column');
  const texts = new Array<string>(rows.length).fill('');
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (column.state[row] === CELL_OK) texts[i] = column.dictionary[column.codes[row]!]!;
  }
  return texts;
}

/**
 * The tensor of the given rows of a batch, row-major. Missing and invalid numbers take `fill` before they
 * are standardised, (x - mean) / std; a missing text has length 0 (UTF-16 units); a missing or unknown
 * category is all zeros (one_hot), `unknown` (ordinal) or '' (a tensor of texts). int64 truncates.
 */
export function assembleColumns(plan: ColumnPlan, inputs: Column[], rows: Int32Array): TensorData {
  const { type, width } = plan;
  const dims = plan.rank === 1 ? [rows.length] : [rows.length, width];
  if (type === 'string') return { type, data: categoryTexts(plan, inputs, rows), dims };
  const size = rows.length * width;
  const out = type === 'float32' ? new Float32Array(size) : new Float64Array(size);
  for (const feature of plan.features) {
    const column = inputs[feature.input]!;
    const target: Target = { out, width, at: feature.at, rows };
    if (feature.spec.encode === 'numeric') writeNumeric(target, column, feature.spec);
    else if (feature.spec.encode === 'text_length') writeTextLength(target, column, feature.spec);
    else writeCategory(target, column, feature);
  }
  if (type !== 'int64') return { type, data: out, dims };
  return { type, data: BigInt64Array.from(out, (value) => BigInt(Math.trunc(value))), dims };
}
