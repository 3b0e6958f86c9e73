import { createHash } from 'node:crypto';
import type { SlotRecord } from '../../src/core/index.ts';
import { decodeSlots } from '../../src/flow/wire.ts';
import { specOf } from '../scenario/support.ts';

export const YAML = `
service: shop
streams: { requests: { topic: shop.requests } }
inputs:
  amount: { type: numeric, range: [-10, 90] }
  country: { type: categorical }
  plan: { type: categorical, categories: [free, paid] }
  query: { type: text }
segments: [[plan]]
windows: { size: 1m, lateness: 5s }
`;
export const SPEC = specOf(YAML);

export const decoded = ({ key, value }: SlotRecord) => {
  const record = { topic: 't', partition: 0, offset: 0, timestampMs: 0, headers: {} };
  const found = decodeSlots({ ...record, key: Buffer.from(key), value: Buffer.from(value) });
  if (found?.type !== 'slot') throw new Error('no slot');
  return found.slot;
};

/**
 * Of each cell what its last slot holds, which is what its readers keep: key and a hash of all but `upTo`, which says when it was
 * written.
 */
export const contentsOf = (records: readonly SlotRecord[]): string[] =>
  [...new Map(records.map((record) => [record.key, record]))]
    .map(([key, record]) => {
      const { tracks, upTo: _, ...slot } = decoded(record);
      return `${key} ${createHash('sha1').update(JSON.stringify(slot)).update(tracks).digest('hex')}`;
    })
    .sort();
