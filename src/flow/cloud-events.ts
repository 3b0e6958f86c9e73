/** The public records as CloudEvents 1.0: Kafka protocol binding, binary mode. Only headers are added. */

import type { Alert, Incident, Result, Retrain, RolloutRecord } from '../records.ts';

/** Avro, with the Confluent header in front where there is a registry: the value is what it is without these headers. */
const CONTENT_TYPE = 'application/avro';
/** What RFC 3339 can say. */
const TIME_MIN_MS = Date.parse('0000-01-01T00:00:00Z');
const TIME_END_MS = Date.parse('+010000-01-01T00:00:00Z');

export type PublicOutput =
  | { type: 'result'; record: Result }
  | { type: 'alert'; record: Alert }
  | { type: 'incident'; record: Incident }
  | { type: 'retrain'; record: Retrain }
  | { type: 'rollout'; record: RolloutRecord };

/** Event time of what the record says. */
const timeOf = (output: PublicOutput): number =>
  output.type === 'result' || output.type === 'alert' ? output.record.windowEndMs : output.record.atMs;

export function cloudEventHeaders(output: PublicOutput): Record<string, string> {
  const { id, service } = output.record;
  const timeMs = timeOf(output);
  // The attribute is optional, and event times may lie anywhere.
  const hasTime = timeMs >= TIME_MIN_MS && timeMs < TIME_END_MS;
  return {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: `/telltale/${service}`,
    ce_type: `telltale.${output.type}.v1`,
    ...(hasTime ? { ce_time: new Date(timeMs).toISOString() } : {}),
    'content-type': CONTENT_TYPE,
  };
}
