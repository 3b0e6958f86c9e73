/** When an alarm is known: what labels say of a window comes after its end, and may come earlier on one side than on the other. */

import { BUDGET_RULE } from '../../alarm/budget.ts';
import { isWatched } from '../../alarm/state.ts';
import { isMature } from '../../alarm/step.ts';
import { EXTERNAL } from '../../flow/feeds-of.ts';
import type { SourceGroup } from '../../flow/messages.ts';
import { mainStreamOf } from '../../metric/volume.ts';
import { type Alert, type Result, type ServiceSpec, STREAMS } from '../../records.ts';
import type { ReadResult } from '../results/records.ts';
import { seriesKey } from '../results/stretch.ts';

/** An alert with the event time at which it is told; rules over other rules tell theirs at that time. */
export type KnownAlert = Alert & { knownMs: number };

/** Counts of streams, and of the join, which say whose they are. */
const COUNTED = ['late', 'dead_letters', 'duplicates', 'unmatched', 'dropped'];

/** The streams whose windows a result is of. Only what is joined is revised, or has a coverage. */
export function sourceOf(spec: ServiceSpec, result: ReadResult): SourceGroup {
  const { metric, subject, model, family, revision, final, coverage } = result;
  if (revision > 0 || !final || coverage !== null || family === 'feedback') return 'events';
  if (COUNTED.includes(metric)) return STREAMS.find((stream) => stream === subject) ?? 'events';
  if (metric.startsWith('telemetry_')) return 'telemetry';
  // What the other system answers; our own models answer when the request is read.
  return model === EXTERNAL ? 'predictions' : mainStreamOf(spec);
}

/** How long after the end of a window its last revision comes. */
export const finalOf = ({ revisionsMs }: ServiceSpec, source: SourceGroup): number =>
  source === 'events' ? revisionsMs.at(-1)! : 0;

/** How long after the end of its window a result comes. */
export const lagOf = (spec: ServiceSpec, source: SourceGroup, result: ReadResult): number =>
  result.final ? finalOf(spec, source) : (spec.revisionsMs[result.revision] ?? finalOf(spec, source));

const keyOf = (about: Pick<Alert, 'metric' | 'subject' | 'model' | 'segment'>): string =>
  seriesKey(about.metric, about.subject, about.model, about.segment);

/** Learns from results, which come no later than the alerts that follow from them. */
export function createKnown(spec: ServiceSpec) {
  const rules = new Map(spec.rules.map((rule) => [rule.name, rule]));
  /** Series of what is joined, that rules watch. */
  const joined = new Set<string>();
  let last = new Map<string, Result[]>();
  const lagOfAlert = (alert: Alert): number => {
    const finalMs = finalOf(spec, 'events');
    if (alert.rule === BUDGET_RULE && alert.evidence !== null)
      return alert.evidence.coverage === null ? 0 : finalMs;
    const key = keyOf(alert);
    const rule = rules.get(alert.rule);
    if (rule === undefined || rule.when !== undefined || !joined.has(key)) return 0;
    const revisions = last.get(`${key}\u0000${alert.windowEndMs}`) ?? [];
    // A window is judged once, by the first of its revisions that counts; what fires for want of data has none.
    const judged = revisions.find(
      (result) => isMature(rule, result) && (result.n >= rule.nMin || rule.burn !== undefined),
    );
    return judged === undefined ? finalMs : lagOf(spec, 'events', judged);
  };
  return {
    /** The next results, with which their alerts come. */
    results(results: readonly Result[]): void {
      last = new Map();
      for (const result of results) {
        if (sourceOf(spec, result) !== 'events' || !spec.rules.some((rule) => isWatched(rule, result)))
          continue;
        joined.add(keyOf(result));
        const key = `${keyOf(result)}\u0000${result.windowEndMs}`;
        const revisions = last.get(key);
        if (revisions === undefined) last.set(key, [result]);
        else revisions.push(result);
      }
    },
    of: (alert: Alert): KnownAlert => ({ ...alert, knownMs: alert.windowEndMs + lagOfAlert(alert) }),
  };
}
