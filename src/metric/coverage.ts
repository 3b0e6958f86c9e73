/** How many of the requests have got their label yet. */

import type { Tracks } from '../profile/registry.ts';
import { keyText } from '../profile/track.ts';
import { rateOf } from './intervals.ts';
import { counterMetric } from './metric.ts';

const LABELS = keyText({ role: 'labels', model: '', subject: '' });

/** Labels seen / requests that wait for one; null where no labels are meant or nothing was requested. */
export function coverageOf(tracks: Tracks): number | null {
  const track = tracks.get(LABELS);
  if (track?.kind !== 'counters') return null;
  const expected = track.state.get('expected') ?? 0;
  return expected === 0 ? null : (track.state.get('seen') ?? 0) / expected;
}

const labelCoverage = counterMetric(
  {
    name: 'label_coverage',
    description:
      'Share of the requests whose label is known; of a sample of them at limits.pending_joins_max.',
    formula: 'labels seen / requests; Wilson interval',
    family: 'performance',
    subjects: 'service',
    unit: true,
    roles: ['labels'],
  },
  (count) => rateOf(count('seen'), count('expected'), 'no requests'),
);

export const COVERAGE_METRICS = [labelCoverage];
