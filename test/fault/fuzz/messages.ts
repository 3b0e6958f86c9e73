/** What the process that fuzzes says to the one that watches it. */
import type { Totals } from './run-target.ts';

export interface Job {
  target: string;
  /** 0: only the kept cases. */
  runs: number;
}

export interface Order {
  jobs: Job[];
  seed: number;
  /** File in which the input at hand stands: see `notebook.ts`. */
  noteFile: string;
}

export interface FoundFailure {
  target: string;
  variant: string;
  bytes: Uint8Array;
  message: string;
  /** Null where the input is known but not what made it: a kept case, or the last one before the process died. */
  seed: number | null;
  /** File of a kept case. */
  file: string | null;
}

export interface Finished extends Totals {
  target: string;
  /** Kept cases. */
  kept: number;
  ms: number;
}

export type Message =
  /** Without a target: the process is ready for its order. */
  | { kind: 'progress'; target: string | null; runs: number }
  | { kind: 'finished'; finished: Finished }
  | { kind: 'failed'; failure: FoundFailure }
  | { kind: 'done' };
