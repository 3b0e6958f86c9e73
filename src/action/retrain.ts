/**
 * Requests for retraining: alerts, regret or incidents open one, it goes out when the data to train on are complete, and in mode
 * manual a person decides it. Pure; the state is plain JSON and part of the judge's snapshot.
 */
import { assert } from '../errors.ts';
import { idOf } from '../math/hash.ts';
import {
  type Alert,
  type Command,
  type CommandKind,
  isAtLeast,
  type Level,
  type OffsetRange,
  type Retrain,
  type RetrainSpec,
  type ServiceSpec,
} from '../records.ts';

/**
 * Alerts that one request carries. Hundreds of segments may alarm in the same window, and the record must
 * stay below what the log takes in one message; the rest is counted in the reason.
 */
export const TRIGGERS_MAX = 100;

/** Requests that are counted for the most that there may be in a time; more are not asked for. */
export const REQUESTS_MAX = 1_000;

/** Decisions that are remembered, so that a second command is told who was first. */
export const DECIDED_MAX = 100;

export interface OpenRequest {
  retrainId: string;
  triggers: Alert[];
  /** Alerts that came when TRIGGERS_MAX were there; they count for `fromMs` all the same. */
  triggersLeftOut: number;
  /** What asked beside alerts, in words. */
  why?: string[];
  /** Event time of the data to train on, [fromMs, toMs). */
  fromMs: number;
  toMs: number;
  cooldownUntilMs: number;
  /** The record that waits for a person; null: its data are not complete yet. */
  waiting: Retrain | null;
}

/** A request that has gone out of our hands, as its last record says; without its triggers. */
export type DecidedRequest = Retrain;

/** What may follow on what; a training may report its end alone. */
const FOLLOWS: Readonly<Record<Retrain['state'], readonly Retrain['state'][]>> = {
  requested: ['approved', 'rejected'],
  approved: ['started', 'done', 'failed'],
  started: ['done', 'failed'],
  rejected: [],
  done: [],
  failed: [],
};

const ASKED_STATE: Readonly<Partial<Record<CommandKind, Retrain['state']>>> = {
  'retrain.approve': 'approved',
  'retrain.reject': 'rejected',
  'retrain.started': 'started',
  'retrain.done': 'done',
  'retrain.failed': 'failed',
};

export interface RetrainState {
  /** At most one today. */
  open: OpenRequest[];
  /** Oldest first. */
  decided: DecidedRequest[];
  /** `toMs` of the newest request. */
  lastRequestedAtMs: number | null;
  /** Alerts of windows that end before it open nothing. */
  cooldownUntilMs: number | null;
  /** `toMs` of the requests that still count for the most that there may be. */
  requestedAtMs: number[];
  /** Absent: nothing is summed. */
  regret?: RegretState;
  /** By incidentId, those that are as bad as is asked for; see incidents.ts. Absent: no incident asks. */
  incidents?: Record<string, StandingIncident>;
}

export interface StandingIncident {
  level: Level;
  /** Alarms that fire and are not muted. */
  heard: number;
  summary: string;
  onsetMs: number;
  /** Since when it is as bad as is asked for. */
  sinceMs: number;
  /** It has been considered for a request. */
  isAsked: boolean;
}

/** What wrong answers have cost since the last request; see regret.ts. */
export interface RegretState {
  /** What is summed, as text; another one begins anew. */
  of: string;
  sum: number;
  /** Begin of the first window of the sum; null: it is 0. */
  sinceMs: number | null;
  /** Windows that are not summed yet, in the order in which they are due. */
  queue: RegretWindow[];
}

export interface RegretWindow {
  dueMs: number;
  startMs: number;
  endMs: number;
  /** Less than 0: better than the reference. */
  cost: number;
}

export function createRetrainState(): RetrainState {
  return { open: [], decided: [], lastRequestedAtMs: null, cooldownUntilMs: null, requestedAtMs: [] };
}

/**
 * Takes the alerts of this step. A firing alert of a rule in `on`, at the level or above, opens a request if
 * none is open and the cooldown of the last one, decided or not, is over. While the request's data are not
 * complete further alerts are added to it; while it waits for a person they are not.
 */
export function noteAlerts(state: RetrainState, spec: ServiceSpec, alerts: readonly Alert[]): void {
  const retrain = spec.retrain;
  if (retrain === null) return;
  for (const alert of alerts) {
    if (!isTrigger(retrain, alert)) continue;
    const open = state.open[0];
    if (open !== undefined) addTrigger(open, retrain, alert);
    else if (isFree(state, retrain, alert.windowEndMs)) {
      const [fromMs, toMs] = [alert.sinceMs - retrain.lookbackMs, alert.windowEndMs];
      openRequest(state, spec, { cause: alert.id, triggers: [alert], fromMs, toMs });
    }
  }
}

/** '2026-03-01T12:00:00Z' */
export const timeText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** What asks for retraining beside alerts. */
export interface Ask {
  /** The same for the same cause. */
  cause: string;
  /** In words. */
  why: string;
  /** Since when it has been so, and when it was known. */
  sinceMs: number;
  toMs: number;
}

/** Opens a request if none is open, the cooldown is over and there may be one more; says whether it did. */
export function ask(state: RetrainState, spec: ServiceSpec, { cause, why, sinceMs, toMs }: Ask): boolean {
  const { retrain } = spec;
  if (retrain === null || state.open.length > 0 || !isFree(state, retrain, toMs)) return false;
  openRequest(state, spec, { cause, triggers: [], why: [why], fromMs: sinceMs - retrain.lookbackMs, toMs });
  return true;
}

/**
 * Emits the requests whose data are complete. `closedMs` is the event time through which all streams of the
 * service have closed their windows; `rangesOf` gives the log offsets of [fromMs, toMs). Mode automatic: one
 * record, approved. Mode manual: one record, requested, that then waits for `commandRetrain`. Without a
 * `retrain` entry in the config a request whose data are not complete is forgotten.
 */
export function stepRetrain(
  state: RetrainState,
  spec: ServiceSpec,
  closedMs: number,
  rangesOf: (fromMs: number, toMs: number) => OffsetRange[],
): Retrain[] {
  const retrain = spec.retrain;
  if (retrain === null) {
    state.open = state.open.filter((request) => request.waiting !== null);
    return [];
  }
  const records: Retrain[] = [];
  const stillOpen: OpenRequest[] = [];
  for (const request of state.open) {
    if (request.waiting !== null || closedMs < request.toMs) {
      stillOpen.push(request);
      continue;
    }
    const record = recordOf(request, spec, retrain, rangesOf(request.fromMs, request.toMs));
    records.push(record);
    if (retrain.mode === 'automatic') remember(state, record);
    else stillOpen.push({ ...request, triggers: [], waiting: record });
  }
  state.open = stillOpen;
  return records;
}

/**
 * A person approves or rejects a request by its retrainId, or a training reports of one that was approved. `atMs` is the event time of the command. `refused`
 * says in words why nothing was done: unknown, not complete yet, decided already, automatic, or reported already.
 */
export function commandRetrain(
  state: RetrainState,
  spec: ServiceSpec,
  command: Command,
  atMs: number,
): { retrains: Retrain[]; refused: string | null } {
  const asked = ASKED_STATE[command.kind];
  assert(asked !== undefined, 'the command is about retraining');
  const request = state.open.find((open) => open.retrainId === command.target);
  const known = request?.waiting ?? state.decided.find((old) => old.retrainId === command.target);
  if (!known || !FOLLOWS[known.state].includes(asked))
    return { retrains: [], refused: refusalOf(state, spec, command.target, asked) };
  const record: Retrain = {
    ...known,
    id: recordId(known.retrainId, asked),
    state: asked,
    atMs,
    by: command.by,
    reason: command.reason,
    configDigest: spec.digest,
    model: asked === 'done' ? (command.model ?? null) : null,
  };
  state.open = state.open.filter((open) => open !== request);
  remember(state, record);
  return { retrains: [record], refused: null };
}

function isTrigger(retrain: RetrainSpec, alert: Alert): boolean {
  if (alert.state !== 'firing' || !retrain.on.includes(alert.rule)) return false;
  return isAtLeast(alert.level, retrain.level);
}

/** Also without a cooldown one window asks once: the alerts of its other rules may come after the request went out. */
function isFree(state: RetrainState, { max }: RetrainSpec, windowEndMs: number): boolean {
  if (state.lastRequestedAtMs !== null && windowEndMs <= state.lastRequestedAtMs) return false;
  if (max !== undefined) {
    state.requestedAtMs = state.requestedAtMs.filter((atMs) => atMs > windowEndMs - max.periodMs);
    if (state.requestedAtMs.length >= max.count) return false;
  }
  return state.cooldownUntilMs === null || windowEndMs >= state.cooldownUntilMs;
}

function openRequest(
  state: RetrainState,
  { service, retrain }: ServiceSpec,
  { cause, ...opened }: Pick<OpenRequest, 'triggers' | 'why' | 'fromMs' | 'toMs'> & { cause: string },
): void {
  const { toMs } = opened;
  assert(retrain !== null, 'who asks is configured');
  const cooldownUntilMs = toMs + retrain.cooldownMs;
  state.open.push({
    retrainId: idOf('retrain', service, toMs, cause),
    ...opened,
    triggersLeftOut: 0,
    cooldownUntilMs,
    waiting: null,
  });
  state.lastRequestedAtMs = toMs;
  state.requestedAtMs = [...state.requestedAtMs, toMs].slice(-REQUESTS_MAX);
  state.cooldownUntilMs = cooldownUntilMs;
}

function addTrigger(request: OpenRequest, retrain: RetrainSpec, alert: Alert): void {
  if (request.waiting !== null || request.triggers.some((trigger) => trigger.id === alert.id)) return;
  request.fromMs = Math.min(request.fromMs, alert.sinceMs - retrain.lookbackMs);
  if (request.triggers.length < TRIGGERS_MAX) request.triggers.push(alert);
  else request.triggersLeftOut++;
}

function recordId(retrainId: string, state: Retrain['state']): string {
  return idOf('retrain-record', retrainId, state);
}

function recordOf(
  request: OpenRequest,
  spec: ServiceSpec,
  retrain: RetrainSpec,
  ranges: OffsetRange[],
): Retrain {
  const state = retrain.mode === 'automatic' ? 'approved' : 'requested';
  return {
    id: recordId(request.retrainId, state),
    retrainId: request.retrainId,
    service: spec.service,
    state,
    mode: retrain.mode,
    // Not closedMs: how far the streams happened to be is no part of what the request is about (rule R11).
    atMs: request.toMs,
    by: '',
    reason: reasonOf(request),
    triggers: request.triggers,
    data: { fromMs: request.fromMs, toMs: request.toMs, ranges },
    cooldownUntilMs: request.cooldownUntilMs,
    configDigest: spec.digest,
    model: null,
  };
}

/** 'drift: critical on amount; errors: warning; and 12 more', behind what else asked. */
function reasonOf(request: OpenRequest): string {
  const shown = request.triggers.slice(0, 3).map((trigger) => {
    const subject = trigger.subject === '' ? '' : ` on ${trigger.subject}`;
    const segment = trigger.segment === '*' ? '' : ` in ${trigger.segment}`;
    return `${trigger.rule}: ${trigger.level}${subject}${segment}`;
  });
  const more = request.triggers.length - shown.length + request.triggersLeftOut;
  return `${[...(request.why ?? []), ...shown].join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function remember(state: RetrainState, record: Retrain): void {
  const others = state.decided.filter((old) => old.retrainId !== record.retrainId);
  // The triggers stand in the records before.
  state.decided = [...others, { ...record, triggers: [] }].slice(-DECIDED_MAX);
}

function refusalOf(state: RetrainState, spec: ServiceSpec, target: string, asked: Retrain['state']): string {
  const decided = state.decided.find((old) => old.retrainId === target);
  const isDecision = FOLLOWS.requested.includes(asked);
  if (decided !== undefined && isDecision && decided.mode === 'automatic')
    return `retrain ${target} was approved automatically; there is nothing to decide`;
  if (decided !== undefined)
    return `retrain ${target} is already ${decided.state} by ${decided.by || 'the service'}`;
  if (isDecision && spec.retrain?.mode === 'automatic') {
    return `${spec.service} asks for retraining automatically; no request waits for a decision`;
  }
  const open = state.open.find((one) => one.retrainId === target);
  if (open?.waiting)
    return `retrain ${target} waits for a decision; a training can be reported when it is approved`;
  if (open !== undefined) {
    return `the data of retrain ${target} are not complete yet; it can be decided when it is requested`;
  }
  return `there is no request for retraining ${target} in ${spec.service}`;
}
