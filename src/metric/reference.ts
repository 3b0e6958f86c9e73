/** References of a service's cells. */

import { baselineOf } from '../profile/tracks.ts';
import type { ServiceSpec } from '../records.ts';
import type { Reference } from './metric.ts';

/** The baseline file of the service, the same for every segment. */
export const fileReference = (spec: ServiceSpec): Reference => ({
  baseline: (track) => baselineOf(spec, track),
  state: () => undefined,
});
