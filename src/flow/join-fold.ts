/**
 * Fold B: one partition of `events`, in order. Matches requests with labels, feedback and another system's
 * predictions by id, and folds performance and feedback into the panes of the request's event time, apart by
 * how long after the pane they became known (`maturity`).
 *
 * What a record counts for is a function of times and ids, never of the order in which partitions happened to be
 * read: a label matches when it became known within `maxDelayMs` of its request, and whether an entry is
 * still there when it must be is shown beside `EXPIRY`. Only records of one id and one stream must be in
 * order, as they are in one partition.
 */

import { releaseNames, useNames } from '../join/names.ts';
import { addRow, expireRows, findRow, type Key, removeRow, rowsOf, type Table } from '../join/table.ts';
import { hash128 } from '../math/hash.ts';
import { FEEDBACK_KINDS } from '../records.ts';
import { isLate, paneAt, paneStart } from '../window/panes.ts';
import { placeOf } from '../window/segments.ts';
import { combinedWatermark, setMark, TIME_MIN_MS } from '../window/watermarks.ts';
import { baseStreamOf, hasStream } from './events-of.ts';
import { feedKey } from './feeds.ts';
import { countRow, foldMatches, foldWaiting, ownModels } from './join-answers.ts';
import { cellsOf, countAside } from './join-cells.ts';
import { ROUTED_WIDTH } from './join-columns.ts';
import { increment } from './join-measures.ts';
import { foldDecider, foldReliance } from './join-reliance.ts';
import {
  ARRIVAL,
  BASE_MS,
  FEEDBACK_BIT,
  HAS_ANSWERS,
  type JoinFold,
  joinedTopics,
  KNOWN_MS,
  PLACES,
  REQUEST_TAG,
  TURN_SHIFT,
  TURNS_MAX,
  WAITING_TAG,
  WAITING_VALUES,
  waitingKinds,
} from './join-state.ts';
import { type JoinEvent, sourceText } from './messages.ts';

const hash = new Uint32Array(4);
/** Of whom `hash` is; an id is looked up several times for one event. */
let hashed: string | null = null;
const key: Key = new Uint32Array(4);

/** The key of an id; `variant` sets entries of one id apart, word 0 stays the same for sampling. */
function keyOf(id: string, variant: number): Key {
  if (id !== hashed) {
    hash128(id, hash);
    hashed = id;
  }
  key.set(hash);
  key[3] = (hash[3]! ^ variant) >>> 0;
  return key;
}

function forgetRequest(fold: JoinFold, row: number): void {
  const { requests, names } = fold;
  releaseNames(names, requests.numbers[row * requests.stride + PLACES]!);
  removeRow(requests, row);
}

const sizeOf = ({ requests, waiting }: JoinFold): number => requests.size + waiting.size;

/** Rule R13: whether the sample keeps ids of this hash. */
const isSampled = (level: number, word: number): boolean => level === 0 || word >>> (32 - level) === 0;

/**
 * Whether there is room for one more entry of this id. At the bound the sample is halved, by hash: requests and
 * their labels go or stay together, and rates are those of a fair sample.
 */
function admit(fold: JoinFold, word: number, timeMs: number): boolean {
  while (sizeOf(fold) >= fold.spec.limits.pendingJoinsMax && fold.level < 32) {
    fold.level++;
    for (const table of [fold.requests, fold.waiting]) {
      for (const row of rowsOf(table)) {
        if (isSampled(fold.level, table.keys[4 * row]!)) continue;
        if (table === fold.requests) forgetRequest(fold, row);
        else removeRow(table, row);
        countAside(fold, 'dropped', timeMs);
      }
    }
  }
  if (isSampled(fold.level, word)) return true;
  countAside(fold, 'dropped', timeMs);
  return false;
}

/** Numbers of an event. One that was written under other outputs has another number of them, and none is comparable. */
function putNumbers(into: Float64Array, at: number, values: readonly number[], width: number): void {
  if (values.length === width) for (let i = 0; i < width; i++) into[at + i] = values[i]!;
}

/** The answers to a request; who answered stands behind them, unless the service did not ask when the event was written. */
function putAnswers({ requests, layout }: JoinFold, at: number, values: readonly number[]): void {
  const width = layout.external - layout.answers;
  const hasRouted = values.length === width + ROUTED_WIDTH;
  const answers = hasRouted ? values.slice(0, width) : values;
  putNumbers(requests.numbers, at + layout.answers, answers, width);
  if (hasRouted && layout.routed >= 0)
    putNumbers(requests.numbers, at + layout.routed, values.slice(width), ROUTED_WIDTH);
}

/** A label, a prediction or feedback of a request that is there. */
function attach(fold: JoinFold, row: number, tag: number, knownMs: number, values: readonly number[]): void {
  const { requests, layout } = fold;
  const { numbers, tags, stride } = requests;
  const at = row * stride;
  if (tag >= WAITING_TAG.feedback) {
    const bit = FEEDBACK_BIT << (tag - WAITING_TAG.feedback);
    if ((tags[row]! & bit) !== 0) return;
    const isFirst = tags[row]! < FEEDBACK_BIT;
    tags[row]! |= bit;
    const kind = FEEDBACK_KINDS[tag - WAITING_TAG.feedback]!;
    const cells = cellsOf(fold, row, knownMs);
    countRow(fold, row, cells, kind);
    for (const cell of cells) {
      increment(cell, feedKey('feedback', '', ''), kind);
      // Which kind is the first depends on who reads faster; all are in by the final revision, that alone reads this.
      if (isFirst) increment(cell, feedKey('feedback', '', ''), 'any');
    }
    return;
  }
  const isLabel = tag === WAITING_TAG.label;
  const timeAt = at + (isLabel ? layout.truthMs : layout.externalMs);
  if (!Number.isNaN(numbers[timeAt]!)) {
    // Where it would be counted too if the request had come after it.
    countAside(fold, 'duplicate', Math.max(knownMs, numbers[at + BASE_MS]!));
    return;
  }
  numbers[timeAt] = knownMs;
  const width = (isLabel ? layout.truthColumns : layout.answerColumns).width;
  putNumbers(numbers, at + (isLabel ? layout.truths : layout.external), values, width);
  if (!isLabel) foldWaiting(fold, row, [fold.spec.models.length], Math.max(knownMs, numbers[at + BASE_MS]!));
  else for (const cell of cellsOf(fold, row, knownMs)) increment(cell, feedKey('labels', '', ''), 'seen');
  foldMatches(fold, row);
  foldReliance(fold, row, isLabel);
}

/** The rows of an id and tag, in the order of a column, and a variant of the key that is free; -1: none is. */
function turnsOf(table: Table, id: string, tag: number, column: number): { rows: number[]; free: number } {
  const rows: number[] = [];
  let free = -1;
  for (let turn = TURNS_MAX - 1; turn >= 0; turn--) {
    const variant = tag | (turn << TURN_SHIFT);
    const row = findRow(table, keyOf(id, variant));
    if (row >= 0) rows.push(row);
    else free = variant;
  }
  const order = (row: number): number => table.numbers[row * table.stride + column]!;
  return { rows: rows.sort((a, b) => order(a) - order(b)), free };
}

/** The request that a record of this id and time belongs to, the earliest that fits; -1: none. */
function requestOf(fold: JoinFold, id: string, knownMs: number): number {
  const { requests, spec } = fold;
  const { rows } = turnsOf(requests, id, REQUEST_TAG, BASE_MS);
  const fits = (row: number): boolean =>
    Math.abs(knownMs - requests.numbers[row * requests.stride + BASE_MS]!) <= spec.maxDelayMs;
  return rows.find(fits) ?? -1;
}

function takeFollower(fold: JoinFold, event: JoinEvent, tag: number): void {
  const row = requestOf(fold, event.id, event.timeMs);
  if (row >= 0) {
    attach(fold, row, tag, event.timeMs, event.numbers);
    return;
  }
  const { waiting, spec, layout } = fold;
  const { free } = turnsOf(waiting, event.id, tag, ARRIVAL);
  if (free < 0) {
    countAside(fold, 'dropped', event.timeMs);
    return;
  }
  if (!admit(fold, keyOf(event.id, free)[0]!, event.timeMs)) return;
  const at = addRow(waiting, keyOf(event.id, free), tag, event.timeMs + spec.maxDelayMs) * waiting.stride;
  waiting.numbers[at + KNOWN_MS] = event.timeMs;
  waiting.numbers[at + ARRIVAL] = fold.upTo;
  if (tag >= WAITING_TAG.feedback) return;
  const { width } = tag === WAITING_TAG.label ? layout.truthColumns : layout.answerColumns;
  putNumbers(waiting.numbers, at + WAITING_VALUES, event.numbers, width);
}

/** What came before its request joins it. */
function attachWaiting(fold: JoinFold, row: number, id: string, baseMs: number): void {
  const { waiting, spec, layout } = fold;
  for (const tag of waitingKinds(spec)) {
    for (const found of turnsOf(waiting, id, tag, ARRIVAL).rows) {
      const at = found * waiting.stride;
      const knownMs = waiting.numbers[at + KNOWN_MS]!;
      if (Math.abs(knownMs - baseMs) > spec.maxDelayMs) continue;
      const { width } = tag === WAITING_TAG.label ? layout.truthColumns : layout.answerColumns;
      const from = at + WAITING_VALUES;
      const values = [...waiting.numbers.subarray(from, from + width)];
      removeRow(waiting, found);
      attach(fold, row, tag, knownMs, values);
    }
  }
}

/** A request, or a prediction where there is no request stream, opens the entry of its id. */
function takeBase(fold: JoinFold, event: JoinEvent): void {
  const { requests, spec, panes, names } = fold;
  const { timeMs } = event;
  const { rows, free } = turnsOf(requests, event.id, REQUEST_TAG, BASE_MS);
  if (rows.some((row) => timeMs <= requests.expires[row]!)) {
    countAside(fold, 'duplicate', timeMs);
    return;
  }
  const startMs = paneStart(timeMs, spec.windows.hopMs);
  if (isLate(panes, spec.windows, startMs)) {
    countAside(fold, 'late', timeMs);
    return;
  }
  const pane = paneAt(panes, spec.windows, spec.limits, startMs);
  if (pane === null || free < 0) {
    countAside(fold, 'dropped', timeMs);
    return;
  }
  if (!admit(fold, keyOf(event.id, free)[0]!, timeMs)) return;
  const row = addRow(requests, keyOf(event.id, free), 0, timeMs + spec.maxDelayMs);
  const at = row * requests.stride;
  const places = event.segments.map((segment, segmentation) =>
    placeOf(pane, segmentation, segment, fold.upTo, spec.limits.segmentsMax),
  );
  requests.numbers[at + BASE_MS] = timeMs;
  requests.numbers[at + PLACES] = useNames(names, places);
  const cells = cellsOf(fold, row, timeMs);
  for (const cell of cells) {
    if (hasStream(spec, 'labels')) increment(cell, feedKey('labels', '', ''), 'expected');
    if (hasStream(spec, 'feedback')) increment(cell, feedKey('feedback', '', ''), 'requests');
  }
  if (event.kind === 'prediction') attach(fold, row, WAITING_TAG.prediction, timeMs, event.numbers);
  else if (spec.models.length > 0) {
    requests.tags[row]! |= HAS_ANSWERS;
    putAnswers(fold, at, event.numbers);
    countRow(fold, row, cells, 'requests');
    foldWaiting(fold, row, ownModels(spec), timeMs);
    foldDecider(fold, row, timeMs);
  }
  attachWaiting(fold, row, event.id, timeMs);
}

/**
 * EXPIRY. An entry goes when its time is before the start of the pane that the watermark, less the grace, is in.
 * Whoever needs the entry is read before: a label known at t is read while the watermark is at most t, and a
 * request of time t while the watermark less the grace is still in or before the pane of t, else it were late.
 */
function takeMark(fold: JoinFold, event: JoinEvent): void {
  const mark = { watermarkMs: event.timeMs, idle: event.numbers[1] === 1, upTo: event.originOffset };
  setMark(fold.origins, event.originTopic, event.originPartition, event.numbers[0]!, mark);
  const combined = combinedWatermark(fold.origins, joinedTopics(fold.spec));
  if (combined === TIME_MIN_MS || combined <= fold.watermarkMs) return;
  const { windows, limits, revisionsMs } = fold.spec;
  const expiryMs = paneStart(combined - windows.graceMs, windows.hopMs);
  expireRows(fold.requests, expiryMs, (row) =>
    releaseNames(fold.names, fold.requests.numbers[row * fold.requests.stride + PLACES]!),
  );
  expireRows(fold.waiting, expiryMs, (row) => countAside(fold, 'unmatched', fold.waiting.expires[row]!));
  if (fold.level > 0 && sizeOf(fold) < limits.pendingJoinsMax / 4) fold.level--;
  fold.watermarkMs = combined;
  fold.panes.watermarkMs = combined - revisionsMs.at(-1)!;
}

const STREAM_OF = {
  request: 'requests',
  prediction: 'predictions',
  label: 'labels',
  feedback: 'feedback',
} as const;
const TAG_OF = { prediction: WAITING_TAG.prediction, label: WAITING_TAG.label } as const;

/** Rule R2. Of a record with several rows those come in order. */
function wasSeen({ seen, seenRows }: JoinFold, origin: string, event: JoinEvent): boolean {
  const last = seen[origin] ?? -1;
  if (event.originOffset !== last) return event.originOffset < last;
  return event.originRow <= (seenRows[origin] ?? 0);
}

/** Folds the next event at its offset in the partition of `events`. */
export function stepJoin(fold: JoinFold, event: JoinEvent, offset: number): void {
  fold.upTo = offset;
  if (event.kind === 'mark') {
    takeMark(fold, event);
    return;
  }
  const origin = sourceText(event.originTopic, event.originPartition);
  if (wasSeen(fold, origin, event)) return;
  fold.seen[origin] = event.originOffset;
  fold.seenRows[origin] = event.originRow;
  // Written before the stream was taken out of the configuration: the rows have no room for it.
  if (!hasStream(fold.spec, STREAM_OF[event.kind])) return;
  const base = baseStreamOf(fold.spec) === 'requests' ? 'request' : 'prediction';
  if (event.kind === base) takeBase(fold, event);
  else if (event.kind === 'feedback') {
    const kind = event.numbers[0]!;
    if (FEEDBACK_KINDS[kind] !== undefined) takeFollower(fold, event, WAITING_TAG.feedback + kind);
  } else if (event.kind !== 'request') takeFollower(fold, event, TAG_OF[event.kind]);
}
