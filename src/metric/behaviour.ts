/** What users did with the answers, and how often the service failed. */

import { rateOf } from './intervals.ts';
import { counterMetric, type MetricKind } from './metric.ts';

const feedbackMetric = (name: string, counter: string, description: string): MetricKind =>
  counterMetric(
    {
      name,
      description,
      formula: `requests with ${counter} / requests; Wilson interval`,
      family: 'feedback',
      subjects: 'service',
      unit: true,
      roles: ['feedback'],
    },
    (count) => rateOf(count(counter), count('requests'), 'no requests'),
  );

const abandonmentRate = counterMetric(
  {
    name: 'abandonment_rate',
    description:
      'Share of the requests without any click, redo or switch to typing within join.max_delay; known in the final revision alone.',
    formula: 'requests without feedback / requests; Wilson interval',
    family: 'feedback',
    subjects: 'service',
    roles: ['feedback'],
  },
  (count, _, { isFinal }) => {
    const n = count('requests');
    return isFinal ? rateOf(n - count('any'), n, 'no requests') : { reason: 'feedback may still come', n };
  },
);

const errorRate = counterMetric(
  {
    name: 'error_rate',
    description: 'Share of the predictions of another system in which it failed.',
    formula: 'failed / predictions; Wilson interval',
    family: 'software',
    subjects: 'service',
    unit: true,
    roles: ['errors'],
  },
  (count) => rateOf(count('failed'), count('rows'), 'no predictions'),
);

export const BEHAVIOUR_METRICS = [
  feedbackMetric('click_through_rate', 'click', 'Share of the requests whose answer was clicked.'),
  feedbackMetric('redo_rate', 'redo', 'Share of the requests that the user did again.'),
  feedbackMetric(
    'switch_to_typing_rate',
    'switch_to_typing',
    'Share of the requests after which the user typed.',
  ),
  abandonmentRate,
  errorRate,
];
