/**
 * Snapshots of the state of a fold (rule R12): in chunks, each of which says which snapshot it is part of. Only whole
 * ones count; any writer's is as good as another's, since a state is a function of the log's prefix.
 */

import { assert } from '../errors.ts';
import type { Heartbeat } from '../log/port.ts';
import type { Append } from '../records.ts';
import { readThrough } from './read-through.ts';
import type { Runtime } from './runtime.ts';

/** What it takes to read them. */
export type SnapshotLog = Pick<Runtime, 'log' | 'topics'>;

const CHUNK_BYTES = 800_000;

export type SnapshotOwner = 'join' | 'judge';

export interface Snapshot {
  /** Offset of the fold's partition through which the state goes. */
  upTo: number;
  bytes: Buffer;
}

/**
 * Writes a snapshot to the partition of `snapshots` with the number of the fold's own and resolves with an offset
 * from which on it can be found; the commit carries it, so that a restore does not read those of days (rule R9).
 */
export async function writeSnapshot(
  runtime: Runtime,
  owner: SnapshotOwner,
  partition: number,
  writer: string,
  { upTo, bytes }: Snapshot,
): Promise<number> {
  const topic = runtime.topics.snapshots;
  const { next } = await runtime.log.ends(topic, partition);
  const of = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
  const chunks: Append[] = Array.from({ length: of }, (_, chunk) => ({
    topic,
    partition,
    key: `${owner}|${partition}|${writer}|${chunk}`,
    value: bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES),
    headers: { owner, writer, upTo: String(upTo), chunk: String(chunk), of: String(of) },
  }));
  await runtime.log.append(chunks);
  return next;
}

/** The whole snapshot with the highest upTo, at or after offset `from` or else anywhere; null: there is none. */
export async function readSnapshot(
  runtime: SnapshotLog,
  owner: SnapshotOwner,
  partition: number,
  from: number,
  heartbeat: Heartbeat,
): Promise<Snapshot | null> {
  const found = await newest(runtime, owner, partition, from, heartbeat);
  return found === null && from > 0 ? newest(runtime, owner, partition, 0, heartbeat) : found;
}

async function newest(
  runtime: SnapshotLog,
  owner: SnapshotOwner,
  partition: number,
  from: number,
  heartbeat: Heartbeat,
): Promise<Snapshot | null> {
  const topic = runtime.topics.snapshots;
  const chunks = new Map<string, (Buffer | undefined)[]>();
  let best: Snapshot | null = null;
  await readThrough(runtime.log, { topic, partition, from }, heartbeat, ({ value, headers }) => {
    if (value === null || headers.owner?.toString() !== owner) return;
    const upTo = Number(headers.upTo);
    if (best !== null && upTo <= best.upTo) return;
    const id = `${headers.writer}|${upTo}`;
    const parts = chunks.get(id) ?? [];
    parts[Number(headers.chunk)] = value;
    chunks.set(id, parts);
    const of = Number(headers.of);
    const whole = parts.filter((part) => part !== undefined);
    if (whole.length < of) return;
    assert(whole.length === of, 'a snapshot has as many chunks as it says');
    chunks.clear();
    best = { upTo, bytes: Buffer.concat(whole) };
  });
  return best;
}
