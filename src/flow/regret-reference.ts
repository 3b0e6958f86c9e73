/** What a metric was when the model was trained, as the baseline tells. */

import { METRICS } from '../metric/registry.ts';
import { keyOf } from '../profile/track.ts';
import type { Result, ServiceSpec } from '../records.ts';
import type { Cell } from './results-of.ts';

/** The value of the metric of a result in the reference of the cell; null: the reference has none. */
export const referenceValueOf =
  (spec: ServiceSpec, cells: readonly Cell[]) =>
  (result: Result): number | null => {
    const cell = cells.find(({ segment }) => segment === result.segment);
    const metric = METRICS[result.metric];
    if (cell === undefined || metric === undefined) return null;
    const { tracks, reference } = cell;
    const context = {
      spec,
      windowMs: spec.windows.sizeMs,
      reference,
      isFinal: true,
      track: (text: string) => reference.state(text),
    };
    for (const text of tracks.keys()) {
      const key = keyOf(text);
      const state = metric.roles.includes(key.role) ? reference.state(text) : undefined;
      if (state === undefined) continue;
      for (const { subject, model, value } of metric.measure(key, state, context))
        if (subject === result.subject && model === result.model) return value;
    }
    return null;
  };
