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
  type Named,
  namedOf,
  openAlarm,
  resolveAlarm,
  reviewAlarm,
  type Standing,
  type Suspect,
} from '../alarm/budget.ts';
import { idOf } from '../math/hash.ts';
import { logSum } from '../math/log-sum.ts';
import { type Concern, type Counts, type EvidenceKind, exhibitsOf } from '../metric/evidence/registry.ts';
import { coverageOf } from '../metric/registry.ts';
import type { Alert, BudgetSpec, Result, ServiceSpec } from '../records.ts';
import { hasStream, needsJoin } from './events-of.ts';
import {
  createStream,
  type EvidenceStream,
  foldStream,
  isBack,
  logEvidence,
  movedCells,
  nameStream,
  noteSuspicion,
  onsetMs,
  releaseStream,
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
  /** By key, until their end was told. */
  alarms: Record<string, BudgetAlarm>;
  untold: Untold[];
}

/**
 * What is told in the order of event time, when all groups have closed it: alarms of labels and the kinds of others, which follow from what several
 * groups say of that time, and ends, which come after them.
 */
interface Untold {
  dueMs: number;
  what: 'fire' | 'review' | 'end';
  key: string;
  reason: string;
}

export const createEvidence = (): Evidence => ({ of: '', groups: {}, alarms: {}, untold: [] });

export const isWaiting = ({ untold }: Evidence): boolean => untold.length > 0;

const firingOf = (alarms: Record<string, BudgetAlarm>): BudgetAlarm[] =>
  Object.keys(alarms)
    .sort()
    .map((key) => alarms[key]!)
    .filter(({ endedMs }) => endedMs === null);

/** When what the alarms of a group tell of began. */
export const onsetsOf = ({ alarms }: Evidence, group: SourceGroup): number[] =>
  firingOf(alarms).flatMap((alarm) => (alarm.group === group ? [alarm.onsetMs] : []));

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
  const reason = budget === undefined ? 'budget removed' : 'budget or baseline changed';
  const unheard = new Set(evidence.untold.filter(({ what }) => what === 'fire').map(({ key }) => key));
  const alerts = Object.keys(evidence.alarms)
    .filter((key) => !unheard.has(key))
    .sort()
    .map((key) => {
      const alarm = evidence.alarms[key]!;
      return resolveAlarm(alarm, spec, Math.max(atMs, alarm.pagedMs), reason);
    });
  Object.assign(evidence, createEvidence(), { of });
  return alerts;
}

const streamId = (metric: string, subject: string, model: string, segment: string): string =>
  `${metric}\u0000${subject}\u0000${model}\u0000${segment}`;

/** What a window shows of a stream. */
interface Shown {
  stream: EvidenceStream;
  counts: Counts;
  tolerance: number;
}

/** What a window shows, by stream; new streams are opened as long as there is room. */
function shownIn(
  group: GroupEvidence,
  spec: ServiceSpec,
  budget: BudgetSpec,
  cells: readonly Cell[],
  endMs: number,
): Map<string, Shown> {
  const shown = new Map<string, Shown>();
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
      shown.set(id, { stream, counts, tolerance: toleranceOf(budget, kind, subject) });
    }
  }
  return shown;
}

/**
 * References that are further from their truths than is granted, in the mean over all streams of a group. Each of those may page once, for no
 * other reason than its reference.
 */
const REFERENCES_OFF = 0.1;

/** By powers of two of the streams, so that it rarely changes. */
const confidenceOf = ({ wholeMax, segmentsMax }: GroupEvidence): number =>
  1 - REFERENCES_OFF / 2 ** Math.ceil(Math.log2(Math.max(1, wholeMax + segmentsMax)));

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

/** Releases the streams that have come back, or of which nothing has come for long; with its last one an alarm ends. */
function releaseStreams(evidence: Evidence, all: Entries, silentMs: number, { endMs, dueMs }: Due): void {
  const named = all.filter(([, { alarm }]) => alarm !== null);
  for (const [id, stream] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isSilent = stream.lastMs < silentMs;
    if (!isSilent && !isBack(stream)) continue;
    const alarm = evidence.alarms[stream.alarm!]!;
    releaseStream(stream);
    alarm.streams = alarm.streams.filter((name) => name !== id);
    if (alarm.streams.length > 0) continue;
    alarm.endedMs = endMs;
    const reason = isSilent ? `nothing came for ${FORGET_WINDOWS} windows` : 'what had moved is as it was';
    evidence.untold.push({ dueMs, what: 'end', key: alarm.key, reason });
  }
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

function tell(group: GroupEvidence, suspect: Suspect, shown: ReadonlyMap<string, Shown>): Named {
  const stream = group.streams[suspect.id]!;
  const { metric, subject, model, segment } = stream;
  return {
    ...suspect,
    moved: {
      ...{ metric, subject, model, segment },
      log10Evidence: suspect.logEvidence / Math.LN10,
      onsetMs: onsetMs(stream),
      ...movedCells(stream, shown.get(suspect.id)?.counts),
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
  shown: ReadonlyMap<string, Shown>,
  all: Entries,
): Alert[] {
  const group = evidence.groups[name]!;
  const { endMs, dueMs } = closed.due;
  const suspects = suspectsOf(group, all, spec, endMs);
  const total = logSum(suspects.map(({ logShare }) => logShare));
  const logBoundary = Math.log(boundaryOf(budget, spec.windows.sizeMs, 1 / evidenceGroups(spec).length));
  if (total < logBoundary) return [];
  const named = namedOf(suspects).map((suspect) => tell(group, suspect, shown));
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
  const opened = openAlarm({
    ...{ spec, budget, group: name, named, logEvidence: total, logBoundary, windowEndMs: endMs },
    coverage: name === 'events' && whole !== undefined ? coverageOf(whole.tracks) : null,
    value: result?.value ?? null,
  });
  const alarm = firingOf(evidence.alarms).find((one) => isToldBy(one, opened)) ?? opened;
  for (const { id } of named) nameStream(group.streams[id]!, alarm.key);
  if (alarm !== opened) {
    alarm.streams.push(...ids);
    return [];
  }
  const { key } = alarm;
  evidence.alarms[key] = alarm;
  // Of which kind it is follows from what other groups say of that time.
  const untold = { key, reason: '' };
  if (name === 'events') evidence.untold.push({ ...untold, dueMs, what: 'fire' });
  else if (needsJoin(spec))
    evidence.untold.push({ ...untold, dueMs: endMs + spec.revisionsMs.at(-1)!, what: 'review' });
  return name === 'events' ? [] : [alarm.last];
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
  const shown = shownIn(group, spec, budget, closed.cells, endMs);
  const all = Object.entries(group.streams);
  countStreams(group, all);
  const confidence = confidenceOf(group);
  for (const { stream, counts, tolerance } of shown.values())
    foldStream(stream, counts, { tolerance, confidence }, endMs - windows.sizeMs, endMs);
  const silentMs = endMs - FORGET_WINDOWS * windows.sizeMs;
  releaseStreams(evidence, all, silentMs, closed.due);
  const alerts = page(evidence, name, spec, budget, closed, shown, all);
  for (const [id, { alarm, lastMs }] of all)
    if (alarm === null && lastMs < silentMs) delete group.streams[id];
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

const ORDER = ['fire', 'review', 'end'];

const inOrder = (a: Untold, b: Untold): number =>
  a.dueMs - b.dueMs || ORDER.indexOf(a.what) - ORDER.indexOf(b.what) || (a.key < b.key ? -1 : 1);

/** What can be told now that all groups have closed the time through `throughMs`; earlier it would depend on which is read first. */
export function tellEvidence(
  evidence: Evidence,
  spec: ServiceSpec,
  throughMs: number,
): { alert: Alert; dueMs: number }[] {
  const ready = evidence.untold.filter(({ dueMs }) => dueMs <= throughMs).sort(inOrder);
  if (ready.length === 0) return [];
  evidence.untold = evidence.untold.filter(({ dueMs }) => dueMs > throughMs);
  const alerts: { alert: Alert; dueMs: number }[] = [];
  for (const { dueMs, what, key, reason } of ready) {
    const alarm = evidence.alarms[key];
    // Its end has been told before the labels of its time were in.
    if (alarm === undefined) continue;
    if (what === 'end') {
      alerts.push({ dueMs, alert: resolveAlarm(alarm, spec, alarm.endedMs!, reason) });
      delete evidence.alarms[key];
      continue;
    }
    const alert = reviewed(evidence, alarm, spec) ?? (what === 'fire' ? alarm.last : null);
    if (alert !== null) alerts.push({ dueMs, alert });
  }
  return alerts;
}
