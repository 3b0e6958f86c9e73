/** The results of one cell of a window. */

import { idOf } from '../math/hash.ts';
import { coverageOf, measureCell, type Reference } from '../metric/registry.ts';
import type { Tracks } from '../profile/registry.ts';
import type { Result, ServiceSpec } from '../records.ts';
import type { PastWindows } from './maturity.ts';

/** A revision of a window, and when it is due. */
export interface Due {
  dueMs: number;
  endMs: number;
  revision: number;
}

export interface Cell {
  segment: string;
  tracks: Tracks;
  reference: Reference;
  /** Absent or null: nothing matures there. */
  past?: PastWindows | null;
}

/** Ends of a sensitive input are the value of one request. */
export const isOneRow = ({ inputs }: ServiceSpec, metric: string, subject: string): boolean =>
  (metric === 'min' || metric === 'max') &&
  inputs.some(({ name, sensitive }) => sensitive === true && name === subject);

export function resultsOf(
  spec: ServiceSpec,
  { segment, tracks, reference, past }: Cell,
  { endMs, revision }: Due,
  isFinal: boolean,
): Result[] {
  const startMs = endMs - spec.windows.sizeMs;
  const coverage = coverageOf(tracks);
  const context = { spec, windowMs: spec.windows.sizeMs, reference, isFinal, earlyPairs: past?.pairs };
  return measureCell(tracks, context)
    .filter(({ metric, measure }) => !isOneRow(spec, metric, measure.subject))
    .map(({ metric, family, measure }) => ({
      id: idOf(
        'result',
        spec.service,
        metric,
        measure.subject,
        measure.model,
        segment,
        startMs,
        endMs,
        revision,
      ),
      service: spec.service,
      family,
      metric,
      subject: measure.subject,
      model: measure.model,
      segment,
      windowStartMs: startMs,
      windowEndMs: endMs,
      revision,
      value: measure.value,
      reason: measure.reason,
      n: measure.n,
      low: measure.low,
      high: measure.high,
      p: measure.p,
      coverage: family === 'performance' ? coverage : null,
      expected: family === 'performance' ? (past?.expected ?? null) : null,
      final: isFinal,
    }));
}
