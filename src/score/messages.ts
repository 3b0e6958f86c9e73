/**
 * What is said between the scorer and the thread or process in which a model's session lives. All of it
 * survives both structured cloning (threads) and Node's advanced serialisation (processes).
 */

import type { TensorSpec } from '../records.ts';

export type TensorType = 'float32' | 'float64' | 'int64' | 'string';

export interface TensorData {
  type: TensorType;
  /** Row-major. */
  data: Float32Array | Float64Array | BigInt64Array | string[];
  dims: number[];
}

export type Tensors = Record<string, TensorData>;

/** Images of one size as decoded, RGB bytes row after row; the worker makes the float tensor of them. */
export interface PixelData {
  type: 'pixels';
  data: Uint8Array;
  rows: number;
  spec: PixelSpec;
}

export type PixelSpec = Omit<Extract<TensorSpec, { kind: 'image' }>, 'tensor' | 'kind' | 'input'>;

/** An input or output that a model file has; a text in `shape` is a free dimension. */
export interface Slot {
  name: string;
  /** ONNX Runtime's name of the element type; 'not a tensor' for sequences and maps. */
  type: string;
  shape: (number | string)[];
}

/** Outputs of one run, for the rows `from` up to `from + rows` of the job. */
export interface Piece {
  from: number;
  rows: number;
  tensors: Tensors;
}

export interface RunRequest {
  kind: 'run';
  job: number;
  rows: number;
  /** At most so many rows in one run of the session: 1 where the file has a fixed first dimension. */
  rowsMax: number;
  feeds: Record<string, TensorData | PixelData>;
  fetches: string[];
  /** Halve a run that failed until the rows that cannot be scored stand alone. */
  isolate: boolean;
}

export type ToWorker = RunRequest | { kind: 'close' };

export interface RunReply {
  kind: 'done';
  job: number;
  pieces: Piece[];
  /** Rows that failed alone, and what the last of them said. */
  badRows: number[];
  badMessage: string;
  runMs: number;
}

export type FromWorker =
  | { kind: 'ready'; inputs: Slot[]; outputs: Slot[] }
  | { kind: 'unreadable'; message: string }
  | RunReply
  | { kind: 'failed'; job: number; message: string };
