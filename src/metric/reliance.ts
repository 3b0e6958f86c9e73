/**
 * Who decides, how far people rely on what a model says, and how right each of them is. To adhere to wrong advice is over-reliance, to override right advice under-reliance (J. Schoeffer
 * and others, AI reliance and decision quality, arXiv 2304.08804). M. Schemmer and others 2023 (doi 10.1145/3581641.3584066) ask what a person decided before the advice came: in production
 * nobody decides twice, so that people alone are those of other, blind requests.
 */

import type { ServiceSpec } from '../records.ts';
import { rateOf } from './intervals.ts';
import { counterMetric, type MetricKind } from './metric.ts';

/** Where what people decided comes from. stream: that of predictions; labels: it is the label; null: it is not known. */
export function peopleOf({
  streams,
  automation,
}: Pick<ServiceSpec, 'streams' | 'automation'>): 'labels' | 'stream' | null {
  if (automation?.labels === 'people') return 'labels';
  return streams.some(({ by }) => by === 'people') ? 'stream' : null;
}

interface Share {
  name: string;
  description: string;
  formula: string;
  part: string;
  of: string;
  reason: string;
  worse?: MetricKind['worse'];
  /** Absent: of every service. */
  needs?: readonly ReturnType<typeof peopleOf>[];
}

const shareMetric = ({ name, description, formula, part, of, reason, worse, needs }: Share): MetricKind =>
  counterMetric(
    {
      ...{ name, description, formula: `${formula}; Wilson interval` },
      ...{ family: 'reliance', subjects: 'model_output', unit: true, roles: ['reliance'] },
      ...(worse === undefined ? {} : { worse }),
    },
    (count, _, { spec }) =>
      needs === undefined || needs.includes(peopleOf(spec)) ? rateOf(count(part), count(of), reason) : null,
  );

const UNSAID = 'no request says who decides';
const OWN_TRUTH = ['stream'] as const;

export const RELIANCE_METRICS = [
  shareMetric({
    name: 'decided_share',
    description: 'Share of the requests that the model decides by itself: the coverage of the automation.',
    formula: 'decided by the model / requests that say who decides',
    ...{ part: 'by_model', of: 'requests', reason: UNSAID },
  }),
  shareMetric({
    name: 'deferral_rate',
    description:
      "Share of the requests that go to a person who is shown the model's answer; the rest beside decided_share is decided blind.",
    formula: 'decided by a person who sees the answer / requests that say who decides',
    ...{ part: 'by_person', of: 'requests', reason: UNSAID },
  }),
  shareMetric({
    name: 'override_rate',
    description: 'Share of the suggestions that people saw and decided otherwise.',
    formula: 'decided otherwise / suggestions shown, of which the decision is known',
    ...{ part: 'overridden', of: 'shown', reason: 'no decisions on suggestions that people saw' },
    needs: ['labels', 'stream'],
  }),
  shareMetric({
    name: 'over_reliance',
    description: 'Share of the wrong suggestions that people followed.',
    formula: 'followed / wrong suggestions shown',
    ...{ part: 'over_relied', of: 'wrong_shown', reason: 'no wrong suggestions that people saw' },
    ...{ worse: 'larger', needs: OWN_TRUTH },
  }),
  shareMetric({
    name: 'under_reliance',
    description: 'Share of the right suggestions that people did not follow.',
    formula: 'not followed / right suggestions shown',
    ...{ part: 'under_relied', of: 'right_shown', reason: 'no right suggestions that people saw' },
    ...{ worse: 'larger', needs: OWN_TRUTH },
  }),
  shareMetric({
    name: 'human_error',
    description: "Share of wrong decisions of people alone: of those who did not see the model's answer.",
    formula: 'wrong / labelled blind decisions',
    ...{ part: 'blind_wrong', of: 'blind', reason: 'no labels of what people decided blind' },
    ...{ worse: 'larger', needs: OWN_TRUTH },
  }),
  shareMetric({
    name: 'model_error',
    description:
      'Share of wrong answers of the model alone, whoever decided; where labels are what people decided, of blind requests.',
    formula: 'wrong / labelled answers',
    ...{ part: 'model_wrong', of: 'labelled', reason: 'no labels', worse: 'larger' },
  }),
  shareMetric({
    name: 'decided_error',
    description:
      'Share of wrong answers among those by which the model decided: the risk that target_risk limits.',
    formula: 'wrong / labelled decisions of the model',
    ...{
      part: 'decided_wrong',
      of: 'decided',
      reason: 'no labels of what the model decided',
      worse: 'larger',
    },
    needs: [null, 'stream'],
  }),
  shareMetric({
    name: 'team_error',
    description:
      'Share of wrong decisions, whoever took them: people alone, people with the model, and the model.',
    formula: 'wrong / labelled decisions',
    ...{ part: 'team_wrong', of: 'team', reason: 'no labels of decisions' },
    ...{ worse: 'larger', needs: OWN_TRUTH },
  }),
];
