/** What the texts of an input are made of. */

import type { Counters } from '../profile/counters.ts';
import { CHAR_CLASSES } from '../records.ts';
import { meanOutcome, shareEnds } from './intervals.ts';
import { counterMetric, type MetricKind, measureOf, type Outcome } from './metric.ts';

/** A ratio of sums over texts, with the variance of a ratio estimator (W. G. Cochran, Sampling Techniques, 1977, 6.4). */
function share(state: Counters, name: string): Outcome {
  const count = (key: string): number => state.get(key) ?? 0;
  const [n, chars] = [count('texts'), count('chars')];
  if (n === 0) return { reason: 'no texts', n };
  if (chars === 0) return { reason: 'no characters', n };
  const value = count(name) / chars;
  if (n < 2) return { value, n };
  const squares = count(`${name}2`) - 2 * value * count(`${name}_chars`) + value * value * count('chars2');
  const variance = (Math.max(0, squares) * n) / (n - 1) / chars / chars;
  return { value, n, ...shareEnds(value, variance, n) };
}

const charShare: MetricKind = {
  name: 'char_share',
  description:
    'Share of the characters of a text input, of the first 4,096 of each text, that are letters, digits, punctuation (with symbols and emoji), spaces, or other (control characters, broken or unassigned ones), by the general category of Unicode. n counts texts.',
  formula: 'characters of the class / characters; Wilson interval of its effective size',
  family: 'input',
  subjects: 'chars',
  unit: true,
  roles: ['chars'],
  measure: (key, track) =>
    track.kind === 'counters'
      ? CHAR_CLASSES.map((name) => measureOf(`${key.subject}=${name}`, key.model, share(track.state, name)))
      : [],
};

const wordsMean = counterMetric(
  {
    name: 'words_mean',
    description:
      'Mean number of words of a text, of its first 4,096 characters; a word is a run of characters without a space.',
    formula: 'words / texts; interval of Student',
    family: 'input',
    subjects: 'text_input',
    roles: ['chars'],
  },
  (count) => meanOutcome(count('words'), count('words2'), count('texts'), 'no texts', 0),
);

export const TEXT_METRICS = [charShare, wordsMean];
