import { dashboard, lines, section, table, variable } from './frame.ts';
import { chosen, is, metrics, rows } from './queries.ts';

const service = is('service', '$service');
const here = [service, is('segment', '$segment')];
const models = [...here, chosen('model')];
const perModel = ['subject', 'model'];
const each = (names: readonly string[]) => names.map((of) => ({ of, by: perModel }));

/** One service: its inputs, answers, models, users, hosts, and what stands behind each value. */
export const serviceDashboard = dashboard({
  name: 'service',
  title: 'service',
  variables: [
    variable('service', { label: 'Service' }),
    variable('segment', { label: 'Segment', where: [service], first: '*' }),
    variable('model', { label: 'Model', where: [service], several: true }),
  ],
  marks: [service],
  panels: [
    section('Inputs'),
    lines('Volume', metrics(here, [{ of: 'volume' }]), { unit: 'short', min: 0 }),
    lines('Missing values', metrics(here, [{ of: 'missing_rate', by: ['subject'] }]), {
      unit: 'percentunit',
      min: 0,
    }),
    lines(
      'Bad values',
      metrics(here, [
        { of: 'invalid_rate', by: ['subject'] },
        { of: 'out_of_range_rate', by: ['subject'] },
        { of: 'new_category_rate', by: ['subject'] },
      ]),
      { unit: 'percentunit', min: 0 },
    ),
    lines(
      'Mean and median',
      metrics(here, [
        { of: 'mean', by: ['subject'] },
        { of: 'median', by: ['subject'] },
      ]),
      { unit: 'short' },
    ),
    lines('Spread', metrics(here, [{ of: 'std', by: ['subject'] }]), { unit: 'short' }),
    lines(
      '5 % and 95 % quantiles',
      metrics(here, [
        { of: 'p05', by: ['subject'] },
        { of: 'p95', by: ['subject'] },
      ]),
      { unit: 'short' },
    ),
    section('Outputs'),
    lines('Null answers', metrics(models, [{ of: 'null_rate', by: perModel }]), {
      unit: 'percentunit',
      min: 0,
    }),
    lines('Shares of the classes', metrics(models, [{ of: 'class_share', by: perModel }]), {
      unit: 'percentunit',
      min: 0,
    }),
    lines(
      'Score',
      metrics(models, [
        { of: 'score_mean', by: perModel },
        { of: 'score_p50', by: perModel },
      ]),
    ),
    section('Models'),
    lines('Agreement with the primary', metrics(models, [{ of: 'agreement', by: perModel }]), {
      unit: 'percentunit',
    }),
    lines('Quality against labels', metrics(models, each(['accuracy', 'precision', 'recall', 'f1'])), {
      unit: 'percentunit',
    }),
    lines('Error against labels', metrics(models, each(['mae', 'rmse'])), { unit: 'short', min: 0 }),
    lines(
      'Accuracy, known and estimated without labels',
      metrics(models, each(['accuracy', 'estimated_accuracy'])),
      { width: 12, unit: 'percentunit' },
    ),
    lines('Labels known', metrics(here, [{ of: 'label_coverage' }]), {
      width: 12,
      unit: 'percentunit',
      min: 0,
      max: 1,
    }),
    section('Users'),
    lines('Clicks', metrics(here, [{ of: 'click_through_rate' }]), { unit: 'percentunit', min: 0 }),
    lines('Searches done again', metrics(here, [{ of: 'redo_rate' }]), { unit: 'percentunit', min: 0 }),
    lines('Switches to typing', metrics(here, [{ of: 'switch_to_typing_rate' }]), {
      unit: 'percentunit',
      min: 0,
    }),
    section('Degrees of automation'),
    lines('Who decides', metrics(models, each(['decided_share', 'deferral_rate'])), {
      unit: 'percentunit',
      min: 0,
    }),
    lines(
      'Reliance of people on the model',
      metrics(models, each(['override_rate', 'over_reliance', 'under_reliance'])),
      { unit: 'percentunit', min: 0 },
    ),
    lines(
      'Wrong: people alone, the model, the team',
      metrics(models, each(['human_error', 'model_error', 'decided_error', 'team_error'])),
      { unit: 'percentunit', min: 0 },
    ),
    section('Software'),
    lines(
      'Latency',
      metrics(
        models,
        ['latency_p50', 'latency_p95', 'latency_p99'].map((of) => ({ of, by: ['model'] })),
      ),
      { unit: 'ms', min: 0 },
    ),
    lines('Throughput', metrics(here, [{ of: 'throughput' }]), { unit: 'reqps', min: 0 }),
    lines('Errors', metrics(here, [{ of: 'error_rate' }]), { unit: 'percentunit', min: 0 }),
    lines('Hosts: telemetry', metrics(here, [{ of: 'telemetry_mean', by: ['subject'] }]), {
      width: 24,
      unit: 'short',
      description: 'Mean of every metric of the serving hosts: CPU, memory, GPU, load.',
    }),
    section('What stands behind it'),
    lines('Samples behind the values', metrics(here, [{ of: 'volume', how: 'max', field: 'n' }]), {
      width: 8,
      unit: 'short',
      min: 0,
      description: 'A value says little when few samples stand behind it.',
    }),
    lines(
      'Records that came late or could not be read',
      metrics(
        here,
        ['late', 'dead_letters'].map((of) => ({ of, how: 'sum' as const, by: ['subject'] })),
      ),
      { width: 8, unit: 'short', min: 0 },
    ),
    table(
      'Not computed',
      rows('telltale_result', [...here, `"reason" != ''`], ['metric', 'subject', 'model', 'reason', 'n']),
      { width: 8, description: 'Results without a value, and why.' },
    ),
    table(
      'Preliminary values',
      rows('telltale_preliminary', models, [
        'metric',
        'subject',
        'model',
        'revision',
        'value',
        'low',
        'high',
        'coverage',
        'expected',
        'n',
      ]),
      { width: 24, description: 'Values whose labels are not all known yet; the final ones replace them.' },
    ),
  ],
});
