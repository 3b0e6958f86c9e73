/** Fuzzes one target in this process: fast-check makes and shrinks the tapes, the meter looks at what each check takes. */
import fc from 'fast-check';
import { choicesOf } from './choices.ts';
import { beforeCheck, peakBytes, resetPeak, usedBytes, watchCollections } from './meter.ts';
import { type Case, type Target, Violation } from './target.ts';

/** Inputs that are looked at together: the engine's own collections are known for all of them at once. */
const CHUNK = 200;
const PROGRESS_EVERY_MS = 1_000;
/**
 * CPU time of one check; all that is known to be good stays below a hundredth of it. Asking for it takes longer than
 * most checks, so it is asked only of a check that took as much by the clock.
 */
const CPU_MS_MAX = 10_000;
const tapes = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 64, size: 'max' });

export interface Failure {
  message: string;
  case: Case;
  seed: number;
}

export interface Totals {
  runs: number;
  /** The most that one check has allocated, and the longest input. */
  heapBytesMax: number;
  residentBytesMax: number;
  inputBytesMax: number;
  /** Inputs that were checked again, each alone, since something was odd about their chunk. */
  again: number;
}

export interface Hooks {
  /** Called before each check: what was checked last is known even when the process dies. */
  note: (one: Case) => void;
  progress: (runs: number) => void;
}

export const newTotals = (): Totals => ({
  runs: 0,
  heapBytesMax: 0,
  residentBytesMax: 0,
  inputBytesMax: 0,
  again: 0,
});

const heapBytesMax = (target: Target, bytes: number): number =>
  target.heap.fixedBytes + target.heap.perByte * bytes;

/**
 * Checks one case. With `alone` everything is collected before, and a collection meanwhile is an allocation beyond the
 * bound. Without it only what can be seen for sure is counted; `suspect` is called where a check alone is needed.
 */
async function checkOne(
  target: Target,
  one: Case,
  totals: Totals,
  alone: boolean,
  suspect: () => void,
): Promise<void> {
  const native = target.residentBytesMax !== null;
  const before = beforeCheck(alone);
  const resident = native ? resetPeak() : null;
  const cpu = alone ? process.cpuUsage() : null;
  const started = performance.now();
  // Awaited only where there is something to wait for: a turn of the event loop per input would cost more than most checks.
  const work = (): void | Promise<void> => target.check(one);
  const watched = alone
    ? await watchCollections(work)
    : { result: native ? await work() : work(), own: false };
  if (watched.result instanceof Promise) await watched.result;
  const used = usedBytes() - before;
  const limit = heapBytesMax(target, one.bytes.length);
  if (cpu === null) {
    if (used > limit || performance.now() - started > CPU_MS_MAX) return suspect();
  } else {
    const { user, system } = process.cpuUsage(cpu);
    if (user + system > CPU_MS_MAX * 1_000)
      throw new Violation(`takes ${(user + system) / 1e6} s of CPU time`);
    // Native code makes the engine collect as it likes; the resident set is looked at there.
    if (used > limit || (watched.own && !native)) {
      throw new Violation(`allocates ${used} bytes or more for ${one.bytes.length}, more than ${limit}`);
    }
  }
  if (resident !== null) {
    const grown = peakBytes() - resident;
    if (grown > target.residentBytesMax!) throw new Violation(`the resident set grows by ${grown} bytes`);
    totals.residentBytesMax = Math.max(totals.residentBytesMax, grown);
  }
  totals.heapBytesMax = Math.max(totals.heapBytesMax, used);
  totals.inputBytesMax = Math.max(totals.inputBytesMax, one.bytes.length);
}

/** Checks a kept case as strictly as can be. */
export async function replay(target: Target, one: Case, hooks: Hooks): Promise<string | null> {
  hooks.note(one);
  try {
    // The first run of any code allocates for its compilation and its caches.
    await target.check(one);
    await checkOne(target, one, newTotals(), true, () => {});
    return null;
  } catch (error) {
    return wordsOf(error);
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Runs inputs `0` to `runs` of a seed. Gives the first failure, as small as fast-check can make it. */
export async function runTarget(
  target: Target,
  runs: number,
  seed: number,
  totals: Totals,
  hooks: Hooks,
): Promise<Failure | null> {
  let toldMs = 0;
  const buildAndNote = (tape: number[]): Case => {
    if (performance.now() - toldMs > PROGRESS_EVERY_MS) {
      hooks.progress(totals.runs);
      toldMs = performance.now();
    }
    const one = target.build(choicesOf(tape));
    hooks.note(one);
    return one;
  };
  for (let done = 0; done < runs; done += CHUNK) {
    const parameters = { seed: (seed + done) | 0, numRuns: Math.min(CHUNK, runs - done) };
    let suspected = false;
    const suspect = (): void => {
      suspected = true;
    };
    const check = (alone: boolean) =>
      fc.check(
        fc.asyncProperty(tapes, (tape) => checkOne(target, buildAndNote(tape), totals, alone, suspect)),
        parameters,
      );
    const { result, own } = await watchCollections(() => check(false));
    const alone = suspected || (own && target.residentBytesMax === null);
    if (alone) totals.again += parameters.numRuns;
    const details = !result.failed && alone ? await check(true) : result;
    if (details.failed) {
      const tape = details.counterexample?.[0] ?? [];
      const one = target.build(choicesOf(tape));
      return { message: wordsOf(details.errorInstance), case: one, seed: parameters.seed };
    }
    totals.runs += parameters.numRuns;
    hooks.progress(totals.runs);
  }
  return null;
}
