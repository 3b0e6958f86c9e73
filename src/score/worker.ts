/**
 * The body of a model's thread (primary) or process (shadow): one session, one run at a time. It imports
 * little, so that a shadow's process stays small.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../errors.ts';
import type {
  FromWorker,
  Piece,
  PixelData,
  RunReply,
  RunRequest,
  Slot,
  TensorData,
  Tensors,
  ToWorker,
} from './messages.ts';
import { pixelsToTensor } from './pixels.ts';

/** A shadow yields the processor to the primary wherever both want it. */
const SHADOW_NICENESS = 5;

const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'all',
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  // Every failure reaches the scorer as a message; ONNX Runtime would write it to stderr again.
  logSeverityLevel: 4,
};

function post(message: FromWorker, transfer: ArrayBuffer[]): void {
  if (parentPort !== null) parentPort.postMessage(message, transfer);
  // A send fails only when the daemon is gone, which ends this process too.
  else process.send?.(message, undefined, undefined, (error) => error && process.exit(0));
}

function slotOf(metadata: InferenceSession.ValueMetadata): Slot {
  if (!metadata.isTensor) return { name: metadata.name, type: 'not a tensor', shape: [] };
  return { name: metadata.name, type: metadata.type, shape: [...metadata.shape] };
}

function toTensor(input: TensorData | PixelData, from: number, rows: number): Tensor {
  if (input.type === 'pixels') {
    const { data, dims } = pixelsToTensor(input, from, rows);
    return new Tensor('float32', data as Float32Array, dims);
  }
  const width = input.dims.slice(1).reduce((product, dim) => product * dim, 1);
  const dims = [rows, ...input.dims.slice(1)];
  const start = from * width;
  const end = (from + rows) * width;
  if (input.type === 'string') return new Tensor('string', (input.data as string[]).slice(start, end), dims);
  if (input.type === 'int64') {
    return new Tensor('int64', (input.data as BigInt64Array).subarray(start, end), dims);
  }
  if (input.type === 'float64') {
    return new Tensor('float64', (input.data as Float64Array).subarray(start, end), dims);
  }
  return new Tensor('float32', (input.data as Float32Array).subarray(start, end), dims);
}

function fromTensor(name: string, tensor: Tensor, rows: number): TensorData {
  const { type, dims } = tensor;
  if (dims[0] !== rows) {
    throw new Error(`output ${name} has shape [${dims.join(', ')}] for ${rows} rows`);
  }
  // A copy: the memory of an output may belong to the session (a constant, an arena), and must not move away.
  const data = (tensor.data as Float32Array).slice();
  return { type: type as TensorData['type'], data, dims: [...dims] };
}

async function runPiece(
  session: InferenceSession,
  request: RunRequest,
  from: number,
  rows: number,
): Promise<Piece> {
  const feeds: Record<string, Tensor> = {};
  for (const [name, input] of Object.entries(request.feeds)) feeds[name] = toTensor(input, from, rows);
  const results = await session.run(feeds, request.fetches);
  const tensors: Tensors = {};
  for (const name of request.fetches) tensors[name] = fromTensor(name, results[name] as Tensor, rows);
  return { from, rows, tensors };
}

/** Runs rows; where that fails, its halves, down to the rows that fail alone. At most 2 rows - 1 runs. */
async function runIsolating(
  session: InferenceSession,
  request: RunRequest,
  from: number,
  rows: number,
  reply: RunReply,
): Promise<void> {
  try {
    reply.pieces.push(await runPiece(session, request, from, rows));
  } catch (error) {
    if (!request.isolate) throw error;
    if (rows === 1) {
      reply.badRows.push(from);
      reply.badMessage = messageOf(error);
      return;
    }
    const half = rows >> 1;
    await runIsolating(session, request, from, half, reply);
    await runIsolating(session, request, from + half, rows - half, reply);
  }
}

function buffersOf(pieces: Piece[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const piece of pieces) {
    for (const { data } of Object.values(piece.tensors)) {
      // An empty array may own a shared zero-length buffer, and has nothing worth moving.
      if (!Array.isArray(data) && data.byteLength > 0) buffers.add(data.buffer as ArrayBuffer);
    }
  }
  return [...buffers];
}

async function run(session: InferenceSession, request: RunRequest): Promise<void> {
  const startedMs = performance.now();
  const { job, rows } = request;
  const reply: RunReply = { kind: 'done', job, pieces: [], badRows: [], badMessage: '', runMs: 0 };
  try {
    for (let from = 0; from < rows; from += request.rowsMax) {
      await runIsolating(session, request, from, Math.min(request.rowsMax, rows - from), reply);
    }
    // When every row fails the fault is the model's, not a row's.
    if (reply.badRows.length === rows) throw new Error(reply.badMessage);
    reply.runMs = performance.now() - startedMs;
    post(reply, buffersOf(reply.pieces));
  } catch (error) {
    post({ kind: 'failed', job, message: messageOf(error) }, []);
  }
}

async function main(): Promise<void> {
  const isThread = parentPort !== null;
  const file = isThread ? (workerData as { file: string }).file : process.argv[2];
  if (!isThread) {
    if (process.argv[3] === 'yielding') setPriority(SHADOW_NICENESS);
    // The scorer decides when a shadow ends: Ctrl-C reaches the whole process group, and a shadow that dies of it
    // would be counted as a crash while the daemon drains.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => {});
    process.on('disconnect', () => process.exit(0));
  }
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(file ?? '', SESSION_OPTIONS);
  } catch (error) {
    post({ kind: 'unreadable', message: messageOf(error) }, []);
    return;
  }
  let last: Promise<void> = Promise.resolve();
  const receive = (message: ToWorker): void => {
    last = last.then(async () => {
      if (message.kind === 'run') await run(session, message);
      else await session.release().finally(() => parentPort?.close());
    });
  };
  if (parentPort !== null) parentPort.on('message', receive);
  else process.on('message', receive);
  post(
    {
      kind: 'ready',
      inputs: session.inputMetadata.map(slotOf),
      outputs: session.outputMetadata.map(slotOf),
    },
    [],
  );
}

await main();
