/** How much arrived, how late, and how much could not be read. */

import type { ServiceSpec, StreamName } from '../records.ts';
import { counterMetric, type MetricKind, measureOf } from './metric.ts';

/** The stream that carries one row an answer of the service. */
export const mainStreamOf = (spec: ServiceSpec): StreamName =>
  spec.streams.some(({ stream }) => stream === 'requests') ? 'requests' : 'predictions';

/** Why counts have no interval. */
export const EXACT = 'A count is exact: nothing is estimated, so it has no interval.';

const volume: MetricKind = {
  name: 'volume',
  description: `Requests of the window; predictions of another system where no requests are read. ${EXACT}`,
  formula: 'rows',
  family: 'input',
  subjects: 'service',
  roles: ['rows'],
  measure(key, track, { spec }) {
    if (track.kind !== 'counters' || key.subject !== mainStreamOf(spec)) return [];
    const rows = track.state.get('rows') ?? 0;
    return [measureOf('', '', { value: rows, n: rows })];
  },
};

const late = counterMetric(
  {
    name: 'late',
    description: `Rows of each stream, and of the join as \`events\`, that came after their window had closed. ${EXACT}`,
    formula: 'late rows',
    family: 'input',
    subjects: 'service',
    roles: ['rows'],
  },
  (count) => ({ value: count('late'), n: count('rows') + count('late') }),
);

const deadLetters = counterMetric(
  {
    name: 'dead_letters',
    description: `Records of each stream that could not be read. ${EXACT}`,
    formula: 'dead letters',
    family: 'input',
    subjects: 'service',
    roles: ['rows'],
  },
  (count) => ({ value: count('dead'), n: count('rows') + count('late') + count('dead') }),
);

const throughput: MetricKind = {
  name: 'throughput',
  description: `Requests a second over the window; predictions where no requests are read. ${EXACT}`,
  formula: 'rows / seconds of the window',
  family: 'software',
  subjects: 'service',
  roles: ['rows'],
  measure(key, track, { spec, windowMs }) {
    if (track.kind !== 'counters' || key.subject !== mainStreamOf(spec)) return [];
    const rows = track.state.get('rows') ?? 0;
    return [measureOf('', '', { value: (1000 * rows) / windowMs, n: rows })];
  },
};

/** The join counts under this subject what became of requests, labels and feedback that it matches by id. */
const JOINED = 'events';

const duplicates = counterMetric(
  {
    name: 'duplicates',
    description: `Requests, labels and predictions of an id that had come before; only the first of each counts. ${EXACT}`,
    formula: 'duplicate events',
    family: 'input',
    subjects: 'service',
    roles: ['rows'],
  },
  (count, { subject }) => (subject === JOINED ? { value: count('duplicate'), n: joinedOf(count) } : null),
);

const unmatched = counterMetric(
  {
    name: 'unmatched',
    description: `Labels, feedback and predictions whose request did not come within join.max_delay of them. ${EXACT}`,
    formula: 'unmatched events',
    family: 'input',
    subjects: 'service',
    roles: ['rows'],
  },
  (count, { subject }) => (subject === JOINED ? { value: count('unmatched'), n: joinedOf(count) } : null),
);

const dropped = counterMetric(
  {
    name: 'dropped',
    description: `Events of ids that the sample at limits.pending_joins_max left out. ${EXACT}`,
    formula: 'dropped events',
    family: 'input',
    subjects: 'service',
    roles: ['rows'],
  },
  (count, { subject }) => (subject === JOINED ? { value: count('dropped'), n: joinedOf(count) } : null),
);

/** Everything that the join set aside; it does not count what it matches. */
const joinedOf = (count: (name: string) => number): number =>
  count('late') + count('duplicate') + count('unmatched') + count('dropped');

export const VOLUME_METRICS = [volume, late, deadLetters, duplicates, unmatched, dropped, throughput];
