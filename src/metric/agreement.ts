/** Whether a shadow answers as the primary does, and which of the two is right where they differ. */

import { betaCdf } from '../math/special.ts';
import type { Counters } from '../profile/counters.ts';
import type { TrackState } from '../profile/registry.ts';
import { rateOf, shareEnds, Z95 } from './intervals.ts';
import {
  confusionMetric,
  counterMetric,
  type MetricKind,
  measureOf,
  type Outcome,
  outputOf,
} from './metric.ts';
import { cohenKappa, correlationOutcome, gwetAc1 } from './table.ts';

const about = { family: 'agreement', subjects: 'model_output', roles: ['agreement'] } as const;
const NO_ANSWERS = 'no answers';

const readerOf =
  (counters: Counters) =>
  (name: string): number =>
    counters.get(name) ?? 0;

/** 2 matched / boxes is a ratio over images: its variance is that of 2 matched - ratio * boxes. */
function boxAgreement(counters: Counters): Outcome {
  const count = readerOf(counters);
  const [n, boxes] = [count('compared'), count('boxes')];
  if (boxes === 0) return { reason: 'no boxes', n };
  const value = (2 * count('matched')) / boxes;
  const squares =
    4 * count('matched2') - 4 * value * count('matched_boxes') + value * value * count('boxes2');
  const variance = n > 1 ? (Math.max(0, squares) * n) / (n - 1) / (boxes * boxes) : 0;
  return { value, n, ...shareEnds(value, variance, n) };
}

function agreementOf(track: TrackState, isDetector: boolean): Outcome | null {
  if (track.kind === 'confusion') {
    const { classes, counts } = track.state;
    let agreed = 0;
    for (let index = 0; index < classes; index++) agreed += counts[index * (classes + 1)]!;
    const n = counts.reduce((sum, count) => sum + count, 0);
    return rateOf(agreed, n, NO_ANSWERS);
  }
  if (track.kind !== 'counters') return null;
  if (isDetector) return boxAgreement(track.state);
  const count = readerOf(track.state);
  return rateOf(count('agreed'), count('compared'), NO_ANSWERS);
}

const agreement: MetricKind = {
  ...about,
  unit: true,
  name: 'agreement',
  description:
    'Share of the requests that a shadow answers as the primary does: the same class, set or text, a number within the tolerance; of detectors the share of boxes that have a partner.',
  formula: 'agreed / compared; detectors: 2 matched / boxes of both; Wilson interval',
  measure(key, track, { spec }) {
    const outcome = agreementOf(track, outputOf(spec, key.subject)?.type === 'detector');
    return outcome === null ? [] : [measureOf(key.subject, key.model, outcome)];
  },
};

const kappa = confusionMetric(
  {
    ...about,
    name: 'cohen_kappa',
    description: "Cohen's kappa of the classes of shadow and primary: agreement beyond that of chance.",
    formula: '(agreement - sum r_k c_k) / (1 - sum r_k c_k); interval by the delta method on atanh',
  },
  (state) => correlationOutcome(state, cohenKappa, NO_ANSWERS),
);

const ac1 = confusionMetric(
  {
    ...about,
    name: 'gwet_ac1',
    description:
      "Gwet's AC1 of the classes of shadow and primary: as kappa, and steady where one class is rare.",
    formula:
      '(agreement - e) / (1 - e), e = sum m_k (1 - m_k) / (classes - 1), m_k = (r_k + c_k) / 2; interval by the delta method on atanh',
  },
  (state) => correlationOutcome(state, gwetAc1, NO_ANSWERS),
);

/** Exact two-sided p-value of McNemar: of b + c discordant pairs each side has half by chance. */
export function mcnemarP(b: number, c: number): number {
  const [fewer, more] = [Math.min(b, c), Math.max(b, c)];
  // P(X <= fewer) of a binomial is P(half >= ...) of a beta.
  return b === c ? 1 : Math.min(1, 2 * betaCdf(0.5, more, fewer + 1));
}

/**
 * (c - b) / n with the interval of A. Agresti and Y. Min, Simple improved confidence intervals for comparing matched
 * proportions, Statistics in Medicine 24, 2005: half a pair more in each of the four cells.
 */
export function gainOf(b: number, c: number, n: number): Outcome {
  if (n === 0) return { reason: 'no labels of requests that both answered', n };
  const size = n + 2;
  const gain = (c - b) / size;
  const half = (Z95 * Math.sqrt((b + c + 1 - ((c - b) * (c - b)) / size) / size)) / Math.sqrt(size);
  return {
    value: (c - b) / n,
    n,
    low: Math.max(-1, gain - half),
    high: Math.min(1, gain + half),
    p: mcnemarP(b, c),
  };
}

const discordantGain = counterMetric(
  {
    name: 'discordant_gain',
    description:
      'How much more often the shadow is right than the primary on the same labelled requests, of numbers within the tolerance; the p-value is that of equal models.',
    formula:
      '(only the shadow right - only the primary right) / labelled pairs; Agresti-Min interval; p of McNemar, exact',
    family: 'performance',
    subjects: 'model_output',
    roles: ['pairs'],
  },
  (count) => {
    const [b, c] = [count('only_primary'), count('only_shadow')];
    return gainOf(b, c, b + c + count('both') + count('neither'));
  },
);

export const AGREEMENT_METRICS = [agreement, kappa, ac1, discordantGain];
