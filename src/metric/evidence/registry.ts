/** Every kind of evidence. A new one is a line here: the budget, its tolerances and the documentation follow. */

import type { Tracks } from '../../profile/registry.ts';
import { keyOf, type TrackRole } from '../../profile/track.ts';
import type { MetricContext } from '../metric.ts';
import { DISTRIBUTION_EVIDENCE } from './distributions.ts';
import type { EvidenceKind, Exhibit } from './exhibit.ts';
import { RATE_EVIDENCE } from './rates.ts';
import { RELATION_EVIDENCE } from './relation.ts';

export type { Concern, Counts, EvidenceKind, Exhibit } from './exhibit.ts';

export const EVIDENCE: readonly EvidenceKind[] = [
  ...DISTRIBUTION_EVIDENCE,
  ...RATE_EVIDENCE,
  ...RELATION_EVIDENCE,
];

/** What the configuration knows of it: the metrics that a tolerance can be given for. */
export const EVIDENCE_CHOICES: ReadonlyMap<string, { unit: 'psi' | 'share' }> = new Map(
  EVIDENCE.map(({ metric, tolerance }) => [metric, { unit: tolerance.unit }]),
);

const byRole = new Map<TrackRole, EvidenceKind[]>();
for (const kind of EVIDENCE)
  for (const role of kind.roles) byRole.set(role, [...(byRole.get(role) ?? []), kind]);

/** All exhibits of a cell, in the order of track and registry: equal tracks give equal lists. */
export function exhibitsOf(
  tracks: Tracks,
  about: Omit<MetricContext, 'track'>,
): { kind: EvidenceKind; exhibit: Exhibit }[] {
  const context: MetricContext = { ...about, track: (key) => tracks.get(key) };
  const found: { kind: EvidenceKind; exhibit: Exhibit }[] = [];
  for (const text of [...tracks.keys()].sort()) {
    const key = keyOf(text);
    for (const kind of byRole.get(key.role) ?? [])
      for (const exhibit of kind.exhibits(key, tracks.get(text)!, context)) found.push({ kind, exhibit });
  }
  return found;
}
