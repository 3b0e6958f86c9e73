/**
 * Fold C: one partition of `slots`, in order; it sees all of a service. Merges slots, closes windows when the
 * watermark of their sources passes, computes results, runs alarms and asks for retraining.
 */

import {
  commandRetrain,
  createRetrainState,
  noteAlerts,
  type RetrainState,
  stepRetrain,
} from '../action/retrain.ts';
import { type AlarmStates, createAlarmStates } from '../alarm/state.ts';
import { dropRemovedRules, stepAlarms } from '../alarm/step.ts';
import { idOf } from '../math/hash.ts';
import { measureCell } from '../metric/registry.ts';
import type { Tracks } from '../profile/registry.ts';
import type { Alert, Command, OffsetRange, Result, Retrain, ServiceSpec, StreamName } from '../records.ts';
import {
  combinedWatermark,
  setMark,
  TIME_MAX_MS,
  TIME_MIN_MS,
  type Watermarks,
} from '../window/watermarks.ts';
import { needsJoin } from './events-of.ts';
import { mergeWindow, type StoredSlot } from './merge-window.ts';
import type { Mark, Output, Slot, SlotsRecord, SourceGroup } from './messages.ts';

/** Offsets of one source in one closed pane, for the data of a retrain event. */
export interface PaneRange {
  stream: StreamName;
  topic: string;
  partition: number;
  paneStartMs: number;
  fromOffset: number;
  toOffset: number;
}

/** So many pane ranges are remembered for each service; older ones are forgotten first. */
const RANGES_MAX = 20_000;

/** Slots of one source group: pane -> slot key -> the slot with the highest upTo. */
export type GroupSlots = Map<number, Map<string, StoredSlot>>;

export interface Judge {
  service: string;
  spec: ServiceSpec | null;
  slots: Map<SourceGroup, GroupSlots>;
  marks: Partial<Record<SourceGroup, Watermarks>>;
  /** Event time through which the windows of a group are closed. */
  closed: Partial<Record<SourceGroup, number>>;
  alarms: AlarmStates;
  retrain: RetrainState;
  ranges: PaneRange[];
}

export const createJudge = (service: string): Judge => ({
  service,
  spec: null,
  slots: new Map(),
  marks: {},
  closed: {},
  alarms: createAlarmStates(),
  retrain: createRetrainState(),
  ranges: [],
});

/** The groups of sources that a service has; their windows close apart from each other. */
export function groupsOf(spec: ServiceSpec): SourceGroup[] {
  const groups: SourceGroup[] = spec.streams.map((stream) => stream.stream);
  if (needsJoin(spec)) groups.push('events');
  return groups;
}

function watermarkOf(judge: Judge, spec: ServiceSpec, group: SourceGroup): number {
  const marks = judge.marks[group] ?? {};
  const topics =
    group === 'events'
      ? Object.keys(marks)
      : spec.streams.filter((stream) => stream.stream === group).map((stream) => stream.topic);
  return topics.length === 0 ? TIME_MIN_MS : combinedWatermark(marks, topics);
}

/** Keeps the slot with the highest upTo of each source and cell (rule R4); the offset tells from where to replay. */
export function takeSlot(judge: Judge, slot: Slot, offset: number): void {
  const { spec } = judge;
  const closed = judge.closed[slot.group] ?? TIME_MIN_MS;
  if (spec !== null && slot.paneStartMs + spec.windows.sizeMs <= closed) return;
  let panes = judge.slots.get(slot.group);
  if (panes === undefined) {
    panes = new Map();
    judge.slots.set(slot.group, panes);
  }
  let cells = panes.get(slot.paneStartMs);
  if (cells === undefined) {
    cells = new Map();
    panes.set(slot.paneStartMs, cells);
  }
  const key = `${slot.topic}/${slot.partition}|${slot.segmentation}|${slot.part}|${slot.segment}`;
  const known = cells.get(key);
  if (known === undefined || known.slot.upTo < slot.upTo) cells.set(key, { slot, offset });
}

/** Ends of the windows that hold data and close in (from, to]. */
function windowEnds(spec: ServiceSpec, panes: GroupSlots, from: number, to: number): number[] {
  const ends = new Set<number>();
  for (const startMs of panes.keys()) {
    for (
      let end = startMs + spec.windows.hopMs;
      end <= startMs + spec.windows.sizeMs;
      end += spec.windows.hopMs
    ) {
      if (end > from && end <= to) ends.add(end);
    }
  }
  return [...ends].sort((a, b) => a - b);
}

function resultsOf(spec: ServiceSpec, segment: string, tracks: Tracks, endMs: number): Result[] {
  const startMs = endMs - spec.windows.sizeMs;
  return measureCell(tracks, { spec, windowMs: spec.windows.sizeMs }).map(({ metric, family, measure }) => ({
    id: idOf('result', spec.service, metric, measure.subject, measure.model, segment, startMs, endMs, 0),
    service: spec.service,
    family,
    metric,
    subject: measure.subject,
    model: measure.model,
    segment,
    windowStartMs: startMs,
    windowEndMs: endMs,
    revision: 0,
    value: measure.value,
    reason: measure.reason,
    n: measure.n,
  }));
}

function closeWindow(judge: Judge, spec: ServiceSpec, panes: GroupSlots, endMs: number): Output[] {
  const outputs: Output[] = [];
  const alerts: Alert[] = [];
  for (const [segment, tracks] of mergeWindow(spec, panes, endMs)) {
    for (const record of resultsOf(spec, segment, tracks, endMs)) {
      outputs.push({ type: 'result', record });
      alerts.push(...stepAlarms(judge.alarms, spec, record));
    }
  }
  noteAlerts(judge.retrain, spec, alerts);
  for (const record of alerts) outputs.push({ type: 'alert', record });
  return outputs;
}

function keepRanges(judge: Judge, panes: GroupSlots, from: number, to: number, hopMs: number): void {
  for (const [startMs, cells] of panes) {
    if (startMs + hopMs <= from || startMs + hopMs > to) continue;
    for (const { slot } of cells.values()) {
      if (slot.firstOffset < 0 || slot.group === 'events') continue;
      judge.ranges.push({
        stream: slot.group,
        topic: slot.topic,
        partition: slot.partition,
        paneStartMs: startMs,
        fromOffset: slot.firstOffset,
        toOffset: slot.lastOffset,
      });
    }
  }
  if (judge.ranges.length > RANGES_MAX) judge.ranges.splice(0, judge.ranges.length - RANGES_MAX);
}

/** Offset ranges of the panes that overlap [fromMs, toMs), one for each partition, in a fixed order. */
function rangesOf(judge: Judge, spec: ServiceSpec, fromMs: number, toMs: number): OffsetRange[] {
  const bySource = new Map<string, OffsetRange>();
  for (const range of judge.ranges) {
    if (range.paneStartMs >= toMs || range.paneStartMs + spec.windows.hopMs <= fromMs) continue;
    const key = `${range.topic}/${String(range.partition).padStart(6, '0')}`;
    const known = bySource.get(key);
    if (known === undefined) {
      const { stream, topic, partition, fromOffset, toOffset } = range;
      bySource.set(key, { stream, topic, partition, fromOffset, toOffset });
    } else {
      known.fromOffset = Math.min(known.fromOffset, range.fromOffset);
      known.toOffset = Math.max(known.toOffset, range.toOffset);
    }
  }
  return [...bySource.keys()].sort().map((key) => bySource.get(key)!);
}

function closeGroup(judge: Judge, spec: ServiceSpec, group: SourceGroup): Output[] {
  const { hopMs, sizeMs, graceMs } = spec.windows;
  const watermarkMs = watermarkOf(judge, spec, group);
  const from = judge.closed[group] ?? TIME_MIN_MS;
  const to = watermarkMs >= TIME_MAX_MS ? TIME_MAX_MS : Math.floor((watermarkMs - graceMs) / hopMs) * hopMs;
  if (watermarkMs === TIME_MIN_MS || to <= from) return [];
  const outputs: Output[] = [];
  const panes = judge.slots.get(group) ?? new Map();
  for (const endMs of windowEnds(spec, panes, from, to)) {
    outputs.push(...closeWindow(judge, spec, panes, endMs));
  }
  keepRanges(judge, panes, from, to, hopMs);
  for (const startMs of panes.keys()) if (startMs + sizeMs <= to) panes.delete(startMs);
  judge.closed[group] = to;
  return outputs;
}

/** Whether the topics of a group do not exist, or nothing has ever come on them: there is nothing to wait for. */
function isSilent(judge: Judge, spec: ServiceSpec, group: SourceGroup): boolean {
  const marks = judge.marks[group] ?? {};
  return spec.streams.every(({ stream, topic }) => {
    if (stream !== group) return true;
    const own = marks[topic];
    if (own === undefined) return false;
    for (let p = 0; p < own.partitions; p++) {
      const mark = own.marks[p];
      if (mark === undefined || !mark.idle || mark.watermarkMs > TIME_MIN_MS) return false;
    }
    return true;
  });
}

/** Requests for retraining wait until every group has closed the interval, so that their ranges are whole. */
function stepActions(judge: Judge, spec: ServiceSpec): Output[] {
  const closedMs = Math.min(
    ...groupsOf(spec)
      .filter((group) => group !== 'events' && !isSilent(judge, spec, group))
      .map((group) => judge.closed[group] ?? TIME_MIN_MS),
  );
  const emitted = stepRetrain(judge.retrain, spec, closedMs, (from, to) => rangesOf(judge, spec, from, to));
  return emitted.map((record: Retrain) => ({ type: 'retrain', record }));
}

const latestMs = (judge: Judge): number => Math.max(TIME_MIN_MS, ...Object.values(judge.closed));

function takeConfig(judge: Judge, specJson: string): Output[] {
  const spec = JSON.parse(specJson) as ServiceSpec;
  if (judge.spec?.digest === spec.digest) return [];
  const first = judge.spec === null;
  judge.spec = spec;
  const outputs: Output[] = [];
  if (!first) {
    for (const record of dropRemovedRules(judge.alarms, spec, latestMs(judge)))
      outputs.push({ type: 'alert', record });
  }
  for (const group of groupsOf(spec)) outputs.push(...closeGroup(judge, spec, group));
  return outputs;
}

function takeMark(judge: Judge, mark: Mark): Output[] {
  judge.marks[mark.group] ??= {};
  setMark(judge.marks[mark.group]!, mark.topic, mark.partition, mark.partitions, mark);
  if (judge.spec === null) return [];
  const outputs = closeGroup(judge, judge.spec, mark.group);
  outputs.push(...stepActions(judge, judge.spec));
  return outputs;
}

function takeCommand(judge: Judge, command: Command): Output[] {
  if (judge.spec === null) return [];
  const { retrains } = commandRetrain(judge.retrain, judge.spec, command, latestMs(judge));
  return retrains.map((record) => ({ type: 'retrain', record }));
}

/** Folds the next record of `slots`. */
export function stepJudge(judge: Judge, record: SlotsRecord, offset: number): Output[] {
  switch (record.type) {
    case 'slot':
      takeSlot(judge, record.slot, offset);
      return [];
    case 'mark':
      return takeMark(judge, record.mark);
    case 'config':
      return takeConfig(judge, record.config.spec);
    case 'command':
      return takeCommand(judge, record.command);
  }
}

/** Rule R12: the judge as JSON, without its slots: those are read again from `replayFrom` on. */
export interface JudgeSnapshot extends Omit<Judge, 'slots'> {
  replayFrom: number;
}

export function snapshotJudge(judge: Judge, next: number): JudgeSnapshot {
  let replayFrom = next;
  for (const panes of judge.slots.values()) {
    for (const cells of panes.values()) {
      for (const { offset } of cells.values()) replayFrom = Math.min(replayFrom, offset);
    }
  }
  const { slots: _, ...rest } = judge;
  return { ...rest, replayFrom };
}

export function restoreJudge(snapshot: JudgeSnapshot): Judge {
  const { replayFrom: _, ...rest } = snapshot;
  return { ...rest, slots: new Map() };
}
