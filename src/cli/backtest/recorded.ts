/** Recorded results through the rules of one side, as the judge takes them. Pure. */

import { createRetrainState, noteAlerts, stepRetrain } from '../../action/retrain.ts';
import { passTime, stepComposites } from '../../alarm/composite.ts';
import { alertsByTime, type DueAlert } from '../../alarm/consequences.ts';
import { createAlarmStates, isWatched } from '../../alarm/state.ts';
import { type OnJudged, stepAlarms, stepSilence } from '../../alarm/step.ts';
import { TelltaleError } from '../../errors.ts';
import { DETECTING } from '../../flow/detecting.ts';
import { finderOf } from '../../flow/judge.ts';
import type { SourceGroup } from '../../flow/messages.ts';
import type { Alert, Result, Retrain, RuleSpec, ServiceSpec, Watched } from '../../records.ts';
import { plural } from '../results/blocks.ts';
import type { ReadResult } from '../results/records.ts';
import { finalOf, type KnownAlert, lagOf, sourceOf } from './known.ts';

interface Kept {
  dueMs: number;
  result: Result;
}

/** What is kept of the results of one service. */
export interface Recorded {
  spec: ServiceSpec;
  /** By the streams whose windows they are of, since those close apart. */
  kept: Map<SourceGroup, Kept[]>;
  /** When windows closed, watched or not. */
  dues: Map<SourceGroup, Set<number>>;
  fromMs: number;
  toMs: number;
  read: number;
}

/** @param spec of the current configuration, by which they were recorded */
const newRecorded = (spec: ServiceSpec): Recorded => ({
  spec,
  kept: new Map(),
  dues: new Map(),
  fromMs: Number.POSITIVE_INFINITY,
  toMs: Number.NEGATIVE_INFINITY,
  read: 0,
});

/** Whether the rule judges it, or compares another one with it. */
function isOfUse(rule: RuleSpec, result: Watched): boolean {
  if (isWatched(rule, result)) return true;
  const other = rule.versus?.with;
  if (other === undefined || 'agoMs' in other || rule.metric !== result.metric) return false;
  return 'segment' in other ? other.segment === result.segment : other.model === result.model;
}

/** Results that rules watch, of all services: about 1 GB. */
const KEPT_MAX = 2_000_000;

/**
 * Keeps the results of services by name.
 *
 * @param rulesOf the configuration by which they were recorded, and the rules that will judge them; undefined: it is not asked for
 */
export function createRecordings(
  rulesOf: (service: string) => { spec: ServiceSpec; rules: readonly RuleSpec[] } | undefined,
) {
  const found = new Map<string, Recorded>();
  let kept = 0;
  const take = (result: ReadResult): void => {
    const own = rulesOf(result.service);
    if (own === undefined) return;
    const recorded = found.get(result.service) ?? newRecorded(own.spec);
    found.set(result.service, recorded);
    if (takeRecorded(recorded, own.rules, result)) kept++;
    if (kept > KEPT_MAX)
      throw new TelltaleError(
        'usage',
        `more than ${plural(KEPT_MAX, 'result')} are watched; give --service, --since, --from-time or --to-time`,
      );
  };
  return { take, found };
}

/** What of it these rules judge. */
export function recordedFor(recorded: Recorded, rules: readonly RuleSpec[]): Recorded {
  const kept = new Map<SourceGroup, Kept[]>();
  for (const [source, own] of recorded.kept)
    kept.set(
      source,
      own.filter(({ result }) => rules.some((rule) => isOfUse(rule, result))),
    );
  return { ...recorded, kept };
}

/** Takes a result; whether it was kept. */
function takeRecorded(recorded: Recorded, rules: readonly RuleSpec[], read: ReadResult): boolean {
  const { sizeMs } = recorded.spec.windows;
  const source = sourceOf(recorded.spec, read);
  const dueMs = read.windowEndMs + lagOf(recorded.spec, source, read);
  recorded.read++;
  const dues = recorded.dues.get(source);
  if (dues === undefined) recorded.dues.set(source, new Set([dueMs]));
  else dues.add(dueMs);
  recorded.fromMs = Math.min(recorded.fromMs, read.windowStartMs ?? read.windowEndMs - sizeMs);
  recorded.toMs = Math.max(recorded.toMs, read.windowEndMs);
  if (!rules.some((rule) => isOfUse(rule, read))) return false;
  const result = { ...read, id: '', windowStartMs: read.windowStartMs ?? read.windowEndMs - sizeMs };
  const kept = recorded.kept.get(source);
  if (kept === undefined) recorded.kept.set(source, [{ dueMs, result }]);
  else kept.push({ dueMs, result });
  return true;
}

/** Who looks on while results are judged. */
export interface Onlooker {
  onJudged: OnJudged;
  /** Told of each result that is kept, after the rules had it. */
  onResult(result: Result): void;
}

/** @param side whose rules and requests for retraining are tried */
export function judgeRecorded(
  { spec, kept, dues }: Recorded,
  side: Pick<ServiceSpec, 'rules' | 'retrain' | 'digest'>,
  onlooker?: Onlooker,
): { alerted: KnownAlert[]; retrained: Retrain[]; untracked: number } {
  // Windows and revisions are those by which the results were recorded.
  const tried = { ...spec, rules: side.rules, retrain: side.retrain, digest: side.digest };
  const states = createAlarmStates();
  const waiting: DueAlert[] = [];
  for (const [source, own] of dues) {
    const finalMs = finalOf(spec, source);
    const silence = (throughMs: number): void => {
      for (const alert of stepSilence(states, tried, source, throughMs - finalMs))
        waiting.push({ dueMs: alert.windowEndMs + finalMs, alert });
    };
    const windows = windowsOf(kept.get(source) ?? []);
    for (const dueMs of [...own].sort((a, b) => a - b)) {
      for (const results of windows.get(dueMs) ?? []) {
        silence(dueMs - 1);
        const { onJudged } = onlooker ?? {};
        const judging = { detecting: DETECTING, source, resultOf: finderOf(results), onJudged };
        for (const result of results) {
          for (const alert of stepAlarms(states, tried, result, judging)) waiting.push({ dueMs, alert });
          onlooker?.onResult(result);
        }
      }
      silence(dueMs);
    }
  }
  return { ...inTime(waiting, tried, states), untracked: states.untracked };
}

/** By the time that they are due: the windows, in the order of their ends. */
function windowsOf(kept: readonly Kept[]): Map<number, Result[][]> {
  const found = new Map<number, Map<string, Result[]>>();
  for (const { dueMs, result } of kept) {
    const windows = found.get(dueMs) ?? new Map<string, Result[]>();
    found.set(dueMs, windows);
    const key = `${result.windowEndMs}|${result.revision}`;
    const window = windows.get(key);
    if (window === undefined) windows.set(key, [result]);
    else window.push(result);
  }
  const inOrder = (windows: Map<string, Result[]>): Result[][] =>
    [...windows.values()].sort((a, b) => a[0]!.windowEndMs - b[0]!.windowEndMs);
  return new Map([...found].map(([dueMs, windows]) => [dueMs, inOrder(windows)]));
}

/** The alerts in the order of event time, with what rules over other rules and retraining make of them. */
function inTime(
  waiting: readonly DueAlert[],
  spec: ServiceSpec,
  states: ReturnType<typeof createAlarmStates>,
): { alerted: KnownAlert[]; retrained: Retrain[] } {
  const alerted: KnownAlert[] = [];
  const retrained: Retrain[] = [];
  const retrain = createRetrainState();
  const take = (alerts: readonly Alert[], knownMs?: number): void => {
    for (const alert of alerts) alerted.push({ ...alert, knownMs: knownMs ?? alert.windowEndMs });
    noteAlerts(retrain, spec, alerts);
  };
  for (const [timeMs, alerts] of alertsByTime(waiting)) {
    take(passTime(states, spec, timeMs - 1));
    take(alerts, timeMs);
    take(stepComposites(states, spec, alerts, timeMs));
    retrained.push(...stepRetrain(retrain, spec, timeMs, () => []));
  }
  return { alerted, retrained };
}
