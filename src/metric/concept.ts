/** Whether what an answer is worth has changed: the relation of inputs and truth. */

import { homogeneity } from '../math/homogeneity.ts';
import { chiSquareTail } from '../math/special.ts';
import { keyText } from '../profile/track.ts';
import { relationOf } from './evidence/relation.ts';
import { scaledEnds } from './intervals.ts';
import { type MetricKind, measureOf, NO_BASELINE, type Outcome, outputOf } from './metric.ts';

/**
 * Bad and good rows of each stratum of the reference, and how many of them the window lets expect, from which on an interval is
 * sound.
 */
const REFERENCE_MIN = 20;
const EXPECTED_MIN = 5;

/**
 * The mean over the rows of (q - b)^2 / (b (1 - b)), with the shares q and b of bad rows of a stratum now and in the reference;
 * strata without rows on either side are left out. Strata are independent given their sizes, so their statistics add up to
 * chi-square with a degree each.
 */
export function strataOutcome(reference: readonly number[], current: readonly number[]): Outcome {
  let [sum, n, statistic, df] = [0, 0, 0, 0];
  let [strata, chance, drawn, variance] = [0, 0, 0, 0];
  let isSound = true;
  for (let i = 0; i < reference.length; i += 2) {
    const [was, is] = [reference.slice(i, i + 2), current.slice(i, i + 2)];
    const [m, rows] = [was[0]! + was[1]!, is[0]! + is[1]!];
    if (m === 0 || rows === 0) continue;
    // Half a row more on each side, so that a share of 0 has a spread.
    const b = (was[0]! + 0.5) / (m + 1);
    const q = (is[0]! + 0.5) / (rows + 1);
    const spread = b * (1 - b);
    sum += (rows * (is[0]! / rows - b) ** 2) / spread;
    strata++;
    isSound &&= Math.min(was[0]!, was[1]!) >= REFERENCE_MIN && rows * Math.min(b, 1 - b) >= EXPECTED_MIN;
    chance += 1 + rows / m;
    drawn += (q * (1 - q)) / spread + rows / m;
    const slope = (2 * (q - b)) / spread;
    const slopeOfReference = slope + (q - b) ** 2 * ((1 - 2 * b) / spread ** 2);
    variance += rows ** 2 * (slope ** 2 * ((q * (1 - q)) / rows) + slopeOfReference ** 2 * (spread / m));
    n += rows;
    const tested = homogeneity(was, is);
    statistic += tested.statistic;
    df += tested.df;
  }
  if (n === 0) return { reason: 'no labels in strata of the reference', n };
  const value = sum / n;
  const p = df === 0 ? 1 : chiSquareTail(statistic, df);
  if (!isSound) return { value, n, p };
  const ends = scaledEnds(
    value,
    strata,
    chance / strata / n,
    variance / n ** 2,
    Math.max(0, drawn - chance) / n,
  );
  return { value, n, ...ends, p };
}

export const CONCEPT_METRICS: readonly MetricKind[] = [
  {
    name: 'concept_drift',
    description:
      'How far labels at equal scores (ten groups of them), or at equal answers where there are no scores, come in other shares than in the reference: a change of the relation of inputs and truth, not of the inputs. There is an interval where each group has 20 bad and good rows in the reference and lets expect 5 in the window.',
    formula:
      'mean over the rows of (q - b)^2 / (b (1 - b)) in their stratum; interval by noncentral chi-square (Sankaran 1963) and the delta method; p of homogeneity within all strata',
    family: 'performance',
    subjects: 'model_output',
    roles: ['scores', 'performance'],
    measure(key, track, context) {
      const counts = relationOf(key, track, context);
      if (counts !== null) {
        const outcome = strataOutcome(counts.reference, counts.current);
        return [measureOf(key.subject, key.model, outcome)];
      }
      // Of the two tracks of a classifier one says that there is nothing to compare with, unless the other has given it.
      if (track.kind !== 'confusion' || outputOf(context.spec, key.subject) === undefined) return [];
      if (context.reference.state(keyText({ ...key, role: 'scores' })) !== undefined) return [];
      const n = track.state.counts.reduce((sum, count) => sum + count, 0);
      return [measureOf(key.subject, key.model, { reason: NO_BASELINE, n })];
    },
  },
];
