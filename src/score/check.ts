import type { FeatureSpec, ModelSpec, OutputSpec, ServiceSpec, TensorSpec } from '../records.ts';
import type { Slot, TensorType } from './messages.ts';
import { FEATURE_INPUT, featureWidth } from './tensors.ts';

/** What a model file says of itself, or why it could not be asked. */
export type FoundModel =
  | { kind: 'ready'; inputs: Slot[]; outputs: Slot[] }
  | { kind: 'missing' }
  | { kind: 'unreadable'; message: string };

interface Expected {
  types: string[];
  /** null: free. The first dimension is the rows. */
  dims: (number | null)[][];
}

const NUMERIC_TYPES = ['float32', 'float64', 'int64'];

/** Every way in which the file differs from its binding, a line each; empty: it fits. */
export function modelFaults(model: ModelSpec, service: ServiceSpec, found: FoundModel): string[] {
  if (found.kind === 'missing') return ['no such file'];
  if (found.kind === 'unreadable') return [`cannot be read as an ONNX model: ${found.message}`];
  const faults: string[] = [];
  for (const tensor of model.tensors) {
    faults.push(...featureFaults(tensor, service));
    faults.push(...slotFaults('input', tensor.tensor, expectedInput(tensor), found.inputs));
  }
  const bound = new Set(model.tensors.map((tensor) => tensor.tensor));
  for (const slot of found.inputs) {
    if (!bound.has(slot.name)) faults.push(`input \`${slot.name}\` (${describeSlot(slot)}) is not bound`);
  }
  for (const binding of model.outputs) {
    const output = service.outputs.find((candidate) => candidate.name === binding.output);
    if (output === undefined) faults.push(`\`${binding.output}\` is no output of the service`);
    else faults.push(...outputFaults(output, binding, found.outputs));
  }
  return faults;
}

/** The text of the error: every faulty file with all of its faults and what it really has. */
export function describeFaults(entries: { model: ModelSpec; found: FoundModel; faults: string[] }[]): string {
  return entries
    .filter((entry) => entry.faults.length > 0)
    .map(({ model, found, faults }) => {
      const lines = [`model \`${model.name}\`, file ${model.file}:`, ...faults.map((fault) => `  ${fault}`)];
      if (found.kind === 'ready') {
        lines.push(`  the file has inputs ${describeSlots(found.inputs)}`);
        lines.push(`  the file has outputs ${describeSlots(found.outputs)}`);
      }
      return lines.join('\n');
    })
    .join('\n');
}

function describeSlot(slot: Slot): string {
  return `${slot.type} [${slot.shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}

function describeSlots(slots: Slot[]): string {
  return slots.map((slot) => `\`${slot.name}\` ${describeSlot(slot)}`).join(', ');
}

function describeExpected(expected: Expected): string {
  const shapes = expected.dims.map((dims) => {
    const rest = dims.slice(1).map((dim) => dim ?? '?');
    return `[${['rows', ...rest].join(', ')}]`;
  });
  return `${expected.types.join(', ')} ${shapes.join(' or ')}`;
}

function featureFaults(tensor: TensorSpec, service: ServiceSpec): string[] {
  const needs: { input: string; type: string; how: string }[] =
    tensor.kind === 'image'
      ? [{ input: tensor.input, type: 'image', how: 'image' }]
      : tensor.features.map((feature) => ({
          input: feature.input,
          type: FEATURE_INPUT[feature.encode],
          how: feature.encode,
        }));
  return needs.flatMap(({ input, type, how }) => {
    const found = service.inputs.find((candidate) => candidate.name === input);
    if (found?.type === type) return [];
    const what = found === undefined ? 'is no input of the service' : `is ${found.type}`;
    return [`tensor \`${tensor.tensor}\`: ${how} needs a ${type} input, \`${input}\` ${what}`];
  });
}

function expectedInput(tensor: TensorSpec): Expected {
  if (tensor.kind === 'image') {
    const { channels, height, width, layout } = tensor;
    const dims = layout === 'nchw' ? [null, channels, height, width] : [null, height, width, channels];
    return { types: ['float32'], dims: [dims] };
  }
  const width = tensor.features.reduce((sum, feature) => sum + featureWidth(feature), 0);
  return {
    types: takesTexts(tensor.features) ? [...NUMERIC_TYPES, 'string'] : NUMERIC_TYPES,
    dims: width === 1 ? [[null, 1], [null]] : [[null, width]],
  };
}

/** A tensor of one categorical column may also be given as texts. */
function takesTexts(features: FeatureSpec[]): boolean {
  return features.length === 1 && features[0]!.encode === 'ordinal';
}

function outputFaults(output: OutputSpec, binding: ModelSpec['outputs'][number], found: Slot[]): string[] {
  const types = NUMERIC_TYPES;
  const column = { types, dims: [[null], [null, 1]] };
  const classes = output.classes.length;
  const perClass = { types, dims: [[null, classes], ...(classes === 2 ? column.dims : [])] };
  const perBox = { types: [...types, 'int32'], dims: [[null, null]] };
  const parts: Record<string, [string | null, Expected, boolean][]> = {
    classifier: [[binding.probabilities, perClass, true]],
    multilabel: [[binding.probabilities, { types, dims: [[null, classes]] }, true]],
    regressor: [[binding.value, column, true]],
    detector: [
      [binding.boxes, { types, dims: [[null, null, 4]] }, true],
      [binding.labels, perBox, false],
      [binding.confidences, perBox, false],
    ],
    text: [],
  };
  if (output.type === 'text') return [`output \`${output.name}\`: a model cannot answer in text`];
  return parts[output.type]!.flatMap(([name, expected, isRequired]) => {
    if (name !== null) return slotFaults('output', name, expected, found);
    return isRequired ? [`output \`${output.name}\`: a ${output.type} needs its tensor bound`] : [];
  });
}

function slotFaults(side: 'input' | 'output', name: string, expected: Expected, found: Slot[]): string[] {
  const what = `${side} \`${name}\`: expected ${describeExpected(expected)}`;
  const slot = found.find((candidate) => candidate.name === name);
  if (slot === undefined) return [`${what}, found no ${side} of that name`];
  // ONNX Runtime gives an output whose rank is unknown before the run no dimensions at all.
  const isUnknown = side === 'output' && slot.shape.length === 0;
  const fits = isUnknown || expected.dims.some((dims) => shapeFits(dims, slot.shape));
  return fits && expected.types.includes(slot.type) ? [] : [`${what}, found ${describeSlot(slot)}`];
}

function shapeFits(expected: (number | null)[], found: (number | string)[]): boolean {
  if (expected.length !== found.length) return false;
  return found.every((dim, axis) => {
    if (typeof dim !== 'number') return true;
    // Files that were exported for one row at a time are run so.
    if (axis === 0) return dim === 1;
    return expected[axis] === null || expected[axis] === dim;
  });
}

/** The element type and rank of an input that has passed the check. */
export function inputForm(slot: Slot): { type: TensorType; rank: 1 | 2 } {
  return { type: slot.type as TensorType, rank: slot.shape.length === 1 ? 1 : 2 };
}
