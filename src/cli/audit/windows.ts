/** What was counted, once more from final windows on the topic `results`: pairs of a roll-out of `discordant_gain`. */

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
  /** End of the first final window of the service that is there still. */
  firstEndMs: Map<string, number>;
  /** Retention took records away. */
  isCut: Map<string, boolean>;
}

export const keyOf = (service: string, model: string, output: string): string =>
  JSON.stringify([service, model, output]);

export const createWindows = (): Windows => ({
  ...{ pairs: new Map(), answers: new Map() },
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

/**
 * Windows count when they are due, after the start. What a person asks for, and a configuration, may come before windows that are due by its time were
 * counted: then their sum is that of some first ones.
 */
function auditRollout(
  own: readonly Placed[],
  spec: ServiceSpec,
  { pairs }: Windows,
): { checked: number; fault: Fault | null } {
  const { record: first } = own[0]!;
  const { output } = JSON.parse(first.spec) as RolloutSpec;
  const found = pairs.get(keyOf(first.service, first.candidate, output)) ?? new Map<number, Pairs>();
  const counted = [...found]
    .map(([endMs, window]) => ({ endMs, dueMs: endMs + delayOf(spec), ...window }))
    .filter(({ endMs, dueMs }) => endMs % spec.windows.sizeMs === 0 && dueMs > first.atMs)
    .sort((a, b) => a.endMs - b.endMs);
  let [sum, at, heldMs]: [Pairs, number, number] = [{ n: 0, gain: 0 }, 0, Number.NEGATIVE_INFINITY];
  const isSum = ({ counts }: RolloutRecord): boolean =>
    counts.n === sum.n && counts.better - counts.worse === sum.gain;
  for (const [checked, one] of own.entries()) {
    const { record } = one;
    const isExact = isJudged(record) && record.atMs > heldMs;
    if (!isJudged(record)) heldMs = record.atMs;
    while (at < counted.length && counted[at]!.dueMs <= record.atMs && (isExact || !isSum(record))) {
      const { n, gain } = counted[at++]!;
      sum = { n: sum.n + n, gain: sum.gain + gain };
    }
    if (isSum(record)) continue;
    const { n, better, worse } = record.counts;
    const message = `it counts ${n} labelled requests with a gain of ${better - worse}, the windows ${sum.n} with ${sum.gain}`;
    return { checked, fault: faultOf(one, message) };
  }
  return { checked: own.length, fault: null };
}

/** What the service did when all that was due had been counted. */
const isJudged = (record: RolloutRecord): boolean =>
  record.by === '' &&
  record.event !== 'started' &&
  !isOfLevel(record) &&
  (record.event !== 'rolled_back' || isHarm(record));
