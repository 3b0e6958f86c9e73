/**
 * The evidence of a service, window after window: what its exhibits say becomes e-values, those go into e-detectors, and their mean
 * into alarms on the budget. A function of the log: the same windows in the same order within each group give the same alerts,
 * whichever group is read first.
 */

import {
  type BudgetAlarm,
  boundaryOf,
  isToldBy,
  keptShare,
  kindOf,
  LOG_NAMED,
  logSum,
  type Named,
  namedOf,
  openAlarm,
  resolveAlarm,
  reviewAlarm,
  type Standing,
  type Suspect,
} from '../alarm/budget.ts';
import { idOf } from '../math/hash.ts';
import { type Concern, type Counts, type EvidenceKind, exhibitsOf } from '../metric/evidence/registry.ts';
import { coverageOf } from '../metric/registry.ts';
import type { Alert, BudgetSpec, Result, ServiceSpec } from '../records.ts';
import { hasStream, needsJoin } from './events-of.ts';
import {
  createStream,
  type EvidenceStream,
  foldStream,
  logEvidence,
  movedCells,
  noteSuspicion,
  onsetMs,
  releaseStream,
  resetStream,
  scaleStream,
} from './evidence-stream.ts';
import type { SourceGroup } from './messages.ts';
import type { Cell, Due } from './results-of.ts';

/** Streams of a group at most; further ones are counted and have no evidence. */
const STREAMS_MAX = 10_000;

/** Windows without data after which a stream is forgotten. */
const FORGET_WINDOWS = 1000;

/** Half of the weight is that of the whole traffic, where most rows are; segments share the other half. */
const WHOLE_SHARE = 1 / 2;

/** While it is named, this much evidence says that a stream has not come back. */
const LOG_STILL = Math.log(20);

export interface GroupEvidence {
  streams: Record<string, EvidenceStream>;
  /** The most streams that there were at once, of the whole traffic and of segments: what the weights follow from. */
  wholeMax: number;
  segmentsMax: number;
  untracked: number;
}

/** Plain JSON: part of the judge's snapshot. */
export interface Evidence {
  /** Hash of what it was gathered against: with another budget or baseline it begins again. */
  of: string;
  groups: Partial<Record<SourceGroup, GroupEvidence>>;
  alarms: Record<string, BudgetAlarm>;
  /** Alarms that wait until what other groups say of their time is known, oldest first. */
  untold: { dueMs: number; fingerprint: string }[];
}

export const createEvidence = (): Evidence => ({ of: '', groups: {}, alarms: {}, untold: [] });

export const hasAlarms = ({ alarms }: Evidence): boolean => Object.keys(alarms).length > 0;

/** The groups of a service that have evidence; they have equal shares of the budget. */
export function evidenceGroups(spec: ServiceSpec): SourceGroup[] {
  const groups: SourceGroup[] = [];
  for (const stream of ['requests', 'predictions'] as const) if (hasStream(spec, stream)) groups.push(stream);
  if (needsJoin(spec)) groups.push('events');
  return groups;
}

const toleranceOf = ({ tolerance }: BudgetSpec, { metric, tolerance: own }: EvidenceKind, subject: string) =>
  tolerance[`${metric}/${subject}`] ?? tolerance[metric] ?? own.default;

/** Begins again, and ends what fires, where the budget or what it compares with is another; `atMs`: the time of the change. */
export function configureEvidence(evidence: Evidence, spec: ServiceSpec, atMs: number): Alert[] {
  const { budget, baseline, learn, season, windows, segments } = spec;
  const compared = JSON.stringify([budget, baseline, learn, season, windows.sizeMs, segments]);
  const of = budget === undefined ? '' : idOf(compared);
  if (of === evidence.of) return [];
  const untold = new Set(evidence.untold.map(({ fingerprint }) => fingerprint));
  const alerts = Object.keys(evidence.alarms)
    .filter((fingerprint) => !untold.has(fingerprint))
    .sort()
    .map((fingerprint) => {
      const alarm = evidence.alarms[fingerprint]!;
      const reason = budget === undefined ? 'budget removed' : 'budget or baseline changed';
      return resolveAlarm(alarm, spec, Math.max(atMs, alarm.pagedMs), reason);
    });
  Object.assign(evidence, createEvidence(), { of });
  return alerts;
}

const streamId = (metric: string, subject: string, model: string, segment: string): string =>
  `${metric}\u0000${subject}\u0000${model}\u0000${segment}`;

/** The streams of a window with their counts; new ones are opened as long as there is room. */
function foldWindow(
  group: GroupEvidence,
  spec: ServiceSpec,
  budget: BudgetSpec,
  cells: readonly Cell[],
  { endMs }: Due,
): Map<string, Counts> {
  const latest = new Map<string, Counts>();
  const windowMs = spec.windows.sizeMs;
  let room = STREAMS_MAX - Object.keys(group.streams).length;
  for (const { segment, tracks, reference } of cells) {
    // Against the whole traffic a segment would differ for ever.
    if (segment !== '*' && !reference.isOwn) continue;
    for (const { kind, exhibit } of exhibitsOf(tracks, { spec, windowMs, reference, isFinal: true })) {
      const { subject, model, counts } = exhibit;
      const id = streamId(kind.metric, subject, model, segment);
      let stream = group.streams[id];
      if (stream === undefined && room === 0) {
        group.untracked++;
        continue;
      }
      if (stream === undefined) {
        room--;
        const { metric, concern } = kind;
        stream = createStream({ metric, concern, subject, model, segment }, endMs);
        group.streams[id] = stream;
      }
      foldStream(stream, counts, toleranceOf(budget, kind, subject), endMs - windowMs, endMs);
      latest.set(id, counts);
    }
  }
  return latest;
}

/** ln of the weight of a stream of the whole traffic, and of a segment's; the weights of all sum to at most 1, and never rise. */
function logWeights({ wholeMax, segmentsMax }: GroupEvidence, { segments }: ServiceSpec): [number, number] {
  const whole = segments.length === 0 ? 1 : WHOLE_SHARE;
  return [Math.log(whole / Math.max(1, wholeMax)), Math.log((1 - whole) / Math.max(1, segmentsMax))];
}

type Entries = readonly (readonly [id: string, stream: EvidenceStream])[];

function countStreams(group: GroupEvidence, all: Entries): void {
  let whole = 0;
  for (const [, { segment }] of all) if (segment === '*') whole++;
  group.wholeMax = Math.max(group.wholeMax, whole);
  group.segmentsMax = Math.max(group.segmentsMax, all.length - whole);
}

/** Streams that an alarm names come back after `holdWindows` windows without evidence; the alarms that end with them. */
function releaseStreams(evidence: Evidence, all: Entries, spec: ServiceSpec, endMs: number): Alert[] {
  const alerts: Alert[] = [];
  const named = all.filter(([, { alarm }]) => alarm !== null);
  for (const [id, stream] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (logEvidence(stream) >= LOG_STILL) {
      stream.quiet = 0;
      resetStream(stream);
      continue;
    }
    stream.quiet++;
    if (stream.quiet < spec.budget!.holdWindows) continue;
    const alarm = evidence.alarms[stream.alarm!]!;
    releaseStream(stream);
    alarm.streams = alarm.streams.filter((name) => name !== id);
    if (alarm.streams.length > 0) continue;
    delete evidence.alarms[alarm.fingerprint];
    if (evidence.untold.some(({ fingerprint }) => fingerprint === alarm.fingerprint)) {
      evidence.untold = evidence.untold.filter(({ fingerprint }) => fingerprint !== alarm.fingerprint);
      continue;
    }
    const reason = `no evidence for ${spec.budget!.holdWindows} windows`;
    alerts.push(resolveAlarm(alarm, spec, endMs, reason));
  }
  return alerts;
}

/** All streams that may page, with their evidence. */
function suspectsOf(group: GroupEvidence, all: Entries, spec: ServiceSpec, endMs: number): Suspect[] {
  const suspects: Suspect[] = [];
  const [whole, segments] = logWeights(group, spec);
  for (const [id, stream] of all) {
    if (stream.alarm !== null) continue;
    const log = logEvidence(stream);
    noteSuspicion(stream, log >= LOG_NAMED, endMs);
    const logShare = log + (stream.segment === '*' ? whole : segments);
    suspects.push({ id, concern: stream.concern, logShare, logEvidence: log });
  }
  return suspects;
}

function tell(group: GroupEvidence, suspect: Suspect, latest: ReadonlyMap<string, Counts>): Named {
  const stream = group.streams[suspect.id]!;
  const { metric, subject, model, segment } = stream;
  return {
    ...suspect,
    moved: {
      ...{ metric, subject, model, segment },
      log10Evidence: suspect.logEvidence / Math.LN10,
      onsetMs: onsetMs(stream),
      ...movedCells(stream, latest.get(suspect.id)),
    },
  };
}

interface Closed {
  cells: readonly Cell[];
  results: readonly Result[];
  due: Due;
}

/** Pages where the evidence of the group has passed its boundary. */
function page(
  evidence: Evidence,
  name: SourceGroup,
  spec: ServiceSpec,
  budget: BudgetSpec,
  closed: Closed,
  latest: ReadonlyMap<string, Counts>,
  all: Entries,
): Alert[] {
  const group = evidence.groups[name]!;
  const { endMs, dueMs } = closed.due;
  const suspects = suspectsOf(group, all, spec, endMs);
  const total = logSum(suspects.map(({ logShare }) => logShare));
  const logBoundary = Math.log(boundaryOf(budget, spec.windows.sizeMs, 1 / evidenceGroups(spec).length));
  if (total < logBoundary) return [];
  const named = namedOf(suspects).map((suspect) => tell(group, suspect, latest));
  const ids = new Set(named.map(({ id }) => id));
  const rest = suspects.filter(({ id }) => !ids.has(id));
  const kept = keptShare(total, logSum(rest.map(({ logShare }) => logShare)), logBoundary);
  for (const { id } of rest) scaleStream(group.streams[id]!, kept);
  const { metric, subject, model, segment } = named[0]!.moved;
  const whole = closed.cells.find((cell) => cell.segment === '*');
  const result = closed.results.find(
    (one) =>
      one.metric === metric && one.subject === subject && one.model === model && one.segment === segment,
  );
  const opened = openAlarm(
    {
      ...{ spec, budget, group: name, named, logEvidence: total, logBoundary, windowEndMs: endMs },
      coverage: name === 'events' && whole !== undefined ? coverageOf(whole.tracks) : null,
      reviewMs: needsJoin(spec) && name !== 'events' ? endMs + spec.revisionsMs.at(-1)! : null,
      value: result?.value ?? null,
    },
    'unknown',
  );
  const firing = Object.keys(evidence.alarms)
    .sort()
    .map((fingerprint) => evidence.alarms[fingerprint]!);
  const alarm = firing.find((one) => isToldBy(one, opened)) ?? opened;
  for (const { id } of named) {
    const stream = group.streams[id]!;
    stream.alarm = alarm.fingerprint;
    stream.quiet = 0;
    resetStream(stream);
  }
  if (alarm !== opened) {
    alarm.streams.push(...ids);
    return [];
  }
  evidence.alarms[alarm.fingerprint] = alarm;
  if (name !== 'events') return [alarm.last];
  // What the inputs did at that time says of which kind it is.
  evidence.untold.push({ dueMs, fingerprint: alarm.fingerprint });
  return [];
}

/** Folds the final results of a window of one group. */
export function stepEvidence(
  evidence: Evidence,
  spec: ServiceSpec,
  name: SourceGroup,
  closed: Closed,
): Alert[] {
  const { budget, windows } = spec;
  const { endMs } = closed.due;
  // Windows that overlap would count the same rows twice.
  if (budget === undefined || !evidenceGroups(spec).includes(name) || endMs % windows.sizeMs !== 0) return [];
  evidence.groups[name] ??= { streams: {}, wholeMax: 0, segmentsMax: 0, untracked: 0 };
  const group = evidence.groups[name];
  const latest = foldWindow(group, spec, budget, closed.cells, closed.due);
  const all = Object.entries(group.streams);
  countStreams(group, all);
  const alerts = releaseStreams(evidence, all, spec, endMs);
  alerts.push(...page(evidence, name, spec, budget, closed, latest, all));
  for (const [id, { alarm, lastMs }] of all)
    if (alarm === null && lastMs < endMs - FORGET_WINDOWS * windows.sizeMs) delete group.streams[id];
  return alerts;
}

/** Where the streams of a concern stood at `atMs`, for what changed at `onset`. */
function standingOf(evidence: Evidence, concern: Concern, onset: number, atMs: number): Standing {
  let standing: Standing = 'unknown';
  for (const group of Object.values(evidence.groups)) {
    for (const stream of Object.values(group.streams)) {
      if (stream.concern !== concern || stream.firstMs > atMs) continue;
      if (stream.suspected.some(([from, until]) => from <= atMs && (until === null || until > onset)))
        return 'moved';
      standing = 'held';
    }
  }
  return standing;
}

function reviewed(evidence: Evidence, alarm: BudgetAlarm, spec: ServiceSpec): Alert | null {
  const at = (concern: Concern): Standing => standingOf(evidence, concern, alarm.onsetMs, alarm.pagedMs);
  return reviewAlarm(alarm, kindOf(at('inputs'), at('relation'), at('performance')), spec);
}

/**
 * Tells what waited for other groups, and of what kind an alarm is, as soon as all groups have closed that time; until then it would
 * depend on which of them was read first.
 */
export function reviewEvidence(
  evidence: Evidence,
  spec: ServiceSpec,
  throughMs: number,
): { alert: Alert; dueMs: number }[] {
  const alerts: { alert: Alert; dueMs: number }[] = [];
  const ready = evidence.untold.filter(({ dueMs }) => dueMs <= throughMs);
  if (ready.length > 0) evidence.untold = evidence.untold.filter(({ dueMs }) => dueMs > throughMs);
  for (const { dueMs, fingerprint } of ready) {
    const alarm = evidence.alarms[fingerprint]!;
    alerts.push({ dueMs, alert: reviewed(evidence, alarm, spec) ?? alarm.last });
  }
  for (const fingerprint of Object.keys(evidence.alarms).sort()) {
    const alarm = evidence.alarms[fingerprint]!;
    if (alarm.reviewMs === null || alarm.reviewMs > throughMs) continue;
    const dueMs = alarm.reviewMs;
    const alert = reviewed(evidence, alarm, spec);
    if (alert !== null) alerts.push({ dueMs, alert });
  }
  return alerts;
}
