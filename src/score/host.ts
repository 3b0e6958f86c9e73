import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FromWorker, RunReply, RunRequest, Slot, ToWorker } from './messages.ts';

/** A thread that is still inside a run after this long is left behind at close. */
const CLOSE_MS_MAX = 5000;

/** What a run of rows needs; the host numbers it. */
export type Run = Omit<RunRequest, 'kind' | 'job'>;

/** A model's session in its own thread or process. */
export interface Host {
  readonly inputs: Slot[];
  readonly outputs: Slot[];
  /** Runs that have been asked for and not answered. */
  readonly pending: number;
  /** False once the thread or process has ended, for whatever reason. */
  readonly alive: boolean;
  /** Rejects with what the run or the end of the worker said. */
  run(run: Run): Promise<RunReply>;
  /** Ends it: a thread after the runs asked for, a process at once. */
  close(): Promise<void>;
}

/** yielding: a process leaves the processor to others that want it. */
export type Pace = 'yielding' | 'prompt';

interface Channel {
  post(message: ToWorker, transfer: ArrayBuffer[]): void;
  stop(): void;
  /** Lets the event loop end although the channel is open. */
  abandon(): void;
}

interface ChannelEvents {
  message(message: FromWorker): void;
  /** With the cause in words; at most once. */
  end(cause: string): void;
}

/**
 * Where the worker's code is. Sources run from `.ts` under vitest, where a Node that cannot strip types needs the
 * built file.
 */
function workerUrl(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./worker.js', import.meta.url);
  const canStripTypes = Boolean((process.features as { typescript?: unknown }).typescript);
  return new URL(canStripTypes ? './worker.ts' : '../../dist/score/worker.js', import.meta.url);
}

function threadChannel(file: string, events: ChannelEvents): Channel {
  // execArgv: flags of the main thread (a loader, an inspector) are not the worker's.
  const worker = new Worker(workerUrl(), { workerData: { file }, execArgv: [] });
  let cause = '';
  worker.on('message', events.message);
  worker.on('error', (error) => {
    cause = `: ${error instanceof Error ? error.message : String(error)}`;
  });
  worker.on('exit', (code) => events.end(`the worker thread ended with code ${code}${cause}`));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    // Never terminate(): ending a thread inside ONNX Runtime aborts the whole process (an exception that its binding
    // throws into a terminating environment; seen with 1.30 and Node 20). The thread closes between two runs.
    stop: () => worker.postMessage({ kind: 'close' } satisfies ToWorker),
    abandon: () => worker.unref(),
  };
}

function processChannel(file: string, events: ChannelEvents, pace: Pace): Channel {
  const child: ChildProcess = fork(fileURLToPath(workerUrl()), [file, pace], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let isEnded = false;
  const end = (cause: string): void => {
    if (!isEnded) events.end(cause);
    isEnded = true;
  };
  child.on('message', events.message);
  child.on('error', (error) => end(`the worker process failed: ${error.message}`));
  child.on('exit', (code, signal) => end(`the worker process ended with ${signal ?? `code ${code}`}`));
  return {
    // A send to a process that has just ended fails; its exit event is what tells.
    post: (message) => void child.send(message, () => {}),
    stop: () => void child.kill('SIGKILL'),
    abandon: () => child.unref(),
  };
}

interface Deferred {
  promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** Promise.withResolvers of Node 22. */
function deferred(): Deferred {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

class WorkerHost implements Host {
  inputs: Slot[] = [];
  outputs: Slot[] = [];
  alive = true;
  readonly #channel: Channel;
  readonly #waiting = new Map<number, { resolve(reply: RunReply): void; reject(error: Error): void }>();
  readonly #ended = deferred();
  readonly #ready = deferred();
  #jobs = 0;

  constructor(kind: 'thread' | 'process', file: string, pace: Pace) {
    const events: ChannelEvents = {
      message: (message) => this.#receive(message),
      end: (cause) => this.#end(cause),
    };
    this.#channel = kind === 'thread' ? threadChannel(file, events) : processChannel(file, events, pace);
  }

  get pending(): number {
    return this.#waiting.size;
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  run(run: Run): Promise<RunReply> {
    if (!this.alive) return Promise.reject(new Error('the worker has ended'));
    const job = this.#jobs++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(job, { resolve, reject });
      const buffers = Object.values(run.feeds).flatMap(({ data }) =>
        Array.isArray(data) || data.byteLength === 0 ? [] : [data.buffer as ArrayBuffer],
      );
      this.#channel.post({ kind: 'run', job, ...run }, buffers);
    });
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    this.#channel.stop();
    const limit = deferred();
    const timer = setTimeout(() => limit.resolve(), CLOSE_MS_MAX);
    await Promise.race([this.#ended.promise, limit.promise]);
    clearTimeout(timer);
    if (this.alive) this.#channel.abandon();
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') {
      this.inputs = message.inputs;
      this.outputs = message.outputs;
      this.#ready.resolve();
      return;
    }
    if (message.kind === 'unreadable') {
      this.#ready.reject(new Error(message.message));
      return;
    }
    const waiting = this.#waiting.get(message.job);
    this.#waiting.delete(message.job);
    if (message.kind === 'done') waiting?.resolve(message);
    else waiting?.reject(new Error(message.message));
  }

  #end(cause: string): void {
    this.alive = false;
    const error = new Error(cause);
    this.#ready.reject(error);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#ended.resolve();
  }
}

/** Starts a worker and loads the model file. Rejects with what ONNX Runtime or the worker's end said. */
export async function openHost(
  kind: 'thread' | 'process',
  file: string,
  pace: Pace = 'yielding',
): Promise<Host> {
  const host = new WorkerHost(kind, file, pace);
  try {
    await host.ready();
  } catch (error) {
    await host.close();
    throw error;
  }
  return host;
}
