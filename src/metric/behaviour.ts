/** What users did with the answers, and how often the service failed. */

import { keyText, type TrackKey } from '../profile/track.ts';
import { comparedRate, type Share } from './intervals.ts';
import { counterMetric, type MetricContext, type MetricKind, type Outcome, worseWhen } from './metric.ts';

type Count = (name: string) => number;

/** A share of the counters of a window, against the same of the reference. */
function against(
  read: (count: Count) => Share,
  count: Count,
  key: TrackKey,
  { reference }: MetricContext,
  reason: string,
): Outcome {
  const before = reference.state(keyText(key));
  const counters = before?.kind === 'counters' ? before.state : undefined;
  return comparedRate(read(count), counters && read((name) => counters.get(name) ?? 0), reason);
}

const COMPARED = 'Wilson interval; p of Fisher against the baseline, two-sided';

const feedbackMetric = (name: string, counter: string, description: string): MetricKind =>
  counterMetric(
    {
      name,
      description,
      formula: `requests with ${counter} / requests; ${COMPARED}`,
      family: 'feedback',
      subjects: 'service',
      unit: true,
      roles: ['feedback'],
    },
    (count, key, context) =>
      against((of) => ({ part: of(counter), n: of('requests') }), count, key, context, 'no requests'),
  );

const abandonmentRate = counterMetric(
  {
    name: 'abandonment_rate',
    description:
      'Share of the requests without any click, redo or switch to typing within join.max_delay; known in the final revision alone.',
    formula: `requests without feedback / requests; ${COMPARED}`,
    family: 'feedback',
    subjects: 'service',
    worse: 'larger',
    roles: ['feedback'],
  },
  (count, key, context) => {
    if (!context.isFinal) return { reason: 'feedback may still come', n: count('requests') };
    const silent = (of: Count): Share => ({ part: of('requests') - of('any'), n: of('requests') });
    return against(silent, count, key, context, 'no requests');
  },
);

const errorRate = counterMetric(
  {
    name: 'error_rate',
    description: 'Share of the predictions of another system in which it failed.',
    formula: `failed / predictions; ${COMPARED}`,
    family: 'software',
    subjects: 'service',
    unit: true,
    worse: 'larger',
    roles: ['errors'],
  },
  (count, key, context) =>
    against((of) => ({ part: of('failed'), n: of('rows') }), count, key, context, 'no predictions'),
);

export const BEHAVIOUR_METRICS = [
  worseWhen(
    'smaller',
    feedbackMetric('click_through_rate', 'click', 'Share of the requests whose answer was clicked.'),
  ),
  worseWhen('larger', feedbackMetric('redo_rate', 'redo', 'Share of the requests that the user did again.')),
  worseWhen(
    'larger',
    feedbackMetric(
      'switch_to_typing_rate',
      'switch_to_typing',
      'Share of the requests after which the user typed.',
    ),
  ),
  abandonmentRate,
  errorRate,
];
