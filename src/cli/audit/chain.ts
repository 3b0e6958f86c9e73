/** The records of a service as links: numbers without gaps, each with the hash of the one before and its own. */

import { canonicalJson, digestOf } from '../../config/digest.ts';
import type { RolloutRecord } from '../../records.ts';
import type { Placed } from '../rollout/records.ts';

export interface Fault {
  service: string;
  seq: number;
  place: string;
  message: string;
}

export interface Chain {
  /** In order, each once. */
  records: Placed[];
  /** Records that a restart wrote once more, with the same bytes. */
  repeated: number;
  faults: Fault[];
  /** The hash that the last record has; keep it elsewhere. */
  lastHash: string;
}

/** Of the record without this field. */
export function hashOf({ hash: _, ...record }: RolloutRecord): string {
  return digestOf(record);
}

export const faultOf = ({ record, place }: Placed, message: string): Fault => ({
  service: record.service,
  seq: record.seq,
  place,
  message,
});

/** Begins where the records do, and goes on behind a fault with what is there. */
export function chainOf(placed: readonly Placed[]): Chain {
  const chain: Chain = { records: [], repeated: 0, faults: [], lastHash: '' };
  const bySeq = new Map<number, Placed>();
  for (const one of placed) {
    const known = bySeq.get(one.record.seq);
    if (known === undefined) {
      checkLink(chain, one);
      bySeq.set(one.record.seq, one);
      chain.records.push(one);
      chain.lastHash = one.record.hash;
    } else if (canonicalJson(known.record) === canonicalJson(one.record)) chain.repeated++;
    else chain.faults.push(faultOf(one, `another record with this number stands at ${known.place}`));
  }
  return chain;
}

const short = (hash: string): string => (hash === '' ? 'none' : `${hash.slice(0, 12)}...`);

function checkLink({ records, faults, lastHash }: Chain, one: Placed): void {
  const { seq, previousHash, hash } = one.record;
  const expected = (records.at(-1)?.record.seq ?? 0) + 1;
  if (seq > expected) {
    const gone = seq - expected === 1 ? `record ${expected} is` : `records ${expected} to ${seq - 1} are`;
    faults.push(faultOf(one, `${gone} missing before it`));
  } else if (seq < expected)
    faults.push(faultOf(one, `it comes after record ${expected - 1}: the order was changed`));
  else if (previousHash !== lastHash)
    faults.push(
      faultOf(
        one,
        `it follows a record with the hash ${short(previousHash)}, and that before it has ${short(lastHash)}`,
      ),
    );
  const own = hashOf(one.record);
  if (own !== hash)
    faults.push(
      faultOf(one, `it was changed: its hash is ${short(hash)}, and what it says has ${short(own)}`),
    );
}
