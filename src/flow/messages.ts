/** The records of the internal topics `events` and `slots`, and what the folds put out. */

import type {
  Alert,
  Command,
  DeadLetter,
  Incident,
  Result,
  Retrain,
  RolloutRecord,
  StreamName,
} from '../records.ts';
import type { RoutingTable } from '../router/table.ts';

/** What feeds a source: an input stream, or the joined events. */
export type SourceGroup = StreamName | 'events';

export const sourceText = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Rule R4: the cumulative state of one cell of one source, stamped with how far it has read. */
export interface Slot {
  service: string;
  group: SourceGroup;
  topic: string;
  partition: number;
  paneStartMs: number;
  segmentation: number;
  segment: string;
  part: number;
  /** Index into ServiceSpec.revisionsMs. */
  maturity: number;
  writer: string;
  upTo: number;
  /** Rule R13: offset of the segment's first record, and from which on it counts in `(other)`; -1: it does not. */
  seenFrom: number;
  evictedFrom: number;
  /** Rows (late ones included) and offsets of the source in this pane; 0 and -1: none, or told by another cell. */
  rows: number;
  firstOffset: number;
  lastOffset: number;
  tracks: Uint8Array;
}

/** Rule R7: how far a source is in event time. Partition -1 with no partitions: the topic does not exist. */
export interface Mark {
  service: string;
  group: SourceGroup;
  topic: string;
  partition: number;
  partitions: number;
  writer: string;
  upTo: number;
  watermarkMs: number;
  idle: boolean;
}

export interface ConfigRecord {
  service: string;
  digest: string;
  /** ServiceSpec as JSON. */
  spec: string;
}

export type SlotsRecord =
  | { type: 'slot'; slot: Slot }
  | { type: 'mark'; mark: Mark }
  | { type: 'config'; config: ConfigRecord }
  | { type: 'command'; command: Command };

export const EVENT_KINDS = ['request', 'prediction', 'label', 'feedback', 'mark'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** One thing to be joined by request id, or the watermark of an origin. */
export interface JoinEvent {
  kind: EventKind;
  service: string;
  id: string;
  /** Of what opens an entry: its event time. Of labels and the like: when they became known. */
  timeMs: number;
  /** Rule R2: where it came from. */
  originTopic: string;
  originPartition: number;
  originOffset: number;
  /** Which of the rows of that record, from 0. */
  originRow: number;
  /** request: one text for each segmentation. */
  segments: string[];
  /**
   * request: answers, model by model and output by output, and who answered; prediction: answers by output; label: truths by
   * output; what each takes is said in `join-columns.ts`. feedback: the index of the kind.
   * mark: [partitions, 1 when idle].
   */
  numbers: number[];
}

export type Output =
  | { type: 'result'; record: Result }
  | { type: 'alert'; record: Alert }
  | { type: 'incident'; record: Incident }
  | { type: 'retrain'; record: Retrain }
  | { type: 'rollout'; record: RolloutRecord }
  | { type: 'routing'; record: RoutingTable }
  | { type: 'event'; record: JoinEvent }
  /** Goes to every partition of `events`. */
  | { type: 'event_mark'; record: JoinEvent }
  | { type: 'dead'; record: DeadLetter }
  | { type: 'slot'; record: Slot }
  | { type: 'mark'; record: Mark };
