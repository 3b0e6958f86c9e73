/** What stands on each topic, once: the page of topics and the AsyncAPI document are made of it. */

import { type InternalTopic, selfTopic, topicSpecs } from '../config/topics.ts';

export interface TopicEntry {
  what: string;
  key: string;
  /** Names of `schemas/NAME.avsc`; empty: the value is as `json` or `what` says. */
  schemas: readonly string[];
  /** What the value is where no Avro schema says it. */
  value?: string;
  contentType: 'avro/binary' | 'application/json' | 'application/octet-stream';
  /** Whether others may build on it; what is internal changes with any version. */
  isPublic: boolean;
  /** Seen from Telltale. */
  actions: readonly ('send' | 'receive')[];
}

export type TopicName = InternalTopic | 'telemetry';

const avro = { contentType: 'avro/binary', isPublic: true, actions: ['send', 'receive'] } as const;
const json = { contentType: 'application/json', isPublic: true, schemas: [] } as const;
const internal = { isPublic: false, actions: ['send', 'receive'] } as const;

export const TOPICS: Readonly<Record<TopicName, TopicEntry>> = {
  results: {
    ...avro,
    what: 'The value of a metric for one service, window and segment; later revisions follow earlier ones.',
    key: 'service',
    schemas: ['result'],
  },
  alerts: {
    ...avro,
    what: 'Transitions of alarms.',
    key: 'fingerprint of the alarm',
    schemas: ['alert'],
  },
  incidents: {
    ...avro,
    what: 'Where an incident stands after each change.',
    key: 'id of the incident',
    schemas: ['incident'],
  },
  retrain: {
    ...avro,
    what: 'Requests for retraining, decisions on them and what their trainings report.',
    key: 'id of the request for retraining',
    schemas: ['retrain'],
  },
  'retrain.status': {
    ...json,
    what: 'What trainings report, written by them.',
    key: 'any',
    value: 'a report: `service`, `retrainId`, `state` and what [retraining](../retraining.md) says',
    actions: ['receive'],
  },
  rollout: {
    ...avro,
    what: 'Each step of a roll-out or of a level of automation: the audit chain.',
    key: 'service',
    schemas: ['rollout'],
  },
  routing: {
    ...json,
    what: 'Which version answers which requests.',
    key: 'service',
    value: 'a [routing table](../router.md#the-table)',
    actions: ['send', 'receive'],
  },
  decisions: {
    ...json,
    what: 'Who decided on a request that `/predict` answered.',
    key: 'id of the request',
    value: 'a [decision](../predict.md#who-decides)',
    actions: ['send', 'receive'],
  },
  review: {
    ...json,
    what: 'Requests that wait for a person.',
    key: 'id of the request',
    value: 'a [request for review](../predict.md#who-decides)',
    actions: ['send'],
  },
  dead: {
    what: 'What a stage or a sink could not handle.',
    key: 'that of the original',
    schemas: [],
    value: 'the original bytes; headers say [why](../dead-letters.md)',
    contentType: 'application/octet-stream',
    isPublic: true,
    actions: ['send', 'receive'],
  },
  telemetry: {
    ...json,
    what: "The daemon's own figures.",
    key: 'client id',
    value: 'OTLP-JSON metrics',
    actions: ['send', 'receive'],
  },
  events: {
    ...internal,
    what: 'What is joined by request id.',
    key: 'request id',
    schemas: ['event'],
    contentType: 'avro/binary',
  },
  slots: {
    ...internal,
    what: 'Cumulative state of windows, how far sources are in event time, configurations, commands of people.',
    key: '`slot`, `mark`, `config` or `command`, and what it is about',
    schemas: ['slot', 'mark', 'config', 'command'],
    contentType: 'avro/binary',
  },
  snapshots: {
    ...internal,
    what: 'The state of a fold, in chunks.',
    key: '`join` or `judge`, partition, writer, chunk',
    schemas: [],
    value: 'bytes of a build',
    contentType: 'application/octet-stream',
  },
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long records stay under the defaults of the configuration, and what they depend on. */
export function retentionOf(name: TopicName): string {
  const specs = [7 * DAY_MS, 14 * DAY_MS].map((retentionMs) =>
    topicSpecs({
      topics: { prefix: '', partitions: 4, replication: 1, retentionMs, cloudEvents: false },
      services: [],
    }),
  );
  const [usual, longer] = specs.map(
    (all) => all.find((spec) => spec.name === (name === 'telemetry' ? selfTopic('') : name))!.config,
  );
  const policy = usual!['cleanup.policy']!;
  const ms = Number(usual!['retention.ms']);
  if (!policy.includes('delete')) return 'the last record of each key, for ever';
  if (ms < 0) return 'for ever';
  const isSet = usual!['retention.ms'] !== longer!['retention.ms'];
  const kept = isSet ? '`topics.retention` (7 days)' : `${ms / DAY_MS} day`;
  const least = WAITS.has(name) ? `${kept}, or the longest wait for a label and a day` : kept;
  return policy.includes('compact') ? `${least}; compacted after an hour` : least;
}

/** Those that `topicSpecs` keeps as long as windows are open; a test compares. */
export const WAITS: ReadonlySet<TopicName> = new Set(['events', 'slots', 'snapshots']);
