/** What users did with the answers, and how often the service failed. */

import { counterMetric, type MetricKind, shareOf } from './metric.ts';

const feedbackMetric = (name: string, counter: string, description: string): MetricKind =>
  counterMetric(
    {
      name,
      description,
      formula: `requests with ${counter} / requests`,
      family: 'feedback',
      subjects: 'service',
      roles: ['feedback'],
    },
    (count) => shareOf(count(counter), count('requests'), 'no requests'),
  );

const errorRate = counterMetric(
  {
    name: 'error_rate',
    description: 'Share of the predictions of another system in which it failed.',
    formula: 'failed / predictions',
    family: 'software',
    subjects: 'service',
    roles: ['errors'],
  },
  (count) => shareOf(count('failed'), count('rows'), 'no predictions'),
);

export const BEHAVIOUR_METRICS = [
  feedbackMetric('click_through_rate', 'click', 'Share of the requests whose answer was clicked.'),
  feedbackMetric('redo_rate', 'redo', 'Share of the requests that the user did again.'),
  feedbackMetric(
    'switch_to_typing_rate',
    'switch_to_typing',
    'Share of the requests after which the user typed.',
  ),
  errorRate,
];
