import { dashboard, lines, numbers, table, variable } from './frame.ts';
import { chosen, fields, is, metrics, rows, totals } from './queries.ts';

const all = [chosen('service')];
const whole = [...all, is('segment', '*')];

/** Every service at a glance: what is wrong, what is told of it, and how much traffic it concerns. */
export const overview = dashboard({
  name: 'overview',
  title: 'overview',
  variables: [variable('service', { label: 'Service', several: true })],
  marks: all,
  panels: [
    numbers(
      'Alarms that fired',
      totals(
        'telltale_alert',
        [is('state', 'firing'), ...all],
        'count("n")',
        ['service', 'level'],
        '$tag_service $tag_level',
      ),
      { width: 8 },
    ),
    numbers(
      'Incidents that were told of',
      totals(
        'telltale_incident',
        [is('notify', 'first_notification'), ...all],
        'count("firing")',
        ['service'],
        '$tag_service',
      ),
      { width: 8 },
    ),
    numbers('Rows in the last window', metrics(whole, [{ of: 'volume', how: 'last', by: ['service'] }]), {
      width: 8,
      unit: 'short',
    }),
    table(
      'Incidents',
      rows('telltale_incident', all, [
        'service',
        'state',
        'level',
        'notify',
        'summary',
        'rules',
        'inputs',
        'segments',
        'firing',
        'muted_alarms',
      ]),
      { height: 8 },
    ),
    table(
      'Alarms',
      rows('telltale_alert', all, [
        'service',
        'rule',
        'level',
        'state',
        'metric',
        'subject',
        'model',
        'segment',
        'value',
        'threshold',
        'n',
        'reason',
      ]),
      { height: 8 },
    ),
    lines('Requests in each window', metrics(whole, [{ of: 'volume', by: ['service'] }]), {
      width: 12,
      unit: 'short',
      min: 0,
    }),
    lines('Largest drift of any input: PSI', metrics(whole, [{ of: 'psi', how: 'max', by: ['service'] }]), {
      width: 12,
      min: 0,
    }),
    lines('Answers that were right', metrics(whole, [{ of: 'accuracy', by: ['service', 'model'] }]), {
      width: 8,
      unit: 'percentunit',
      max: 1,
    }),
    lines(
      'Agreement of shadows with the primary',
      metrics(whole, [{ of: 'agreement', by: ['service', 'model', 'subject'] }]),
      { width: 8, unit: 'percentunit', max: 1 },
    ),
    lines('Errors of the service', metrics(whole, [{ of: 'error_rate', by: ['service'] }]), {
      width: 8,
      unit: 'percentunit',
      min: 0,
    }),
    lines(
      'Evidence of alarms on the budget, against its boundary',
      fields(
        'telltale_alert',
        [is('rule', 'budget'), ...all],
        [
          { of: 'log10_evidence', how: 'max', by: ['service'] },
          { of: 'log10_boundary', how: 'max', by: ['service'] },
        ],
      ),
      {
        width: 12,
        description: 'Decimal logarithms. An alarm fires where the evidence passes the boundary.',
      },
    ),
    table(
      'Retraining',
      rows('telltale_retrain', all, ['service', 'state', 'mode', 'reason', 'retrain_id', 'from', 'to'], 50),
      { width: 12 },
    ),
  ],
});
