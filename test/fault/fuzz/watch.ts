/** Starts the process that fuzzes and watches it: a crash, a full heap and a hang are failures of the input at hand. */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finished, FoundFailure, Job, Message, Order } from './messages.ts';
import { readNotebook } from './notebook.ts';
import { entryOf } from './targets/index.ts';

/**
 * The young generation holds all that one check may allocate, so that a collection during it is a finding. The old one
 * is small, so that what grows without bound ends the process soon.
 */
const FLAGS = [
  '--expose-gc',
  // All in this thread, so that what a collection frees is gone when it returns.
  '--single-threaded-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--max-old-space-size=400',
];

export interface Watch {
  jobs: Job[];
  seed: number;
  /** Without any progress for so long the process hangs. Beginning takes longer: samples are made then. */
  hangMsMax: number;
  onProgress?: (target: string, runs: number) => void;
}

const START_MS_MAX = 120_000;

/** Whether inputs follow, and not the beginning of the next target. */
const isChecking = (message: Message): boolean => message.kind === 'progress' && message.target !== null;

export interface Report {
  finished: Finished[];
  failures: FoundFailure[];
}

/** Runs the jobs in turn, each target once; after the death of a process the targets behind it still get theirs. */
export async function fuzz(watch: Watch): Promise<Report> {
  const report: Report = { finished: [], failures: [] };
  const folder = mkdtempSync(join(tmpdir(), 'telltale-fuzz-'));
  const noteFile = join(folder, 'input');
  try {
    for (let jobs = watch.jobs; jobs.length > 0; ) {
      const ended = await runProcess({ jobs, seed: watch.seed, noteFile }, watch, report);
      if (ended === null) break;
      const last = readNotebook(noteFile);
      if (last === null) throw new Error(`the fuzzer ended before its first input: ${ended}`);
      const { target } = jobs[last.target]!;
      const { variants } = await entryOf(target).make();
      const variant = variants[last.case.variant]!;
      const { bytes } = last.case;
      report.failures.push({ target, variant, bytes, message: ended, seed: null, file: null });
      jobs = jobs.slice(last.target + 1);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return report;
}

/** Null when all is done, otherwise how the process ended. */
function runProcess(order: Order, watch: Watch, report: Report): Promise<string | null> {
  const child = fork(fileURLToPath(new URL('./worker.mjs', import.meta.url)), {
    execArgv: FLAGS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4_000);
  });
  let done = false;
  let hung = false;
  let timer: NodeJS.Timeout | undefined;
  const rearm = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, ms);
  };
  rearm(START_MS_MAX);
  child.on('message', (message: Message) => {
    rearm(isChecking(message) ? watch.hangMsMax : START_MS_MAX);
    if (message.kind === 'done') done = true;
    else if (message.kind === 'finished') report.finished.push(message.finished);
    else if (message.kind === 'failed') report.failures.push(message.failure);
    else if (message.target === null) child.send(order);
    else watch.onProgress?.(message.target, message.runs);
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (done) resolve(null);
      else if (hung) resolve(`hangs: no progress within ${watch.hangMsMax} ms`);
      // Node ends with 13, or 0 once its loop is empty, where a promise is awaited that nothing will settle.
      else if (code === 0 || code === 13)
        resolve('never ends: nothing is left that could settle its promise');
      else resolve(`the process ended with ${signal ?? code}: ${stderr}`);
    });
  });
}
