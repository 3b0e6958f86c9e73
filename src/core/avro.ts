/** The Avro of `schemas/slot.avsc`, without a library: browsers have no use for one that reads schemas. */

import type { Slot } from '../flow/messages.ts';
import { ByteWriter } from '../profile/bytes.ts';

const utf8 = new TextEncoder();

/** Bytes of a slot, as the daemon writes them to the topic `slots`. */
export function encodeSlot(slot: Slot): Uint8Array {
  const out = new ByteWriter();
  // Avro's zigzag varints are those of the profiles.
  const bytes = (value: Uint8Array): void => {
    out.int(value.length);
    out.raw(value);
  };
  const text = (value: string): void => bytes(utf8.encode(value));
  text(slot.service);
  text(slot.group);
  text(slot.topic);
  out.int(slot.partition);
  out.int(slot.paneStartMs);
  out.int(slot.segmentation);
  text(slot.segment);
  out.int(slot.part);
  out.int(slot.maturity);
  text(slot.writer);
  for (const number of [
    slot.upTo,
    slot.seenFrom,
    slot.evictedFrom,
    slot.rows,
    slot.firstOffset,
    slot.lastOffset,
  ])
    out.int(number);
  bytes(slot.tracks);
  return out.take();
}
