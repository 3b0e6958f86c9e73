/** The evidence of one stream: one metric of one subject, model and segment. */

import { type Component, increaseOf, upperBoundOf } from '../detect/components.ts';
import { type Allowance, logEOfCells, logEOfStrata } from '../detect/e-cells.ts';
import {
  createEDetector,
  type EDetectorState,
  foldCounts,
  foldE,
  logEvidenceOf,
  onsetOf,
  resetEDetector,
  scaleEDetector,
} from '../detect/e-detector.ts';
import { logSum } from '../math/log-sum.ts';
import type { Concern, Counts } from '../metric/evidence/registry.ts';
import type { MovedCell } from '../records.ts';

/**
 * Windows that are tested together. A small change in small windows is lost in each of them, and stands out in their sum. An e-detector that
 * steps once in k windows may count k-fold, since what bounds its mean is the number of its steps.
 */
const SCALES = [1, 4, 16, 64] as const;
const SCALE_SHARES = [1 / 2, 1 / 6, 1 / 6, 1 / 6] as const;
const LOG_WEIGHTS = SCALES.map((scale, k) => Math.log(scale * SCALE_SHARES[k]!));

/** Cells told of a stream. */
const CELLS_TOLD = 5;

/** Where what neither side knows by name is counted. */
const OTHER = '(other)';

/** Counts by cell since a window that began at `sinceMs`. */
interface Sum {
  sinceMs: number;
  windows: number;
  counts: Record<string, number>;
}

/** Plain JSON: part of the judge's snapshot. */
export interface EvidenceStream {
  metric: string;
  concern: Concern;
  subject: string;
  model: string;
  segment: string;
  /** By scale; rates have one, of several components. */
  detectors: EDetectorState[];
  /** Of the scales above 1, what is not tested yet. */
  blocks: (Sum | null)[];
  /** What was seen since the onset, until an alarm names it; null while nothing speaks against the null. */
  moved: Sum | null;
  firstMs: number;
  lastMs: number;
  /** Key of the alarm that names it: it pages no more until it has come back. */
  alarm: string | null;
  /** While it is named: evidence that it is as it was rather than as it had moved, as a logarithm; at least 0. */
  back: number;
  /** Stretches in which it had evidence of its own, the last few; null: it still has. */
  suspected: [fromMs: number, untilMs: number | null][];
}

export const createStream = (
  about: Pick<EvidenceStream, 'metric' | 'concern' | 'subject' | 'model' | 'segment'>,
  firstMs: number,
): EvidenceStream => ({
  ...about,
  detectors: [],
  blocks: SCALES.map(() => null),
  moved: null,
  firstMs,
  lastMs: firstMs,
  alarm: null,
  back: 0,
  suspected: [],
});

function countsOf({ names, current }: Counts): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < names.length; i++) counts[names[i]!] = current[i]!;
  return counts;
}

/** into + from; `from` is not kept. */
function sumOf(into: Sum | null, from: Sum): Sum {
  if (into === null) return { ...from, counts: { ...from.counts } };
  into.windows += from.windows;
  for (const name of Object.keys(from.counts))
    into.counts[name] = (into.counts[name] ?? 0) + from.counts[name]!;
  return into;
}

/** The counts of several windows over the cells of the last of them; null: their cells were others. */
function alignedTo({ names }: Counts, counts: Record<string, number>): number[] | null {
  const current = names.map((name) => counts[name] ?? 0);
  const known = new Set(names);
  const strays = Object.keys(counts).filter((name) => !known.has(name));
  if (strays.length === 0) return current;
  // Categories of earlier windows that no side knows by name.
  const other = names.indexOf(OTHER);
  if (other < 0) return null;
  for (const name of strays) current[other]! += counts[name]!;
  return current;
}

const logEOf = ({ form, reference }: Counts, current: number[], allowance: Allowance): number | undefined =>
  form === 'strata'
    ? logEOfStrata(reference, current, allowance)
    : logEOfCells(reference, current, allowance);

/** The bets of rates that were asked for; a reference is the same for many windows, and its bound takes a root search. */
const betsKnown = new Map<string, Component[]>();
const BETS_KNOWN_MAX = 10_000;

/** The bets on more bad rows than the reference and the tolerance allow. */
function betsOf(
  { reference: [bad = 0, good = 0] }: Counts,
  { tolerance, confidence }: Allowance,
): Component[] {
  const key = `${bad}/${good}/${tolerance}/${confidence}`;
  let bets = betsKnown.get(key);
  if (bets !== undefined) return bets;
  bets = increaseOf(Math.min(1, upperBoundOf(bad, bad + good, confidence) + tolerance));
  if (betsKnown.size >= BETS_KNOWN_MAX) betsKnown.clear();
  betsKnown.set(key, bets);
  return bets;
}

function foldRate(stream: EvidenceStream, counts: Counts, allowance: Allowance, startMs: number): void {
  const bets = betsOf(counts, allowance);
  stream.detectors[0] ??= createEDetector(bets.length);
  const [bad = 0, good = 0] = counts.current;
  const table = [[1, bad] as const, [0, good] as const];
  foldCounts(stream.detectors[0], bets, table, startMs);
}

/** Tests the sum of some windows at one scale. */
function testAt(
  stream: EvidenceStream,
  k: number,
  counts: Counts,
  current: number[],
  allowance: Allowance,
  sinceMs: number,
): boolean {
  stream.detectors[k] ??= createEDetector();
  const logE = logEOf(counts, current, allowance);
  if (logE !== undefined) foldE(stream.detectors[k]!, logE, sinceMs);
  return logE !== undefined;
}

/** Windows are summed to blocks, and those to larger ones: each scale takes what the one below it has gathered. */
function foldScales(stream: EvidenceStream, counts: Counts, allowance: Allowance, startMs: number): void {
  testAt(stream, 0, counts, counts.current, allowance, startMs);
  let below: Sum = { sinceMs: startMs, windows: 1, counts: countsOf(counts) };
  for (let k = 1; k < SCALES.length; k++) {
    const block = sumOf(stream.blocks[k] ?? null, below);
    stream.blocks[k] = block;
    if (block.windows < SCALES[k]!) return;
    const current = alignedTo(counts, block.counts);
    // With too few rows the largest block goes on; the others are part of it.
    const isTested = current === null || testAt(stream, k, counts, current, allowance, block.sinceMs);
    if (isTested || k < SCALES.length - 1) stream.blocks[k] = null;
    if (current === null) return;
    below = block;
  }
}

const speaks = ({ detectors }: EvidenceStream): boolean =>
  detectors.some(({ peaks }) => peaks.some((peak) => peak > 0));

/** Evidence that ends an alarm of a stream, and the most of it that one window may give: one good window is no recovery. */
const BACK = Math.log(100);
const BACK_STEP = BACK / 4;

/** ln of how much better the reference explains the window than what was seen since the onset, with half a row more in each cell. */
function logBack({ form, reference, current }: Counts, moved: readonly number[]): number {
  const size = form === 'cells' ? reference.length : 2;
  let log = 0;
  for (let from = 0; from < reference.length; from += size) {
    let [m, n] = [size / 2, size / 2];
    for (let i = from; i < from + size; i++) {
      m += reference[i]!;
      n += moved[i]!;
    }
    for (let i = from; i < from + size; i++)
      log += current[i]! * Math.log(((reference[i]! + 0.5) / m) * (n / (moved[i]! + 0.5)));
  }
  return log;
}

/**
 * CUSUM of a stream that an alarm names: it has to be shown that it came back, as it had to be that it moved. One that stays just beyond what is
 * tolerated stays in its alarm, and does not page again and again.
 */
function foldBack(stream: EvidenceStream, counts: Counts): void {
  const moved = stream.moved === null ? null : alignedTo(counts, stream.moved.counts);
  // With other cells, as those of another rolling reference, only a test against the null could tell.
  const log = moved === null ? BACK_STEP : logBack(counts, moved);
  stream.back = Math.max(0, stream.back + Math.min(BACK_STEP, Math.max(-BACK, log)));
}

export const isBack = ({ back }: EvidenceStream): boolean => back >= BACK - 1e-9;

/** Folds a window. */
export function foldStream(
  stream: EvidenceStream,
  counts: Counts,
  allowance: Allowance,
  startMs: number,
  endMs: number,
): void {
  stream.lastMs = endMs;
  if (stream.alarm !== null) {
    foldBack(stream, counts);
    return;
  }
  if (counts.form === 'rate') foldRate(stream, counts, allowance, startMs);
  else foldScales(stream, counts, allowance, startMs);
  stream.moved = speaks(stream)
    ? sumOf(stream.moved, { sinceMs: startMs, windows: 1, counts: countsOf(counts) })
    : null;
}

const isRate = ({ detectors }: EvidenceStream): boolean => (detectors[0]?.sums.length ?? 0) > 1;

/** The components of a rate weigh the same for every reference. */
const RATE_WEIGHTS = increaseOf(0.5).map(({ weight }) => ({ weight }));

/** ln M of the stream: the mean over its scales, each counted as often as it does not step. */
export function logEvidence(stream: EvidenceStream): number {
  const { detectors } = stream;
  if (isRate(stream)) return logEvidenceOf(detectors[0]!, RATE_WEIGHTS);
  return logSum(detectors.map((detector, k) => LOG_WEIGHTS[k]! + logEvidenceOf(detector)));
}

/** The start of the stretch that speaks most against the null; the end of the last window where none does. */
export function onsetMs(stream: EvidenceStream): number {
  const { detectors, lastMs } = stream;
  if (isRate(stream)) return onsetOf(detectors[0]!, RATE_WEIGHTS) ?? lastMs;
  let [best, onset] = [Number.NEGATIVE_INFINITY, lastMs];
  detectors.forEach((detector, k) => {
    const peak = LOG_WEIGHTS[k]! + detector.peaks[0]!;
    if (detector.peaks[0]! <= 0 || peak <= best) return;
    best = peak;
    onset = detector.since[0]!;
  });
  return onset;
}

export function resetStream(stream: EvidenceStream): void {
  for (const detector of stream.detectors) resetEDetector(detector);
  stream.blocks = SCALES.map(() => null);
}

export const scaleStream = ({ detectors }: EvidenceStream, factor: number): void => {
  for (const detector of detectors) scaleEDetector(detector, factor);
};

/** From here on it does not page, until it has come back. */
export function nameStream(stream: EvidenceStream, alarm: string): void {
  resetStream(stream);
  stream.alarm = alarm;
  stream.back = 0;
}

/** Forgets what an alarm has been told of. */
export function releaseStream(stream: EvidenceStream): void {
  resetStream(stream);
  stream.alarm = null;
  stream.moved = null;
  stream.back = 0;
}

/** The stretches that are remembered: the kind of an alarm is looked at again when its labels are in. */
const SUSPECTED_MAX = 4;

export function noteSuspicion(stream: EvidenceStream, isSuspect: boolean, endMs: number): void {
  const last = stream.suspected.at(-1);
  const isOpen = last !== undefined && last[1] === null;
  if (isSuspect && !isOpen) {
    stream.suspected.push([endMs, null]);
    if (stream.suspected.length > SUSPECTED_MAX) stream.suspected.shift();
  } else if (!isSuspect && isOpen) last[1] = endMs;
}

/** What each cell weighs in the statistic, with its shares; of strata and rates the share of bad rows. */
function movesOf({ form, names, reference, current }: Counts): (MovedCell & { weight: number })[] {
  const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
  const [m, n] = [sum(reference), sum(current)];
  const moves: (MovedCell & { weight: number })[] = [];
  const add = (cell: string, was: number, wasOf: number, is: number, isOf: number): void => {
    if (wasOf === 0 || isOf === 0) return;
    const [b, q] = [was / wasOf, is / isOf];
    const pooled = (was + is) / (wasOf + isOf);
    if (pooled > 0) moves.push({ cell, reference: b, current: q, weight: (isOf * (q - b) ** 2) / pooled });
  };
  names.forEach((name, i) => {
    if (form === 'cells') add(name, reference[i]!, m, current[i]!, n);
    else if (i % 2 === 0)
      add(name, reference[i]!, reference[i]! + reference[i + 1]!, current[i]!, current[i]! + current[i + 1]!);
  });
  return moves.sort((a, b) => b.weight - a.weight || (a.cell < b.cell ? -1 : 1));
}

/** A cell's borders with four digits; the names that counts go by must stay apart, and have all of them. */
const shortName = (name: string): string =>
  name.replace(/-?\d+\.\d{3,}(?:e[+-]?\d+)?/g, (digits) => String(Number(Number(digits).toPrecision(4))));

/** The cells that moved most since the onset, beside `latest`, and how many rows that is of. */
export function movedCells(
  { moved }: EvidenceStream,
  latest: Counts | undefined,
): { cells: MovedCell[]; n: number; referenceN: number } {
  if (latest === undefined) return { cells: [], n: 0, referenceN: 0 };
  const current = (moved === null ? null : alignedTo(latest, moved.counts)) ?? latest.current;
  const cells = movesOf({ ...latest, current }).slice(0, CELLS_TOLD);
  return {
    cells: cells.map(({ cell, reference, current: is }) => ({
      cell: shortName(cell),
      reference,
      current: is,
    })),
    n: current.reduce((sum, count) => sum + count, 0),
    referenceN: latest.reference.reduce((sum, count) => sum + count, 0),
  };
}
