/** The detectors of the registry on streams of errors. */

import { type DetectorKind, type Options, optionsOf } from '../../../src/detect/detector.ts';
import { DETECTORS } from '../../../src/detect/registry.ts';

/** Labels that a baseline of errors is known from, as a baseline file has them. */
export const BASELINE = 5_000;

/** Detectors that compare with a baseline are told its errors; the others learn from the stream. */
export function optionsFor(kind: DetectorKind, errors: number, more: Options = {}): Options {
  const known: Options = 'successes' in kind.options ? { successes: errors, n: BASELINE } : {};
  return optionsOf(kind, { ...known, ...more });
}

export const NAMES = Object.keys(DETECTORS);

/** KSWIN sorts two windows at each value: it takes as long as twenty of the others, and sees a tenth of the streams. */
export const streamsFor = (detector: string, streams: number): number =>
  detector === 'kswin' ? Math.max(1, Math.round(streams / 10)) : streams;

export interface Outcome {
  /** Alarms before the change. */
  before: number;
  /** Values from the change to the first alarm after it; null: none. */
  delay: number | null;
}

/** Runs a detector over errors; it goes on after an alarm, and ends at the first one after the change. */
export function watch(
  kind: DetectorKind,
  options: Options,
  errors: ArrayLike<number>,
  changeAt: number,
): Outcome {
  const state = kind.create(options);
  let before = 0;
  for (let i = 0; i < errors.length; i++) {
    if (kind.step(state, options, errors[i]!) !== 'drift') continue;
    if (i >= changeAt) return { before, delay: i - changeAt + 1 };
    before++;
  }
  return { before, delay: null };
}
