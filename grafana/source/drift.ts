import { dashboard, lines, section, table, variable } from './frame.ts';
import { chosen, fields, is, metrics, rows } from './queries.ts';

const service = is('service', '$service');
const segment = is('segment', '$segment');
const inputs = [service, segment, chosen('subject')];
const by = ['subject'];
const p =
  'The p-value counts the size of the baseline too. Many small ones in a row are evidence; one is none.';

/** How the inputs of a service have moved away from its baseline, by how much for sure, and which of them have. */
export const drift = dashboard({
  name: 'drift',
  title: 'input drift',
  variables: [
    variable('service', { label: 'Service', where: [is('family', 'input')] }),
    variable('segment', { label: 'Segment', where: [service], first: '*' }),
    variable('subject', { label: 'Input', where: [service, is('family', 'input')], several: true }),
  ],
  marks: [service],
  panels: [
    section('Distance from the baseline'),
    lines('PSI', metrics(inputs, [{ of: 'psi', how: 'max', by }]), { min: 0 }),
    lines(
      'PSI: the least that the truth is, with 95 %',
      metrics(inputs, [{ of: 'psi', how: 'max', field: 'low', by }]),
      { min: 0, description: 'Above 0 the distance is more than chance.' },
    ),
    lines('PSI: p-value', metrics(inputs, [{ of: 'psi', how: 'min', field: 'p', by }]), {
      min: 0,
      max: 1,
      description: p,
    }),
    lines('Jensen-Shannon', metrics(inputs, [{ of: 'js', how: 'max', by }]), { min: 0 }),
    lines('Kolmogorov-Smirnov', metrics(inputs, [{ of: 'ks', how: 'max', by }]), { min: 0 }),
    lines('Wasserstein', metrics(inputs, [{ of: 'wasserstein', how: 'max', by }]), {
      min: 0,
      description: 'In units of the input.',
    }),
    lines('By how much the mean has moved', metrics(inputs, [{ of: 'mean_shift', by }]), {
      width: 12,
      description: 'In standard deviations of the baseline.',
    }),
    lines(
      'All inputs together',
      metrics(
        [service, segment],
        ['multivariate_drift', 'correlation_shift'].map((of) => ({ of, how: 'max' as const, by })),
      ),
      { width: 12 },
    ),
    section('Values'),
    lines(
      'Mean, with its 95 % interval',
      metrics(inputs, [
        { of: 'mean', by },
        { of: 'mean', field: 'low', by, alias: 'low $tag_subject' },
        { of: 'mean', field: 'high', by, alias: 'high $tag_subject' },
      ]),
      { width: 12 },
    ),
    lines(
      'Missing, invalid, out of range, new',
      metrics(
        inputs,
        ['missing_rate', 'invalid_rate', 'out_of_range_rate', 'new_category_rate'].map((of) => ({
          of,
          how: 'max' as const,
          by,
        })),
      ),
      { width: 12, unit: 'percentunit', min: 0 },
    ),
    section('Answers'),
    lines(
      'Drift of classes and scores',
      metrics(
        [service, segment],
        ['class_drift', 'score_drift'].map((of) => ({ of, how: 'max' as const, by: ['subject', 'model'] })),
      ),
      { width: 12, min: 0 },
    ),
    lines(
      'Drift of the relation of inputs and truth',
      metrics([service, segment], [{ of: 'concept_drift', how: 'max', by: ['subject', 'model'] }]),
      { width: 12, min: 0 },
    ),
    section('Alarms on the budget'),
    lines(
      'Evidence and boundary',
      fields(
        'telltale_alert',
        [service, is('rule', 'budget')],
        [
          { of: 'log10_evidence', how: 'max' },
          { of: 'log10_boundary', how: 'max' },
        ],
      ),
      { description: 'Decimal logarithms. An alarm fires where the evidence passes the boundary.' },
    ),
    table(
      'What they say',
      rows(
        'telltale_alert',
        [service, is('rule', 'budget')],
        ['state', 'kind', 'log10_evidence', 'log10_boundary', 'streams', 'coverage', 'reason'],
      ),
      { width: 16 },
    ),
    table(
      'Drift by input, segment and window',
      rows(
        'telltale_result',
        [service, chosen('subject'), is('metric', 'psi')],
        ['subject', 'segment', 'value', 'low', 'high', 'p', 'n', 'reason'],
        300,
      ),
    ),
  ],
});
