/** What the tasks need of their surroundings, and the names of our own topics. */

import type { IncidentStates } from '../alarm/incident/state.ts';
import type { StreamDecoder } from '../decode/decoder.ts';
import type { Log } from '../log/port.ts';
import { hash32 } from '../math/hash.ts';
import type { ServiceSpec, StreamSpec } from '../records.ts';
import type { Scorer } from '../score/scorer.ts';
import type { Output } from './messages.ts';
import type { Privacy } from './privacy.ts';
import type { Shown } from './profile-views.ts';
import type { PublicIds } from './wire.ts';

export interface TopicNames {
  events: string;
  slots: string;
  snapshots: string;
  results: string;
  alerts: string;
  incidents: string;
  retrain: string;
  rollout: string;
  /** What trainings report; others write it. */
  retrainStatus: string;
  /** The routing tables of the services; whoever steers a roll-out writes it. */
  routing: string;
  /** Who decided on each request that was answered. */
  decisions: string;
  /** Requests that wait for a person's decision. */
  review: string;
  dead: string;
}

export const topicNames = (prefix: string): TopicNames => ({
  events: `${prefix}events`,
  slots: `${prefix}slots`,
  snapshots: `${prefix}snapshots`,
  results: `${prefix}results`,
  alerts: `${prefix}alerts`,
  incidents: `${prefix}incidents`,
  retrain: `${prefix}retrain`,
  rollout: `${prefix}rollout`,
  retrainStatus: `${prefix}retrain.status`,
  routing: `${prefix}routing`,
  decisions: `${prefix}decisions`,
  review: `${prefix}review`,
  dead: `${prefix}dead`,
});

/** Where a service's slots are: one judge sees all of a service. */
export const slotsPartitionOf = (service: string, partitions: number): number => hash32(service) % partitions;

/** The judges are a group of their own, so that who reads inputs and who judges are shared out apart. */
export const judgeGroupOf = (group: string): string => `${group}.judge`;

export interface Counts {
  records(service: string, stream: string, n: number): void;
  dead(service: string, stream: string, code: string, n: number): void;
  late(service: string, stream: string, n: number): void;
  emitted(output: Output): void;
  lag(service: string, stream: string, partition: number, lag: number): void;
  checkpoint(topic: string, ms: number): void;
}

export interface FlowLogger {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** How often what is folded is written down. */
export interface Checkpoint {
  /** A flush and a commit after so long, or after so many records. */
  everyMs: number;
  recordsMax: number;
  /** A snapshot of the folds that keep a state beside slots; a restart repeats at most that much. */
  snapshotEveryMs: number;
  snapshotRecords: number;
}

/** One service as it runs here; replaced as a whole by a reload. */
export interface RunningService {
  spec: ServiceSpec;
  scorer: Scorer | null;
}

export interface Runtime {
  log: Log;
  /** Commits are fenced by the membership of the group that reads the topic. */
  group: string;
  topics: TopicNames;
  /** Partition counts of our own topics, and of the inputs as last seen. */
  partitions: Map<string, number>;
  services: Map<string, RunningService>;
  decoderFor(spec: ServiceSpec, stream: StreamSpec): StreamDecoder;
  publicIds: PublicIds;
  /** Null: no service has sensitive inputs. */
  privacy: Privacy | null;
  /** What pages show of the last windows, of the services that are judged here, or were: each says when it ended. */
  shown: Map<string, Shown>;
  /** What is known of incidents and silences, by service, of those that are judged here, or were: a partition that is lost is not closed. */
  incidents: Map<string, IncidentStates>;
  /** Public records carry the headers of CloudEvents. */
  cloudEvents: boolean;
  /** The headers with which a record goes on with the present trace; null: nothing is traced. */
  traceHeaders: (() => Record<string, string>) | null;
  checkpoint: Checkpoint;
  nowMs(): number;
  newWriterId(): string;
  counts: Counts;
  logger: FlowLogger;
}

export function partitionsOf(runtime: Runtime, topic: string): number {
  return runtime.partitions.get(topic) ?? 0;
}
