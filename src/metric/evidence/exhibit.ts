/**
 * What a window shows for or against "no worse than the baseline, but for the tolerance": counts of the window beside those of
 * its reference. What the counts say is for the detectors; what follows from it, for the alarms.
 */

import type { TrackState } from '../../profile/registry.ts';
import type { TrackKey, TrackRole } from '../../profile/track.ts';
import type { MetricContext } from '../metric.ts';

/**
 * What it is about: the inputs; the answers; labels at equal scores, which is the relation of inputs and truth; or harm: errors, what
 * users do, failures.
 */
export type Concern = 'inputs' | 'answers' | 'relation' | 'performance' | 'behaviour' | 'software';

/**
 * Counts of the window and of the reference over the same cells. `cells`: the question is whether both are of one distribution. `strata`:
 * the cells come in pairs, bad and good rows of one stratum, and the question is whether each stratum has the share of bad
 * rows that it had. `rate`: two cells, bad and good rows, and the question is whether there are more bad ones.
 */
export interface Counts {
  form: 'cells' | 'strata' | 'rate';
  names: string[];
  reference: number[];
  current: number[];
}

export interface Exhibit {
  /** As in the result of the metric. */
  subject: string;
  model: string;
  counts: Counts;
}

export interface EvidenceKind {
  /** The metric that it is the evidence of, and the key of its tolerance. */
  metric: string;
  concern: Concern;
  description: string;
  /**
   * How far the truth may lie from the reference without being any worse. psi: in units of PSI (sum of (q - b)^2 / b; of strata the mean
   * over their rows), at least 0. share: by how much the share of bad rows may be larger, in 0..1.
   */
  tolerance: { default: number; unit: 'psi' | 'share' };
  roles: readonly TrackRole[];
  /** One for each subject that has counts on both sides; none where there is no reference. */
  exhibits(key: TrackKey, track: TrackState, context: MetricContext): Exhibit[];
}
