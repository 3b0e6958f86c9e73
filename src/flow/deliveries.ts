/** Records of the public topics as what sinks are given. */

import type { Alert, Incident, LogRecord, Result, Retrain, RolloutRecord } from '../records.ts';
import type { Delivery } from '../sink/sink.ts';
import type { TopicNames } from './runtime.ts';
import { decodePublic } from './wire.ts';

/** The delivery of a record of a public topic; null for a tombstone. Throws on foreign bytes. */
export function deliveryOf(topics: TopicNames, record: LogRecord, framed: boolean): Delivery | null {
  if (record.value === null) return null;
  if (record.topic === topics.results)
    return { result: decodePublic<Result>('result', record.value, framed) };
  if (record.topic === topics.alerts) return { alert: decodePublic<Alert>('alert', record.value, framed) };
  if (record.topic === topics.incidents)
    return { incident: decodePublic<Incident>('incident', record.value, framed) };
  if (record.topic === topics.rollout)
    return { rollout: decodePublic<RolloutRecord>('rollout', record.value, framed) };
  return { retrain: decodePublic<Retrain>('retrain', record.value, framed) };
}
