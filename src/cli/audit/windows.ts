/** What was counted, once more from final windows on the topic `results`: pairs of a roll-out of `discordant_gain`, whom its candidate answered of `answered`. */

import type { Result, RolloutRecord, RolloutSpec, ServiceSpec } from '../../records.ts';
import type { Placed } from '../rollout/records.ts';
import { isoOf } from '../rollout/text.ts';
import { type Fault, faultOf } from './chain.ts';
import { isHarm, isOfLevel } from './verdicts.ts';

/** Labelled pairs of a window. */
interface Pairs {
  n: number;
  /** Only the candidate right, less only the primary right. */
  gain: number;
}

/** Labelled answers of a model in a window. */
export interface Answers {
  startMs: number;
  n: number;
  wrong: number;
}

export interface Windows {
  /** By service, model and output (`keyOf`), then by the end of the window. */
  pairs: Map<string, Map<number, Pairs>>;
  answers: Map<string, Map<number, Answers>>;
  /** Requests that a version has answered, whatever the output: '' in the key. */
  answered: Map<string, Map<number, { n: number }>>;
  /** End of the first final window of the service that is there still. */
  firstEndMs: Map<string, number>;
  /** Retention took records away. */
  isCut: Map<string, boolean>;
}

export const keyOf = (service: string, model: string, output: string): string =>
  JSON.stringify([service, model, output]);

export const createWindows = (): Windows => ({
  ...{ pairs: new Map(), answers: new Map(), answered: new Map() },
  ...{ firstEndMs: new Map(), isCut: new Map() },
});

/** @param cut whether the partition of the result has lost its first records */
export function noteResult(windows: Windows, result: Result, cut: boolean): void {
  const { firstEndMs, isCut } = windows;
  const { service, metric, segment, final, model, subject, windowStartMs: startMs, windowEndMs, n } = result;
  isCut.set(service, cut || isCut.get(service) === true);
  if (segment !== '*' || !final) return;
  const key = keyOf(service, model, subject);
  const value = result.value ?? 0;
  if (metric === 'discordant_gain') put(windows.pairs, key, windowEndMs, { n, gain: Math.round(value * n) });
  else if (metric === 'accuracy')
    put(windows.answers, key, windowEndMs, { startMs, n, wrong: n - Math.round(value * n) });
  else if (metric === 'answered') put(windows.answered, key, windowEndMs, { n });
  else return;
  firstEndMs.set(service, Math.min(firstEndMs.get(service) ?? windowEndMs, windowEndMs));
}

function put<T>(into: Map<string, Map<number, T>>, key: string, endMs: number, value: T): void {
  const own = into.get(key) ?? new Map<number, T>();
  into.set(key, own.set(endMs, value));
}

export interface CountsAudit {
  /** Records whose counts are the sums of windows. */
  checked: number;
  /** Roll-outs of which nothing can be said, and why. */
  unchecked: { rolloutId: string; reason: string }[];
  faults: Fault[];
}

/**
 * @param records of one service, in order
 * @param spec of the service as it is configured now; null: it is not
 */
export function auditCounts(
  records: readonly Placed[],
  spec: ServiceSpec | null,
  windows: Windows,
): CountsAudit {
  const audit: CountsAudit = { checked: 0, unchecked: [], faults: [] };
  const rolledOut = records.filter(({ record }) => record.status !== 'none');
  for (const rolloutId of new Set(rolledOut.map(({ record }) => record.rolloutId))) {
    const own = records.filter(({ record }) => record.rolloutId === rolloutId);
    const reason = spec === null ? 'the service is not configured' : hindranceOf(own, spec, windows);
    if (reason !== null || spec === null) {
      audit.unchecked.push({ rolloutId, reason: reason ?? '' });
      continue;
    }
    const { checked, fault } = auditRollout(own, spec, windows);
    if (fault === null) audit.checked += checked;
    else if (own.every(({ record }) => record.configDigest === spec.digest)) {
      audit.checked += checked;
      audit.faults.push(fault);
    } else {
      const why = `its counts are not those of the windows (${fault.message}), and the configuration is another one now`;
      audit.unchecked.push({ rolloutId, reason: why });
    }
  }
  return audit;
}

const delayOf = ({ revisionsMs }: ServiceSpec): number => revisionsMs.at(-1)!;

function hindranceOf(own: readonly Placed[], spec: ServiceSpec, windows: Windows): string | null {
  const first = own[0]!.record;
  if (first.event !== 'started') return 'its start is missing';
  if (windows.isCut.get(first.service) !== true) return null;
  const firstEndMs = windows.firstEndMs.get(first.service);
  if (firstEndMs === undefined) return 'the results are gone';
  return firstEndMs + delayOf(spec) <= first.atMs ? null : `results before ${isoOf(firstEndMs)} are gone`;
}

/** What is summed over windows, and what a record says of it. */
interface Sum<W> {
  windows: ReadonlyMap<number, W>;
  /** From the end of a window until it counts. */
  delayMs: number;
  none: W;
  add(sum: W, window: W): W;
  isOf(record: RolloutRecord, sum: W): boolean;
  /** What is wrong where it is not. */
  fault(record: RolloutRecord, sum: W): string;
}

function auditRollout(
  own: readonly Placed[],
  spec: ServiceSpec,
  { pairs, answered }: Windows,
): { checked: number; fault: Fault | null } {
  const { service, candidate, spec: plan } = own[0]!.record;
  const { output } = JSON.parse(plan) as RolloutSpec;
  const ofPairs = auditSum(own, spec, {
    ...{ windows: pairs.get(keyOf(service, candidate, output)) ?? new Map<number, Pairs>() },
    ...{ delayMs: delayOf(spec), none: { n: 0, gain: 0 } },
    add: (sum, { n, gain }) => ({ n: sum.n + n, gain: sum.gain + gain }),
    isOf: ({ counts }, { n, gain }) => counts.n === n && counts.better - counts.worse === gain,
    fault: ({ counts: { n, better, worse } }, sum) =>
      `it counts ${n} labelled requests with a gain of ${better - worse}, the windows ${sum.n} with ${sum.gain}`,
  });
  if (ofPairs.fault !== null) return ofPairs;
  const exposed = auditSum(own, spec, {
    ...{ windows: answered.get(keyOf(service, candidate, '')) ?? new Map<number, { n: number }>() },
    // Of requests, which do not mature.
    ...{ delayMs: 0, none: { n: 0 } },
    add: (sum, { n }) => ({ n: sum.n + n }),
    isOf: (record, { n }) => record.exposed === n,
    fault: (record, { n }) =>
      `it says that ${record.exposed} requests were answered by ${candidate}, the windows ${n}`,
  });
  return exposed.fault === null ? ofPairs : exposed;
}

/**
 * Windows count when they are due, after the start. What a person asks for, and a configuration, may come before windows that are due by its time were
 * counted: then their sum is that of some first ones.
 */
function auditSum<W>(
  own: readonly Placed[],
  { windows: { sizeMs } }: ServiceSpec,
  { windows, delayMs, none, add, isOf, fault }: Sum<W>,
): { checked: number; fault: Fault | null } {
  const startedMs = own[0]!.record.atMs;
  const counted = [...windows]
    .map(([endMs, window]) => ({ endMs, dueMs: endMs + delayMs, window }))
    .filter(({ endMs, dueMs }) => endMs % sizeMs === 0 && dueMs > startedMs)
    .sort((a, b) => a.endMs - b.endMs);
  let [sum, at, heldMs] = [none, 0, Number.NEGATIVE_INFINITY];
  for (const [checked, one] of own.entries()) {
    const { record } = one;
    const isExact = isJudged(record) && record.atMs > heldMs;
    if (!isJudged(record)) heldMs = record.atMs;
    while (at < counted.length && counted[at]!.dueMs <= record.atMs && (isExact || !isOf(record, sum)))
      sum = add(sum, counted[at++]!.window);
    if (!isOf(record, sum)) return { checked, fault: faultOf(one, fault(record, sum)) };
  }
  return { checked: own.length, fault: null };
}

/** What the service did when all that was due had been counted. */
const isJudged = (record: RolloutRecord): boolean =>
  record.by === '' &&
  record.event !== 'started' &&
  !isOfLevel(record) &&
  (record.event !== 'rolled_back' || isHarm(record));
