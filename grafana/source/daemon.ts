import { dashboard, lines, numbers, section, table, variable } from './frame.ts';
import { chosen, is, metrics, rows, type Series, totals } from './queries.ts';

const self = is('service', 'telltale');
const here = [self, is('segment', '$segment')];
const figure = (metric: Series['of'], subject: string, field = 'value') =>
  metrics([...here, is('subject', subject)], [{ of: metric, how: 'max', field, alias: subject }]);
const watched = [chosen('service'), is('segment', '*')];

/** The daemon itself, from the figures that it writes about itself as the service `telltale`. */
export const daemon = dashboard({
  name: 'daemon',
  title: 'daemon health',
  variables: [
    variable('segment', { label: 'Segment', where: [self], first: '*' }),
    variable('service', { label: 'Service', several: true }),
  ],
  marks: [chosen('service')],
  panels: [
    numbers('Records behind', figure('telemetry_max', 'telltale.lag'), { width: 8, unit: 'short' }),
    numbers('Share of dead letters', figure('telemetry_max', 'telltale.dead_letters.share'), {
      width: 8,
      unit: 'percentunit',
      decimals: 2,
    }),
    numbers(
      'Samples of itself',
      totals(
        'telltale_result',
        [...here, is('metric', 'telemetry_mean')],
        'last("n")',
        ['subject'],
        '$tag_subject',
      ),
      { width: 8, description: 'Four in a window and instance. None: no daemon runs.' },
    ),
    section('Keeping up'),
    lines('Lag', figure('telemetry_max', 'telltale.lag'), {
      width: 12,
      unit: 'short',
      min: 0,
      description:
        'Records between what was read of the inputs and their end, all partitions of an instance; the largest of all instances.',
    }),
    lines(
      'Dead letters',
      [
        ...figure('telemetry_max', 'telltale.dead_letters'),
        ...figure('telemetry_max', 'telltale.dead_letters.share').map((target) => ({
          ...target,
          refId: 'B',
        })),
      ],
      { width: 12, min: 0 },
    ),
    lines('Rows of the services', metrics(watched, [{ of: 'volume', how: 'sum', by: ['service'] }]), {
      width: 8,
      unit: 'short',
      min: 0,
    }),
    lines('Late rows', metrics(watched, [{ of: 'late', how: 'sum', by: ['service', 'subject'] }]), {
      width: 8,
      unit: 'short',
      min: 0,
    }),
    lines(
      'Rows that could not be read',
      metrics(watched, [{ of: 'dead_letters', how: 'sum', by: ['service', 'subject'] }]),
      { width: 8, unit: 'short', min: 0 },
    ),
    section('Process'),
    lines('CPU', figure('telemetry_max', 'process.cpu.utilization'), {
      unit: 'percentunit',
      min: 0,
      description: '100 % is one core.',
    }),
    lines('Memory', figure('telemetry_max', 'process.memory.usage'), { unit: 'bytes', min: 0 }),
    lines('Delay of the event loop, 99th percentile', figure('telemetry_max', 'nodejs.eventloop.delay.p99'), {
      unit: 'ms',
      min: 0,
    }),
    section('What it says of itself'),
    table(
      'Alarms',
      rows(
        'telltale_alert',
        [self],
        ['rule', 'level', 'state', 'metric', 'subject', 'value', 'threshold', 'reason'],
      ),
    ),
    table(
      'Last figures',
      rows('telltale_result', [...here, is('metric', 'telemetry_max')], ['subject', 'value', 'n'], 60),
    ),
  ],
});
