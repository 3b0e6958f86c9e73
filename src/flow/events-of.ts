/** The compact events that a batch sends on to the join. */

import { mainStreamOf } from '../metric/volume.ts';
import type { Batch, Scored, ServiceSpec, StreamName } from '../records.ts';
import { pushNumbers, pushRouted } from './join-columns.ts';
import type { JoinEvent } from './messages.ts';
import { readsRouted } from './routed.ts';
import { segmentTexts } from './segments.ts';

export const hasStream = (spec: ServiceSpec, stream: StreamName): boolean =>
  spec.streams.some((own) => own.stream === stream);

/** A service without labels or feedback pays for no second hop. */
export const needsJoin = (spec: ServiceSpec): boolean =>
  hasStream(spec, 'labels') || hasStream(spec, 'feedback');

export const joinsById = (spec: ServiceSpec, stream: StreamName): boolean =>
  stream !== 'telemetry' && needsJoin(spec);

function numbersAt(
  spec: ServiceSpec,
  stream: StreamName,
  batch: Batch,
  scored: Scored,
  row: number,
): number[] {
  if (stream === 'feedback') return [batch.feedback![row]!];
  const numbers: number[] = [];
  const isTruth = stream === 'labels';
  if (stream !== 'requests')
    spec.outputs.forEach((output, o) => {
      pushNumbers(numbers, output, batch.outputs[o], row, isTruth);
    });
  else {
    for (let m = 0; m < spec.models.length; m++)
      spec.outputs.forEach((output, o) => {
        pushNumbers(numbers, output, scored.models[m]?.[o], row, false);
      });
    if (readsRouted(spec)) pushRouted(numbers, batch.routed, row);
  }
  return numbers;
}

const KINDS = {
  requests: 'request',
  predictions: 'prediction',
  labels: 'label',
  feedback: 'feedback',
} as const;

/** The stream whose records open the entries of the join: answers of the service. */
export const baseStreamOf = mainStreamOf;

/**
 * @param seen which rows are late and when each became known. A late request is counted where it was read and
 *   is not joined; labels and feedback are joined by when they became known.
 */
export function eventsOf(
  spec: ServiceSpec,
  stream: StreamName,
  origin: { topic: string; partition: number },
  batch: Batch,
  scored: Scored,
  seen: { late: Uint8Array; knownMs: Float64Array },
): JoinEvent[] {
  if (stream === 'telemetry') return [];
  const isBase = stream === baseStreamOf(spec);
  const events: JoinEvent[] = [];
  let originRow = 0;
  for (let row = 0; row < batch.n; row++) {
    originRow = row > 0 && batch.offsets[row] === batch.offsets[row - 1] ? originRow + 1 : 0;
    if (isBase && seen.late[row] === 1) continue;
    events.push({
      kind: KINDS[stream],
      service: spec.service,
      id: batch.ids[row]!,
      timeMs: isBase ? batch.times[row]! : seen.knownMs[row]!,
      originTopic: origin.topic,
      originPartition: origin.partition,
      originOffset: batch.offsets[row]!,
      originRow,
      segments: stream === 'requests' ? segmentTexts(spec, batch.inputs, row) : [],
      numbers: numbersAt(spec, stream, batch, scored, row),
    });
  }
  return events;
}
