import { dashboard, lines, numbers, section, table, variable } from './frame.ts';
import { chosen, fields, is, metrics, rows, totals } from './queries.ts';

const service = is('service', '$service');
const steps = [service, chosen('candidate')];
const by = ['candidate'];
const shadows = [service, is('segment', '*')];

/** Where the candidates of a service stand, and on what evidence. */
export const rollout = dashboard({
  name: 'rollout',
  title: 'roll-out',
  variables: [
    variable('service', { label: 'Service', measurement: 'telltale_rollout' }),
    variable('candidate', {
      label: 'Candidate',
      where: [service],
      measurement: 'telltale_rollout',
      several: true,
    }),
  ],
  marks: [service],
  panels: [
    numbers(
      'Share of the traffic',
      totals('telltale_rollout', steps, 'last("share")', by, '$tag_candidate'),
      { width: 8, unit: 'percentunit', max: 1 },
    ),
    numbers(
      'Requests that the candidate has answered',
      totals('telltale_rollout', steps, 'last("exposed")', by, '$tag_candidate'),
      { width: 8, unit: 'short' },
    ),
    numbers(
      'Outcomes that are still needed',
      totals('telltale_rollout', steps, 'last("needed")', by, '$tag_candidate'),
      { width: 8, unit: 'short' },
    ),
    table(
      'Steps',
      rows(
        'telltale_rollout',
        [...steps, `"event" != 'verdict'`],
        ['candidate', 'primary', 'event', 'status', 'stage', 'stage_kind', 'share', 'by', 'reason'],
      ),
    ),
    section('Evidence'),
    lines(
      'Wrong answers more than those of the primary',
      fields(
        'telltale_rollout',
        steps,
        ['difference', 'low', 'high'].map((of) => ({ of, by })),
      ),
      { width: 12, unit: 'percentunit', description: 'With the interval that holds at all times at once.' },
    ),
    lines(
      'Evidence that it is worse, that it is better, and the boundary',
      fields(
        'telltale_rollout',
        steps,
        ['log_e_worse', 'log_e_better', 'log_boundary'].map((of) => ({ of, by })),
      ),
      { width: 12, description: 'Natural logarithms.' },
    ),
    lines(
      'Share of the traffic',
      fields('telltale_rollout', steps, [{ of: 'share', by, alias: '$tag_candidate' }]),
      { unit: 'percentunit', min: 0, max: 1 },
    ),
    lines(
      'Outcomes known, and how many are due',
      fields(
        'telltale_rollout',
        steps,
        ['n', 'due'].map((of) => ({ of, by })),
      ),
      { unit: 'short', min: 0 },
    ),
    lines(
      'Where only one of both is right',
      fields(
        'telltale_rollout',
        steps,
        ['better', 'worse'].map((of) => ({ of, by })),
      ),
      { unit: 'short', min: 0 },
    ),
    table(
      'Verdicts',
      rows(
        'telltale_rollout',
        [...steps, is('event', 'verdict')],
        [
          'candidate',
          'verdict',
          'doubt',
          'n',
          'better',
          'worse',
          'difference',
          'low',
          'high',
          'needed',
          'reason',
        ],
      ),
    ),
    section('Models side by side'),
    lines('Accuracy', metrics(shadows, [{ of: 'accuracy', by: ['model'] }]), {
      width: 8,
      unit: 'percentunit',
    }),
    lines('Agreement with the primary', metrics(shadows, [{ of: 'agreement', by: ['model'] }]), {
      width: 8,
      unit: 'percentunit',
    }),
    lines(
      'Answers put right by the candidate, less those put wrong',
      metrics(shadows, [{ of: 'discordant_gain', by: ['model'] }]),
      { width: 8 },
    ),
  ],
});
