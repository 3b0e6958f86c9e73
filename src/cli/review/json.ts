import type { Series } from '../results/stretch.ts';
import type { RuleReview, ServiceReview } from './build.ts';

/** The review as programs get it. */
export function jsonOfReview(
  { fromMs, toMs, rules, duplicates, untracked: _, ...rest }: ServiceReview,
  snippets: ReadonlyMap<RuleReview, string>,
): object {
  return {
    ...rest,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    rules: rules.map((review) => {
      const { rule, judged, series, fired, firesNow, findings } = review;
      return { rule: rule.name, series, judged, fired, firesNow, findings, yaml: snippets.get(review) ?? '' };
    }),
    duplicates: duplicates.map(({ keep, why, drop }) => ({
      keep: nameOf(keep),
      why,
      drop: drop.map(({ series, ...found }) => ({ ...nameOf(series), ...found })),
    })),
  };
}

const nameOf = ({ metric, subject, model }: Series): object => ({ metric, subject, model });
