/** The labelled answers that steps of the level rest on, once more from the final windows of `accuracy` on the topic `results`. */

import type { ServiceSpec } from '../../records.ts';
import type { Known } from '../../rollout/levels.ts';
import type { Placed } from '../rollout/records.ts';
import { isoOf } from '../rollout/text.ts';
import { type Fault, faultOf } from './chain.ts';
import { levelSeenOf } from './levels.ts';
import { keyOf, type Windows } from './windows.ts';

export interface OutcomesAudit {
  /** Steps of the level whose labelled answers are those of the windows. */
  checked: number;
  /** Of how many nothing can be said, by the reason. */
  unchecked: Map<string, number>;
  faults: Fault[];
}

/**
 * @param records of one service, in order; those whose levels cannot be computed are passed over
 * @param spec of the service as it is configured now; null: it is not
 */
export function auditOutcomes(
  records: readonly Placed[],
  spec: ServiceSpec | null,
  windows: Windows,
): OutcomesAudit {
  const audit: OutcomesAudit = { checked: 0, unchecked: new Map(), faults: [] };
  for (const one of records) {
    const basis = basisOf(one);
    if (basis === null) continue;
    const { record } = one;
    const unchecked = hindranceOf(record.service, basis, spec, windows);
    const fault = unchecked === null && spec !== null ? faultIn(record.service, basis, spec, windows) : null;
    const isOther = record.configDigest !== spec?.digest;
    const why =
      unchecked ?? (fault !== null && isOther ? `${fault}, and the configuration is another one now` : null);
    if (why !== null) audit.unchecked.set(why, (audit.unchecked.get(why) ?? 0) + 1);
    else if (fault === null) audit.checked++;
    else audit.faults.push(faultOf(one, fault));
  }
  return audit;
}

interface Basis {
  model: string;
  output: string;
  known: Known;
  /** Labels are what people decided. */
  isPeople: boolean;
}

/** What is known of the model that answers; null: the record rests on no answers. */
function basisOf({ record }: Placed): Basis | null {
  if (record.levelSeen === '') return null;
  try {
    const seen = levelSeenOf(record);
    if (seen.cause === 'configuration') return null;
    const known = seen.states.models[seen.active];
    if (known === undefined) return null;
    const { output, labels } = seen.spec;
    return { model: seen.active, output, known, isPeople: labels === 'people' };
  } catch {
    return null;
  }
}

function hindranceOf(
  service: string,
  { known: { firstMs }, isPeople }: Basis,
  spec: ServiceSpec | null,
  { isCut, firstEndMs }: Windows,
): string | null {
  if (isPeople) return 'labels are what people decided, and no result has those of blind requests apart';
  if (spec === null) return 'the service is not configured';
  if (isCut.get(service) !== true || firstMs === null) return null;
  const firstEnd = firstEndMs.get(service);
  if (firstEnd === undefined) return 'the results are gone';
  return firstEnd <= firstMs + spec.windows.sizeMs ? null : `results before ${isoOf(firstEnd)} are gone`;
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Answers without a score count as wrong; they are in the cell of the least confidence, so that as many more may be wrong. */
function faultIn(
  service: string,
  { model, output, known }: Basis,
  spec: ServiceSpec,
  { answers }: Windows,
): string | null {
  const { firstMs, lastMs } = known;
  let [n, wrong] = [0, 0];
  for (const [endMs, one] of answers.get(keyOf(service, model, output)) ?? []) {
    const isSide = endMs % spec.windows.sizeMs === 0;
    if (!isSide || firstMs === null || one.startMs < firstMs || endMs > (lastMs ?? 0)) continue;
    n += one.n;
    wrong += one.wrong;
  }
  const counted = { n: sumOf(known.n), wrong: sumOf(known.wrong) };
  const more = counted.wrong - wrong;
  if (counted.n === n && more >= 0 && more <= known.wrong[0]!) return null;
  return `it rests on ${counted.n} labelled answers of ${model} of which ${counted.wrong} were wrong, the windows have ${n} and ${wrong}`;
}
