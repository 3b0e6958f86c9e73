/**
 * The state of fold B: a function of the log's prefix, so that any writer's snapshot of it is as good as
 * another's (rule R12). The panes are not part of it; they are on the log as slots.
 */

import { assert } from '../errors.ts';
import { createNames, type Names, namesOf, useNames } from '../join/names.ts';
import {
  createTable,
  packTable,
  rowBytes,
  rowsOf,
  type Table,
  unpackTable,
  withStride,
} from '../join/table.ts';
import type { Tracks } from '../profile/registry.ts';
import { FEEDBACK_KINDS, type ServiceSpec, type StreamName } from '../records.ts';
import { createPanes, type Panes, slotsFromOf } from '../window/panes.ts';
import { TIME_MIN_MS, type Watermarks } from '../window/watermarks.ts';
import { baseStreamOf, hasStream } from './events-of.ts';
import { answerWidth, type Columns, columnsOf, ROUTED_WIDTH, truthWidth } from './join-columns.ts';
import { readsRouted } from './routed.ts';

/** Columns of a request: its event time, the number of its places (names), then those of the layout. */
export const BASE_MS = 0;
export const PLACES = 1;
const COLUMNS_BEFORE = 2;
/** Columns of what waits for its request: when it became known, its offset in `events`, then the values. */
export const KNOWN_MS = 0;
export const ARRIVAL = 1;
export const WAITING_VALUES = 2;

/** Tags of what waits; feedback has one for each kind. They are also the variants of an id's key. */
export const WAITING_TAG = { prediction: 1, label: 2, feedback: 3 } as const;
/** The tag of requests. */
export const REQUEST_TAG = 0;
/**
 * So many records of one id and tag are kept. Which of several labels of an id counts is known when the request comes;
 * and an id may be used again while labels of its first use are still to be read.
 */
export const TURNS_MAX = 8;
/** Above the tags in the variant of a key. */
export const TURN_SHIFT = 8;

/** Bits of a request's tag. */
export const HAS_ANSWERS = 1;
export const ANSWERS_FOLDED = 2;
export const EXTERNAL_FOLDED = 4;
/** Of the first kind of feedback; the others follow. */
export const FEEDBACK_BIT = 8;

/** Where the numbers of a request are. */
export interface Layout {
  /** What the columns mean; numbers of another meaning are not carried over. */
  text: string;
  answers: number;
  external: number;
  truths: number;
  /** Of one model's answers, and of the truths. */
  answerColumns: Columns;
  truthColumns: Columns;
  externalMs: number;
  truthMs: number;
  /** Who answered; -1: the service does not ask. */
  routed: number;
  stride: number;
}

export interface JoinFold {
  spec: ServiceSpec;
  layout: Layout;
  requests: Table;
  waiting: Table;
  /** Segments of the requests, as lists of places. */
  names: Names;
  /** Rule R13: ids are kept whose hash begins with so many zero bits. */
  level: number;
  panes: Panes<Tracks>;
  upTo: number;
  /** Rule R2: highest offset seen, by origin. */
  seen: Record<string, number>;
  /** The last row of that offset that was seen. */
  seenRows: Record<string, number>;
  origins: Watermarks;
  /** The event time through which all origins are complete. */
  watermarkMs: number;
  /** End of `slots` before the last flush; of a restored fold, from where its slots are to be read. */
  slotsEnd: number;
}

/** What the numbers of an output are, as `join-columns.ts` says; raise it when that changes. */
const COLUMNS_VERSION = 2;

function layoutOf(spec: ServiceSpec): Layout {
  const outputs = spec.outputs.map(({ name, type, classes }) => ({ name, type, classes }));
  const [answerColumns, truthColumns] = [
    columnsOf(spec.outputs, answerWidth),
    columnsOf(spec.outputs, truthWidth),
  ];
  const answers = COLUMNS_BEFORE;
  const external = answers + spec.models.length * answerColumns.width;
  // Streams that the service has not take no room.
  const truths = external + (hasStream(spec, 'predictions') ? answerColumns.width : 0);
  const externalMs = truths + (hasStream(spec, 'labels') ? truthColumns.width : 0);
  const truthMs = externalMs + 1;
  const models = spec.models.map(({ name }) => name);
  // The last ones, so that those of a service that begins to ask, or stops, are carried over.
  const routed = readsRouted(spec) ? truthMs + 1 : -1;
  const stride = truthMs + 1 + (routed < 0 ? 0 : ROUTED_WIDTH);
  const streams = JOINED_STREAMS.filter((stream) => hasStream(spec, stream));
  const text = JSON.stringify([COLUMNS_VERSION, models, outputs, streams]);
  return {
    text,
    answers,
    external,
    truths,
    answerColumns,
    truthColumns,
    externalMs,
    truthMs,
    routed,
    stride,
  };
}

const waitingStrideOf = ({ answerColumns, truthColumns }: Layout): number =>
  WAITING_VALUES + Math.max(answerColumns.width, truthColumns.width);

export function createJoinFold(spec: ServiceSpec): JoinFold {
  const layout = layoutOf(spec);
  return {
    spec,
    layout,
    requests: createTable(layout.stride, spec.windows.hopMs),
    waiting: createTable(waitingStrideOf(layout), spec.windows.hopMs),
    names: createNames(),
    level: 0,
    panes: createPanes(),
    upTo: -1,
    seen: {},
    seenRows: {},
    origins: {},
    watermarkMs: TIME_MIN_MS,
    slotsEnd: 0,
  };
}

/**
 * The fold under a changed configuration. Where models, outputs or streams are others, what is pending cannot be compared
 * any more and is forgotten.
 */
export function withSpec(fold: JoinFold, spec: ServiceSpec): JoinFold {
  const fresh = createJoinFold(spec);
  const { panes, upTo, seen, seenRows, origins, watermarkMs, slotsEnd } = fold;
  if (fresh.layout.text !== fold.layout.text)
    return { ...fresh, panes, upTo, seen, seenRows, origins, watermarkMs, slotsEnd };
  const requests = withStride(fold.requests, fresh.layout.stride);
  return { ...fold, spec, layout: fresh.layout, requests };
}

/** Streams whose records go through the join. */
export const JOINED_STREAMS: readonly StreamName[] = ['requests', 'predictions', 'labels', 'feedback'];

export const joinedTopics = (spec: ServiceSpec): string[] =>
  spec.streams.filter((stream) => JOINED_STREAMS.includes(stream.stream)).map((stream) => stream.topic);

/** Tags of what may wait for a request of this service. */
export function waitingKinds(spec: ServiceSpec): number[] {
  const tags: number[] = [];
  if (baseStreamOf(spec) === 'requests' && hasStream(spec, 'predictions')) tags.push(WAITING_TAG.prediction);
  if (hasStream(spec, 'labels')) tags.push(WAITING_TAG.label);
  if (hasStream(spec, 'feedback')) tags.push(...FEEDBACK_KINDS.map((_, i) => WAITING_TAG.feedback + i));
  return tags;
}

/** What a snapshot says of a service beside the rows. */
interface Head {
  service: string;
  layout: string;
  bucketMs: number;
  requests: number;
  waiting: number;
  /** Numbers of a row of requests, and of one that waits. */
  strides: [number, number];
  names: string[][];
  level: number;
  upTo: number;
  seen: Record<string, number>;
  /** Absent in snapshots of older versions. */
  seenRows?: Record<string, number>;
  origins: Watermarks;
  watermarkMs: number;
  panesWatermarkMs: number;
  slotsFrom: number;
}

const LENGTH_BYTES = 4;

/** All services of a partition as bytes: the length of the heads, the heads as JSON, the rows of each. */
export function packJoins(folds: readonly JoinFold[]): Uint8Array {
  const heads: Head[] = [];
  const rows: Uint8Array[] = [];
  for (const fold of folds) {
    const { requests, waiting, names, level, upTo, seen, seenRows, origins, watermarkMs, panes } = fold;
    // Names are numbered anew, in the order of the rows.
    const numbered: Table = { ...requests, numbers: requests.numbers.slice() };
    const numberOf = new Map<number, number>();
    for (const row of rowsOf(requests)) {
      const at = row * requests.stride + PLACES;
      const own = requests.numbers[at]!;
      if (!numberOf.has(own)) numberOf.set(own, numberOf.size);
      numbered.numbers[at] = numberOf.get(own)!;
    }
    heads.push({
      service: fold.spec.service,
      layout: fold.layout.text,
      bucketMs: requests.bucketMs,
      requests: requests.size,
      waiting: waiting.size,
      strides: [requests.stride, waiting.stride],
      names: [...numberOf.keys()].map((own) => [...namesOf(names, own)]),
      level,
      upTo,
      seen,
      seenRows,
      origins,
      watermarkMs,
      panesWatermarkMs: panes.watermarkMs,
      slotsFrom: slotsFromOf(panes, fold.slotsEnd),
    });
    rows.push(...packTable(numbered), ...packTable(waiting));
  }
  const head = new TextEncoder().encode(JSON.stringify(heads));
  const bytes = new Uint8Array(LENGTH_BYTES + head.length + rows.reduce((sum, one) => sum + one.length, 0));
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, LENGTH_BYTES);
  let at = LENGTH_BYTES + head.length;
  for (const one of rows) {
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
}

/** The folds of `packJoins`, of the services that `specOf` knows; without their panes' cells. */
export function unpackJoins(
  bytes: Uint8Array,
  specOf: (service: string) => ServiceSpec | undefined,
): JoinFold[] {
  const headBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  let at = LENGTH_BYTES + headBytes;
  const heads = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, at))) as Head[];
  const folds: JoinFold[] = [];
  for (const head of heads) {
    const [requestStride, waitingStride] = head.strides;
    const from = at;
    const middle = from + head.requests * rowBytes(requestStride);
    at = middle + head.waiting * rowBytes(waitingStride);
    const spec = specOf(head.service);
    if (spec === undefined) continue;
    let fold = createJoinFold(spec);
    if (fold.layout.text === head.layout) {
      const { stride } = fold.layout;
      const packed = unpackTable(bytes.subarray(from, middle), head.requests, requestStride, head.bucketMs);
      const requests = withStride(packed, stride);
      const waiting = unpackTable(bytes.subarray(middle, at), head.waiting, waitingStride, head.bucketMs);
      fold = { ...fold, requests, waiting };
      for (const row of rowsOf(requests)) {
        const place = row * requests.stride + PLACES;
        requests.numbers[place] = useNames(fold.names, head.names[requests.numbers[place]!]!);
      }
    }
    const { level, upTo, seen, seenRows = {}, origins, watermarkMs } = head;
    fold.panes.watermarkMs = head.panesWatermarkMs;
    folds.push({ ...fold, level, upTo, seen, seenRows, origins, watermarkMs, slotsEnd: head.slotsFrom });
  }
  assert(at === bytes.length, 'a snapshot of the join is whole');
  return folds;
}
