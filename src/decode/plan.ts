import type { ServiceSpec, StreamSpec } from '../records.ts';
import { type Path, parsePath } from './paths.ts';

/** Places of a row's single values in `Rows.scratch`; the outputs follow from SLOT_OUTPUTS on. */
export const SLOT_ID = 0;
export const SLOT_TIME = 1;
export const SLOT_SCORE = 2;
export const SLOT_LATENCY = 3;
export const SLOT_ERROR = 4;
export const SLOT_KIND = 5;
export const SLOT_OUTPUTS = 6;

/** Where the value at a path goes: an input's column (0 or more), or a place of scratch (-1 - slot). */
export interface Target {
  path: Path;
  to: number;
}

/** The `to` of a place in scratch. */
export function toSlot(slot: number): number {
  return -1 - slot;
}

/** All paths that one stream of a service reads. */
export function planTargets(spec: ServiceSpec, stream: StreamSpec): Target[] {
  const targets: Target[] = [];
  const add = (path: string | null, to: number) => {
    if (path !== null && path !== '') targets.push({ path: parsePath(path), to });
  };
  add(stream.id, toSlot(SLOT_ID));
  add(stream.time, toSlot(SLOT_TIME));
  if (stream.stream === 'requests') {
    for (const [index, input] of spec.inputs.entries()) add(input.from || input.name, index);
  } else if (stream.stream === 'predictions' || stream.stream === 'labels') {
    for (const [index, output] of spec.outputs.entries()) {
      if (Object.hasOwn(stream.fields, output.name)) {
        add(stream.fields[output.name]!, toSlot(SLOT_OUTPUTS + index));
      }
    }
    if (stream.stream === 'predictions') {
      add(stream.score, toSlot(SLOT_SCORE));
      add(stream.latencyMs, toSlot(SLOT_LATENCY));
      add(stream.error, toSlot(SLOT_ERROR));
    }
  } else if (stream.stream === 'feedback') {
    add(stream.kind, toSlot(SLOT_KIND));
  }
  return targets;
}
