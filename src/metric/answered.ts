/** Who answered the requests, as the headers of their records say. */

import { type MetricKind, measureOf } from './metric.ts';
import { EXACT } from './volume.ts';

const answered: MetricKind = {
  name: 'answered',
  description: `Requests of a service with a roll-out that each version answered, as the headers of their records say (\`telltale/router\`); 0 for a version that answered none while others did. ${EXACT}`,
  formula: 'requests whose records name the version',
  family: 'input',
  subjects: 'service',
  roles: ['routed'],
  measure(_key, track, { spec }) {
    if (track.kind !== 'counters') return [];
    // The names of the counters are those of `countRouted`.
    return spec.models.map(({ name }) => {
      const value = track.state.get(`=${name}`) ?? 0;
      return measureOf('', name, { value, n: value });
    });
  },
};

export const ANSWERED_METRICS = [answered];
