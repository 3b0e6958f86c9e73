/** Outputs of the folds to records of the log. */

import { randomUUID } from 'node:crypto';
import { assert } from '../errors.ts';
import type { Append, Command, DeadLetter } from '../records.ts';
import { cloudEventHeaders, type PublicOutput } from './cloud-events.ts';
import type { Output } from './messages.ts';
import { hasSensitive } from './privacy.ts';
import { partitionsOf, type Runtime, slotsPartitionOf } from './runtime.ts';
import { sealedLetter } from './sealed-letters.ts';
import { slotKey } from './slot-keys.ts';
import { encodeCommand, encodeEvent, encodeMark, encodePublic, encodeSlot, markKey } from './wire.ts';

/** A dead letter keeps this much of an oversized record. */
const DEAD_BYTES_MAX = 900_000;
/** And this much where it is sealed, which makes it a third longer. */
const DEAD_SEALED_BYTES_MAX = 600_000;

/** Original bytes and headers, with code, stage and place added (as KIP-1034 does); those of services with sensitive inputs are sealed. */
function deadAppend({ topics, services, privacy }: Runtime, given: DeadLetter, service: string): Append {
  const spec = services.get(service)?.spec;
  // What sinks put aside are public records, which hold stand-ins already.
  const isSealed = spec !== undefined && hasSensitive(spec) && given.stage !== 'sink';
  assert(!isSealed || privacy !== null, 'there is a key to seal with');
  const whole = given.record.value?.length ?? 0;
  const max = isSealed ? DEAD_SEALED_BYTES_MAX : DEAD_BYTES_MAX;
  const cut = whole > max;
  const kept = cut
    ? { ...given, record: { ...given.record, value: given.record.value!.subarray(0, max) } }
    : given;
  const letter = isSealed ? sealedLetter(privacy!, kept) : kept;
  const topic = topics.dead;
  const { record } = letter;
  return {
    topic,
    key: record.key,
    value: record.value ?? Buffer.alloc(0),
    headers: {
      ...record.headers,
      'x-error-code': letter.code,
      'x-error-message': letter.message,
      'x-stage': letter.stage,
      'x-service': service,
      'x-topic': record.topic,
      'x-partition': String(record.partition),
      'x-offset': String(record.offset),
      ...(cut ? { 'x-cut-from-bytes': String(whole) } : {}),
    },
  };
}

function publicAppend(runtime: Runtime, topic: string, key: string, output: PublicOutput): Append {
  const value = encodePublic(output.type, output.record, runtime.publicIds);
  return runtime.cloudEvents
    ? { topic, key, value, headers: cloudEventHeaders(output) }
    : { topic, key, value };
}

/**
 * The appends of an output; a mark for the join goes to every partition of `events`. All but dead letters, whose headers are
 * those of the original, go on with the present trace.
 */
export function appendsOf(runtime: Runtime, output: Output, service: string): Append[] {
  const appends = plainAppendsOf(runtime, output, service);
  if (runtime.traceHeaders === null || output.type === 'dead') return appends;
  const traced = runtime.traceHeaders();
  return appends.map((append) => ({ ...append, headers: { ...append.headers, ...traced } }));
}

function plainAppendsOf(runtime: Runtime, output: Output, service: string): Append[] {
  const { topics } = runtime;
  switch (output.type) {
    case 'result':
      return [publicAppend(runtime, topics.results, service, output)];
    case 'alert':
      return [publicAppend(runtime, topics.alerts, output.record.fingerprint, output)];
    case 'incident':
      return [publicAppend(runtime, topics.incidents, output.record.incidentId, output)];
    case 'retrain':
      return [publicAppend(runtime, topics.retrain, output.record.retrainId, output)];
    case 'rollout':
      return [publicAppend(runtime, topics.rollout, service, output)];
    case 'routing':
      return [{ topic: topics.routing, key: service, value: Buffer.from(JSON.stringify(output.record)) }];
    case 'event':
      return [{ topic: topics.events, key: output.record.id, value: encodeEvent(output.record) }];
    case 'event_mark': {
      const value = encodeEvent(output.record);
      const marks: Append[] = [];
      for (let partition = 0; partition < partitionsOf(runtime, topics.events); partition++) {
        marks.push({ topic: topics.events, partition, key: output.record.id, value });
      }
      return marks;
    }
    case 'dead':
      return [deadAppend(runtime, output.record, service)];
    case 'slot': {
      const partition = slotsPartitionOf(service, partitionsOf(runtime, topics.slots));
      return [
        { topic: topics.slots, partition, key: slotKey(output.record), value: encodeSlot(output.record) },
      ];
    }
    case 'mark': {
      const partition = slotsPartitionOf(service, partitionsOf(runtime, topics.slots));
      return [
        { topic: topics.slots, partition, key: markKey(output.record), value: encodeMark(output.record) },
      ];
    }
  }
}

/** The record that sequences a person's command into the slots of its service; a missing id is made. The id is part of the key, since compaction keeps one record of a key. */
export function commandAppend(slotsTopic: string, slotsPartitions: number, command: Command): Append {
  const { service, id = '' } = command;
  const own = id === '' ? randomUUID() : id;
  return {
    topic: slotsTopic,
    partition: slotsPartitionOf(service, slotsPartitions),
    key: `command|${service}|${own}`,
    value: encodeCommand({ ...command, id: own }),
  };
}
