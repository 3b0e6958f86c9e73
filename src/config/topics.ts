import type { TelltaleConfig } from './types.ts';

/** A topic as it shall be created. */
export interface TopicSpec {
  name: string;
  partitions: number;
  replication: number;
  config: Record<string, string>;
}

/** What the commands need of a broker; written against the log port by whoever wires the program. */
export interface TopicAdmin {
  /** Names of all topics. */
  list(): Promise<string[]>;
  /** Creates those that do not exist and returns their names; the others stay as they are. */
  create(specs: TopicSpec[]): Promise<string[]>;
  close(): Promise<void>;
}

const NAMES = [
  'events',
  'slots',
  'snapshots',
  'results',
  'alerts',
  'incidents',
  'retrain',
  'retrain.status',
  'rollout',
  'routing',
  'decisions',
  'review',
  'dead',
] as const;
export type InternalTopic = (typeof NAMES)[number];

/** The full names of the topics that Telltale itself writes. */
export function internalTopicNames(prefix: string): string[] {
  return NAMES.map((name) => prefix + name);
}

/** The daemon's own figures, an input like others: a service file named `telltale` may read it too. */
export const selfTopic = (prefix: string): string => `${prefix}telemetry`;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Kafka's own default limit of a message. */
const MESSAGE_BYTES_DEFAULT = 1_048_588;
/** Room for what stands around the bytes of an input in a dead letter or a request for review. */
const INPUT_OVERHEAD_BYTES = 65_536;

/**
 * The internal and public topics with their retention.
 *
 * What is internal must outlive the longest wait for a label: windows are open as long, and a restart reads their slots
 * again. `slots` and `snapshots` keep what is younger than an hour uncompacted, so that a reader that is behind sees
 * every writer, and the snapshot that a commit names.
 */
export function topicSpecs(config: Pick<TelltaleConfig, 'topics' | 'services'>): TopicSpec[] {
  const { prefix, partitions, replication, retentionMs } = config.topics;
  const waits = config.services.map(
    ({ maxDelayMs, windows }) => maxDelayMs + windows.sizeMs + windows.graceMs,
  );
  const waitMs = Math.max(retentionMs, Math.max(0, ...waits) + DAY_MS);
  const messageBytes = config.services.map(({ limits }) => limits.messageBytesMax + INPUT_OVERHEAD_BYTES);
  const withInputs = {
    ...deleted(retentionMs),
    'max.message.bytes': String(Math.max(MESSAGE_BYTES_DEFAULT, ...messageBytes)),
  };
  const configs: Record<InternalTopic, Record<string, string>> = {
    events: deleted(waitMs),
    slots: compacted(waitMs),
    snapshots: compacted(waitMs),
    results: deleted(retentionMs),
    alerts: deleted(retentionMs),
    incidents: deleted(retentionMs),
    retrain: deleted(retentionMs),
    'retrain.status': deleted(retentionMs),
    // The audit trail is small, and kept for ever.
    rollout: deleted(-1),
    // A table holds until the next one, however old it is.
    routing: { 'cleanup.policy': 'compact' },
    decisions: deleted(retentionMs),
    review: withInputs,
    dead: withInputs,
  };
  const own = NAMES.map((name) => ({ name: prefix + name, partitions, replication, config: configs[name] }));
  const self = { name: selfTopic(prefix), partitions: 1, replication, config: deleted(DAY_MS) };
  return [...own, self];
}

function deleted(retentionMs: number): Record<string, string> {
  return { 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs) };
}

function compacted(retentionMs: number): Record<string, string> {
  return {
    'cleanup.policy': 'compact,delete',
    'retention.ms': String(retentionMs),
    'min.compaction.lag.ms': String(HOUR_MS),
  };
}
