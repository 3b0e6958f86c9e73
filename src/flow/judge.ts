/**
 * Fold C: one partition of `slots`, in order; it sees all of a service. Merges slots, closes windows when the
 * watermark of their sources passes, computes results, runs alarms and asks for retraining.
 */

import { noteIncidents } from '../action/incidents.ts';
import { noteRegret } from '../action/regret.ts';
import { commandRetrain } from '../action/retrain.ts';
import { createIncidentStates } from '../alarm/incident/state.ts';
import { commandSilence, reconsider } from '../alarm/incident/step.ts';
import { dropRemovedRules, stepAlarms, stepSilence } from '../alarm/step.ts';
import type { ResultOf } from '../alarm/versus.ts';
import { messageOf } from '../errors.ts';
import type { Alert, Command, Result, ServiceSpec, Watched } from '../records.ts';
import { combinedWatermark, setMark, TIME_MAX_MS, TIME_MIN_MS } from '../window/watermarks.ts';
import { type Acting, createActing, stepActions } from './actions.ts';
import { DETECTING } from './detecting.ts';
import { configureEvidence, onsetsOf, stepEvidence } from './evidence.ts';
import {
  adoptSpec,
  createReferences,
  learnWindow,
  noteResolved,
  packReferences,
  type References,
} from './learned.ts';
import { adoptMaturity, createMaturity, learnMaturity, type Maturity, pastWindows } from './maturity.ts';
import { type GroupSlots, isNews, mergeWindow } from './merge-window.ts';
import type { Mark, Output, Slot, SlotsRecord, SourceGroup } from './messages.ts';
import { keepRanges } from './pane-ranges.ts';
import type { Shown } from './profile-views.ts';
import { referenceOf } from './references.ts';
import { referenceValueOf } from './regret-reference.ts';
import { type Cell, type Due, resultsOf } from './results-of.ts';
import { queueAnswered } from './rollout-counts.ts';
import { commandRollouts, noteConfig, noteDue, noteWindow, restoreRollouts } from './rollouts.ts';
import { type Groups, groupsOf, throughOf } from './source-groups.ts';
import { countStrays, createStrays, forgetRows, rememberRows, type Strays, takeStray } from './strays.ts';

export interface Judge extends Groups, Acting {
  service: string;
  spec: ServiceSpec | null;
  slots: Map<SourceGroup, GroupSlots>;
  strays: Strays;
  references: References;
  maturity: Maturity;
  /** What pages show; nothing is judged by it, and a restored judge has none until a window closes. */
  shown: Shown;
  /** Why commands of the last step did nothing, as long as nobody else says so. */
  refused: string[];
}

export const createJudge = (service: string): Judge => ({
  service,
  spec: null,
  slots: new Map(),
  marks: {},
  closed: {},
  ...createActing(),
  strays: createStrays(),
  references: createReferences(),
  maturity: createMaturity(),
  shown: new Map(),
  refused: [],
});

function watermarkOf(judge: Judge, spec: ServiceSpec, group: SourceGroup): number {
  const marks = judge.marks[group] ?? {};
  const topics =
    group === 'events'
      ? Object.keys(marks)
      : spec.streams.filter((stream) => stream.stream === group).map((stream) => stream.topic);
  return topics.length === 0 ? TIME_MIN_MS : combinedWatermark(marks, topics);
}

/** Whether the last revision of the last window of a pane has been given. */
const isClosed = (judge: Judge, spec: ServiceSpec, group: SourceGroup, startMs: number): boolean =>
  startMs + spec.windows.sizeMs + revisionsOf(spec, group).at(-1)! <= (judge.closed[group] ?? TIME_MIN_MS);

/**
 * Keeps the slot with the highest upTo of each source and cell (rule R4); the offset tells from where to replay.
 * False: its pane is closed.
 */
export function keepSlot(judge: Judge, slot: Slot, offset: number): boolean {
  const { spec } = judge;
  if (spec !== null && isClosed(judge, spec, slot.group, slot.paneStartMs)) return false;
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
  const { topic, partition, segmentation, part, maturity, segment } = slot;
  const key = `${topic}/${partition}|${segmentation}|${part}|${maturity}|${segment}`;
  const known = cells.get(key);
  if (known === undefined || known.slot.upTo < slot.upTo) cells.set(key, { slot, offset });
  return true;
}

/** When each revision of a window comes after its end; only what is joined matures. */
const revisionsOf = (spec: ServiceSpec, group: SourceGroup): readonly number[] =>
  group === 'events' ? spec.revisionsMs : [0];

/** Revisions of windows that hold data and are due in (from, to], in the order of event time. */
function duesOf(spec: ServiceSpec, group: SourceGroup, panes: GroupSlots, from: number, to: number): Due[] {
  const { hopMs, sizeMs } = spec.windows;
  const ends = new Set<number>();
  for (const startMs of panes.keys())
    for (let end = startMs + hopMs; end <= startMs + sizeMs; end += hopMs) ends.add(end);
  const dues: Due[] = [];
  for (const endMs of ends) {
    revisionsOf(spec, group).forEach((afterMs, revision) => {
      const dueMs = endMs + afterMs;
      if (dueMs > from && dueMs <= to) dues.push({ dueMs, endMs, revision });
    });
  }
  return dues.sort((a, b) => a.dueMs - b.dueMs || a.endMs - b.endMs);
}

function closeWindow(
  judge: Judge,
  spec: ServiceSpec,
  group: SourceGroup,
  panes: GroupSlots,
  due: Due,
): Output[] {
  const isFinal = due.revision === revisionsOf(spec, group).length - 1;
  if (!isFinal && !isNews(spec, panes, due.endMs, due.revision)) return [];
  const outputs: Output[] = [];
  const alerts: Alert[] = [];
  const merged = mergeWindow(spec, panes, due.endMs, due.revision);
  countStrays(judge, group, merged.get('*')!);
  const tell = (alert: Alert): void => {
    outputs.push({ type: 'alert', record: alert });
    judge.waiting.push({ dueMs: due.dueMs, alert });
  };
  const cells = [...merged].map(([segment, tracks]): Cell => {
    const reference = referenceOf(judge.references, spec, group, segment, due.endMs);
    return {
      segment,
      tracks,
      reference,
      past: pastWindows(judge.maturity, spec, group, segment, due.revision),
    };
  });
  const results = cells.flatMap((cell) => resultsOf(spec, cell, due, isFinal));
  for (const record of results) outputs.push({ type: 'result', record });
  const judging = { detecting: DETECTING, source: group, resultOf: finderOf(results) };
  for (const record of results) alerts.push(...stepAlarms(judge.alarms, spec, record, judging));
  alerts.forEach(tell);
  if (isFinal) noteRegret(judge.retrain, spec, results, due.dueMs, referenceValueOf(spec, cells));
  if (isFinal) noteDue(judge.rollouts, due.dueMs);
  if (isFinal && group === 'events') noteWindow(judge.rollouts, spec, cells, results, due);
  if (isFinal && group === 'requests') queueAnswered(judge.rollouts.answered, spec, cells, due);
  if (isFinal) stepEvidence(judge.evidence, spec, group, { cells, results, due }).forEach(tell);
  const onsetsMs = onsetsOf(judge.evidence, group);
  learnWindow(judge.references, spec, group, { endMs: due.endMs, cells: merged, alerts, onsetsMs, isFinal });
  if (isFinal) learnMaturity(judge.maturity, spec, group, panes, due.endMs, merged);
  const whole = cells.find(({ segment }) => segment === '*');
  if (isFinal && whole !== undefined) judge.shown.set(group, { endMs: due.endMs, cell: whole });
  return outputs;
}

/** Finds results of a window; most services have no rule that asks. */
export function finderOf(results: readonly Result[]): ResultOf {
  let known: Map<string, Result> | null = null;
  const keyOf = ({ metric, subject, model, segment }: Watched): string =>
    `${metric}\u0000${subject}\u0000${model}\u0000${segment}`;
  return (what) => {
    known ??= new Map(results.map((result) => [keyOf(result), result]));
    return known.get(keyOf(what));
  };
}

/** What fires for want of data, or ends, by the windows whose final results were due through `throughMs`. */
function tellSilence(judge: Judge, spec: ServiceSpec, group: SourceGroup, throughMs: number): Output[] {
  const finalMs = revisionsOf(spec, group).at(-1)!;
  return stepSilence(judge.alarms, spec, group, throughMs - finalMs).map((record) => {
    judge.waiting.push({ dueMs: record.windowEndMs + finalMs, alert: record });
    return { type: 'alert', record };
  });
}

function closeGroup(judge: Judge, spec: ServiceSpec, group: SourceGroup): Output[] {
  const { hopMs, graceMs } = spec.windows;
  const watermarkMs = watermarkOf(judge, spec, group);
  const from = judge.closed[group] ?? TIME_MIN_MS;
  const to = watermarkMs >= TIME_MAX_MS ? TIME_MAX_MS : Math.floor((watermarkMs - graceMs) / hopMs) * hopMs;
  if (watermarkMs === TIME_MIN_MS || to <= from) return [];
  const outputs: Output[] = [];
  const panes = judge.slots.get(group) ?? new Map();
  for (const due of duesOf(spec, group, panes, from, to)) {
    try {
      outputs.push(...tellSilence(judge, spec, group, due.dueMs - 1));
      outputs.push(...closeWindow(judge, spec, group, panes, due));
    } catch (cause) {
      // One window that cannot be measured must not keep the others from closing.
      judge.faults.push(`window that ends at ${due.endMs} of ${group}: ${messageOf(cause)}`);
    }
  }
  // A source that has ended is not silent.
  if (to < TIME_MAX_MS) outputs.push(...tellSilence(judge, spec, group, to));
  keepRanges(judge.ranges, panes, from, to, hopMs);
  judge.closed[group] = to;
  for (const startMs of panes.keys()) {
    if (!isClosed(judge, spec, group, startMs)) continue;
    rememberRows(judge, spec, group, startMs, panes.get(startMs)!);
    panes.delete(startMs);
  }
  return outputs;
}

const latestMs = (judge: Judge): number => Math.max(TIME_MIN_MS, ...Object.values(judge.closed));

function takeConfig(judge: Judge, specJson: string): Output[] {
  const spec = JSON.parse(specJson) as ServiceSpec;
  if (judge.spec?.digest === spec.digest) return [];
  const first = judge.spec === null;
  judge.spec = spec;
  adoptSpec(judge.references, spec);
  adoptMaturity(judge.maturity, spec);
  const outputs: Output[] = [];
  const ended = first ? [] : dropRemovedRules(judge.alarms, spec, latestMs(judge));
  ended.push(...configureEvidence(judge.evidence, spec, latestMs(judge)));
  noteResolved(judge.references, ended);
  for (const record of ended) {
    outputs.push({ type: 'alert', record });
    judge.waiting.push({ dueMs: latestMs(judge), alert: record });
  }
  const incidents = first ? [] : reconsider(judge.incidents, spec);
  noteIncidents(judge.retrain, spec, incidents);
  for (const record of incidents) outputs.push({ type: 'incident', record });
  noteConfig(judge.rollouts, latestMs(judge));
  for (const group of groupsOf(spec)) outputs.push(...closeGroup(judge, spec, group));
  return outputs;
}

function takeMark(judge: Judge, mark: Mark): Output[] {
  judge.marks[mark.group] ??= {};
  const { topic, partition, partitions, watermarkMs, idle, upTo } = mark;
  setMark(judge.marks[mark.group]!, topic, partition, partitions, { watermarkMs, idle, upTo });
  if (judge.spec === null) return [];
  forgetRows(judge, judge.spec, mark);
  const outputs = closeGroup(judge, judge.spec, mark.group);
  outputs.push(...stepActions(judge, judge.spec, throughOf(judge, judge.spec)));
  return outputs;
}

function takeCommand(judge: Judge, command: Command): Output[] {
  const { spec } = judge;
  if (spec === null) return [];
  const refuse = (why: string | null): void => {
    if (why !== null) judge.refused.push(`${command.kind} by ${command.by || 'nobody'}: ${why}`);
  };
  if (command.kind === 'silence.add' || command.kind === 'silence.expire') {
    const { incidents, refused } = commandSilence(judge.incidents, spec, command);
    refuse(refused);
    noteIncidents(judge.retrain, spec, incidents);
    return incidents.map((record) => ({ type: 'incident', record }));
  }
  if (command.kind.startsWith('rollout.')) {
    const { outputs, refused } = commandRollouts(judge.rollouts, spec, command, latestMs(judge));
    refuse(refused);
    return outputs;
  }
  const { retrains, refused } = commandRetrain(judge.retrain, spec, command, latestMs(judge));
  refuse(refused);
  return retrains.map((record) => ({ type: 'retrain', record }));
}

/** Folds the next record of `slots`. */
export function stepJudge(judge: Judge, record: SlotsRecord, offset: number): Output[] {
  switch (record.type) {
    case 'slot':
      if (!keepSlot(judge, record.slot, offset)) takeStray(judge, judge.spec!, record.slot);
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
export interface JudgeSnapshot extends Omit<Judge, 'slots' | 'faults' | 'refused' | 'shown'> {
  replayFrom: number;
}

export function snapshotJudge(judge: Judge, next: number): JudgeSnapshot {
  let replayFrom = next;
  for (const panes of judge.slots.values()) {
    for (const cells of panes.values()) {
      for (const { offset } of cells.values()) replayFrom = Math.min(replayFrom, offset);
    }
  }
  const { slots: _, faults: __, refused: ___, shown: ____, ...rest } = judge;
  return { ...rest, references: packReferences(judge.references), replayFrom };
}

export function restoreJudge(snapshot: JudgeSnapshot): Judge {
  const { replayFrom: _, ...rest } = snapshot;
  // Snapshots of older versions have none of these.
  const references = rest.references ?? createReferences();
  const maturity = rest.maturity ?? createMaturity();
  const incidents = rest.incidents ?? createIncidentStates();
  const rollouts = restoreRollouts(rest.rollouts);
  return {
    ...rest,
    references,
    maturity,
    incidents,
    rollouts,
    slots: new Map(),
    shown: new Map(),
    faults: [],
    refused: [],
  };
}
