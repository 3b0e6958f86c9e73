/**
 * The port to the log: what the flow needs of Kafka and what the embedded log offers too. Everything
 * behind it (kafkajs, framing, groups) stays in this folder. Offsets are the next ones to read when they
 * are committed, as Kafka counts.
 */

import type { Append, LogRecord } from '../records.ts';

export interface Position {
  /** Next offset to read; null: nothing was committed. */
  offset: number | null;
  metadata: string;
}

export interface Log {
  /** Partition counts; a topic that does not exist is absent. */
  partitions(topics: readonly string[]): Promise<Map<string, number>>;
  /** First offset that can be read and the offset after the last record. */
  ends(topic: string, partition: number): Promise<{ first: number; next: number }>;
  /**
   * Appends in order for each partition and resolves when all in-sync replicas have them. Rejects with
   * `log_failed` when retries are exhausted; the process MUST then end, because part may be written.
   */
  append(batch: readonly Append[]): Promise<void>;
  /**
   * Up to about `recordsMax` records from `from` on, without a group: for restores and tails. Empty: none yet
   * (waits at most `waitMs`). A `from` below the first offset begins at the first one.
   */
  read(
    topic: string,
    partition: number,
    from: number,
    recordsMax: number,
    waitMs: number,
  ): Promise<LogRecord[]>;
  committed(group: string, topic: string, partition: number): Promise<Position>;
  close(): Promise<void>;
}

/** What a group member does with one of its partitions. Calls for one partition never overlap. */
export interface PartitionHandler {
  /**
   * Restores the state and says where to read from: 'stay' at the offset that the group committed, or an
   * earlier or later offset to seek to. Called once, before the first records; a partition that stays with its member
   * when the group assigns anew keeps its handler.
   */
  open(heartbeat: Heartbeat): Promise<number | 'stay'>;
  /** Records in offset order. MUST call the heartbeat in long work; a throwing heartbeat means that the partition is lost. */
  handle(records: readonly LogRecord[], heartbeat: Heartbeat): Promise<void>;
  /** Called about every `tickMs`, also when the partition is silent. Lag is the number of records not yet handled. */
  tick(nowMs: number, lag: number): Promise<void>;
  /** Flushes and commits; called before leaving. */
  close(): Promise<void>;
}

export type Heartbeat = () => Promise<void>;

/**
 * A handler's access to its group for as long as the partition is its member's without a break. Fenced by the group's
 * generation.
 */
export interface Membership {
  commit(topic: string, partition: number, offset: number, metadata: string): Promise<void>;
}

export interface GroupOptions {
  group: string;
  topics: readonly string[];
  tickMs: number;
  partitionsConcurrentMax: number;
  handlerFor(topic: string, partition: number, membership: Membership): PartitionHandler;
  /** The client is broken for good, or there is no progress with lag: the process MUST end. */
  onFatal(error: Error): void;
}

export interface Group {
  /** Whether the group has given out its partitions; this member may have got none. */
  isMember(): boolean;
  /** Empty until the group has given out its partitions. */
  assigned(): { topic: string; partition: number }[];
  /** Waits for running handlers, closes them (flush, commit) and leaves the group. */
  leave(): Promise<void>;
}

/** A log whose records are consumed by groups; Kafka. */
export interface GroupLog extends Log {
  join(options: GroupOptions): Promise<Group>;
}
