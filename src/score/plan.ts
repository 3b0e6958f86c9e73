import { assert } from '../errors.ts';
import {
  type Batch,
  CELL_INVALID,
  CELL_OK,
  type ModelSpec,
  type OutputBinding,
  type OutputColumn,
  type OutputSpec,
  type ServiceSpec,
} from '../records.ts';
import { inputForm } from './check.ts';
import type { Host, Run } from './host.ts';
import { type DecodedImages, packPixels } from './images.ts';
import type { PixelSpec, RunReply } from './messages.ts';
import { boundTensors, newOutputColumn, readOutput } from './outputs.ts';
import { assembleColumns, type ColumnPlan, planColumns } from './tensors.ts';

/** A model's binding with everything that does not depend on a batch worked out. */
export interface ModelPlan {
  spec: ModelSpec;
  columns: ColumnPlan[];
  images: { tensor: string; input: number; pixels: PixelSpec }[];
  outputs: { spec: OutputSpec; binding: OutputBinding; index: number }[];
  /** All outputs of the service, bound or not. */
  service: OutputSpec[];
  fetches: string[];
  rowsMax: number;
  isolate: boolean;
}

/** Rows of a batch, and their images by input index; `from` is the batch's row of the images' row 0. */
export interface Chunk {
  batch: Batch;
  from: number;
  to: number;
  images: Map<number, DecodedImages>;
}

/** Plans a model whose file has passed the check. */
export function planModel(spec: ModelSpec, service: ServiceSpec, host: Host): ModelPlan {
  const columns: ColumnPlan[] = [];
  const images: ModelPlan['images'] = [];
  for (const tensor of spec.tensors) {
    const slot = host.inputs.find((candidate) => candidate.name === tensor.tensor);
    assert(slot !== undefined, `tensor ${tensor.tensor} has passed the check`);
    if (tensor.kind === 'columns') {
      columns.push(planColumns(tensor.tensor, tensor.features, service.inputs, inputForm(slot)));
    } else {
      const input = service.inputs.findIndex((candidate) => candidate.name === tensor.input);
      images.push({ tensor: tensor.tensor, input, pixels: tensor });
    }
  }
  const outputs = spec.outputs.map((binding) => {
    const index = service.outputs.findIndex((candidate) => candidate.name === binding.output);
    return { spec: service.outputs[index]!, binding, index };
  });
  return {
    spec,
    columns,
    images,
    outputs,
    service: service.outputs,
    fetches: [...new Set(spec.outputs.flatMap(boundTensors))],
    rowsMax: host.inputs.some((slot) => slot.shape[0] === 1) ? 1 : Number.MAX_SAFE_INTEGER,
    // A row that fails is looked for only where answers are acted upon: a shadow's failure costs its batch.
    isolate: spec.role === 'primary',
  };
}

/** Columns of a batch of n rows in the order of ServiceSpec.outputs, all missing. */
export function newColumns(plan: ModelPlan, n: number): OutputColumn[] {
  return plan.service.map((output) => newOutputColumn(output, n));
}

/** The batch's rows of a chunk that have every image that the model looks at. */
export function scorableRows(plan: ModelPlan, chunk: Chunk): Int32Array {
  const rows = new Int32Array(chunk.to - chunk.from);
  let count = 0;
  for (let row = chunk.from; row < chunk.to; row++) {
    const hasImages = plan.images.every(
      ({ input }) => chunk.images.get(input)?.state[row - chunk.from] === CELL_OK,
    );
    if (hasImages) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/** The feeds of one run of the given rows. */
export function planRun(plan: ModelPlan, chunk: Chunk, rows: Int32Array): Run {
  const feeds: Run['feeds'] = {};
  for (const column of plan.columns) feeds[column.tensor] = assembleColumns(column, chunk.batch.inputs, rows);
  const chunkRows = rows.map((row) => row - chunk.from);
  for (const { tensor, input, pixels } of plan.images) {
    const { width, height, channels, layout, scale, shift } = pixels;
    const spec = { width, height, channels, layout, scale, shift };
    feeds[tensor] = packPixels(spec, chunk.images.get(input)!, chunkRows);
  }
  const { fetches, rowsMax, isolate } = plan;
  return { rows: rows.length, rowsMax, feeds, fetches, isolate };
}

/** Writes what a run said into the batch's columns. Throws where a tensor cannot be the output it is bound to. */
export function readReply(plan: ModelPlan, reply: RunReply, rows: Int32Array, columns: OutputColumn[]): void {
  for (const { spec, binding, index } of plan.outputs) {
    const column = columns[index]!;
    for (const piece of reply.pieces) readOutput(spec, binding, piece, rows, column);
    for (const bad of reply.badRows) column.state[rows[bad]!] = CELL_INVALID;
  }
}
