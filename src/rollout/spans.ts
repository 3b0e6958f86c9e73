/**
 * What was decided since each of several times, so that a change shows soon however long all was well. A breach is looked for from each of them on, the k-th with 1 / (k (k + 1)) of
 * the error: these sum to 1, so that all together err no more than one that began with the level (the e-processes of J. Shin, A. Ramdas, A. Rinaldo 2024, E-detectors, New England Journal of
 * Statistics in Data Science 2, with weights that keep the error for good). A start among a million costs 28 nats, which are some 400 decisions where 2 % became 10 %.
 */

import type { Decided } from './automation.ts';

export interface Spans {
  /** Windows so far. */
  windows: number;
  /** Oldest first; `start` is the number of its first window, from 1 on. */
  spans: { start: number; n: number; wrong: number }[];
}

/** They stand closer the younger they are; leaving some out errs no more. */
const SPANS_MAX = 32;

export const createSpans = (): Spans => ({ windows: 0, spans: [] });

export function addDecided(state: Spans, n: number, wrong: number): void {
  if (n === 0) return;
  const { spans } = state;
  state.windows++;
  spans.push({ start: state.windows, n: 0, wrong: 0 });
  for (const span of spans) {
    span.n += n;
    span.wrong += wrong;
  }
  if (spans.length > SPANS_MAX) spans.splice(closest(state), 1);
}

/** The one whose neighbours stand closest for its age; never the first or the last. */
function closest({ windows, spans }: Spans): number {
  let [found, least] = [1, Number.POSITIVE_INFINITY];
  for (let i = 1; i < spans.length - 1; i++) {
    const gap = (spans[i + 1]!.start - spans[i - 1]!.start) / (windows + 1 - spans[i]!.start);
    if (gap < least) [found, least] = [i, gap];
  }
  return found;
}

export const decidedOf = ({ spans }: Spans): Decided[] =>
  spans.map(({ start, n, wrong }) => ({ n, wrong, weight: 1 / (start * (start + 1)) }));
