/** Runs fold C over one partition of `slots`, with snapshots of its state (rule R12). */

import { assert } from '../errors.ts';
import type { Heartbeat, Membership, PartitionHandler } from '../log/port.ts';
import type { Append } from '../records.ts';
import {
  createJudge,
  type Judge,
  type JudgeSnapshot,
  restoreJudge,
  snapshotJudge,
  stepJudge,
  takeSlot,
} from './judge.ts';
import type { Output, SlotsRecord } from './messages.ts';
import { appendsOf } from './outbox.ts';
import type { Runtime } from './runtime.ts';
import { decodeSlots } from './wire.ts';

const CHUNK_BYTES = 800_000;
/** A snapshot for so many records, or after so long; a restart replays at most that much. */
const SNAPSHOT_RECORDS = 5_000;
const SNAPSHOT_EVERY_MS = 20_000;
const READ_MAX = 5_000;

interface Snapshot {
  upTo: number;
  judges: JudgeSnapshot[];
}

const serviceOf = (record: SlotsRecord): string => {
  switch (record.type) {
    case 'slot':
      return record.slot.service;
    case 'mark':
      return record.mark.service;
    case 'config':
      return record.config.service;
    case 'command':
      return record.command.service;
  }
};

/** The complete snapshot with the highest upTo by any writer. */
async function readSnapshot(
  runtime: Runtime,
  partition: number,
  heartbeat: Heartbeat,
): Promise<Snapshot | null> {
  const topic = runtime.topics.snapshots;
  const { first, next } = await runtime.log.ends(topic, partition);
  const chunks = new Map<string, Buffer[]>();
  let best: { upTo: number; text: string } | null = null;
  for (let at = first; at < next; ) {
    const records = await runtime.log.read(topic, partition, at, READ_MAX, 500);
    if (records.length === 0) break;
    for (const record of records) {
      at = record.offset + 1;
      if (record.value === null || record.headers.of === undefined) continue;
      // A chunk says which snapshot it is part of; only whole snapshots count.
      const id = `${record.headers.writer}|${record.headers.upTo}`;
      const parts = chunks.get(id) ?? [];
      parts[Number(record.headers.chunk)] = record.value;
      chunks.set(id, parts);
      const upTo = Number(record.headers.upTo);
      const whole = parts.filter(Boolean).length === Number(record.headers.of);
      if (!whole) continue;
      chunks.delete(id);
      if (best === null || upTo >= best.upTo) best = { upTo, text: Buffer.concat(parts).toString() };
    }
    await heartbeat();
  }
  return best === null ? null : (JSON.parse(best.text) as Snapshot);
}

function snapshotAppends(topic: string, partition: number, writer: string, snapshot: Snapshot): Append[] {
  const bytes = Buffer.from(JSON.stringify(snapshot));
  const of = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
  return Array.from({ length: of }, (_, chunk) => ({
    topic,
    partition,
    key: `${partition}|${writer}|${chunk}`,
    value: bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES),
    headers: { writer, upTo: String(snapshot.upTo), chunk: String(chunk), of: String(of) },
  }));
}

export function createJudgeTask(
  runtime: Runtime,
  partition: number,
  membership: Membership,
): PartitionHandler {
  const topic = runtime.topics.slots;
  const writer = runtime.newWriterId();
  const judges = new Map<string, Judge>();
  let pending: Append[] = [];
  let upTo = -1;
  let lastFlushMs = runtime.nowMs();
  let lastSnapshotMs = runtime.nowMs();
  let sinceFlush = 0;
  let sinceSnapshot = 0;
  let opened = false;

  const judgeOf = (service: string): Judge => {
    let judge = judges.get(service);
    if (judge === undefined) {
      judge = createJudge(service);
      judges.set(service, judge);
    }
    return judge;
  };

  const put = (outputs: readonly Output[], service: string): void => {
    for (const output of outputs) {
      pending.push(...appendsOf(runtime, output, service));
      runtime.counts.emitted(output);
    }
  };

  const flush = async (withSnapshot: boolean): Promise<void> => {
    if (!opened || sinceFlush === 0) return;
    const batch = pending;
    pending = [];
    if (batch.length > 0) await runtime.log.append(batch);
    if (
      withSnapshot ||
      sinceSnapshot >= SNAPSHOT_RECORDS ||
      runtime.nowMs() - lastSnapshotMs >= SNAPSHOT_EVERY_MS
    ) {
      const snapshot = { upTo, judges: [...judges.values()].map((judge) => snapshotJudge(judge, upTo + 1)) };
      await runtime.log.append(snapshotAppends(runtime.topics.snapshots, partition, writer, snapshot));
      sinceSnapshot = 0;
      lastSnapshotMs = runtime.nowMs();
    }
    await membership.commit(topic, partition, upTo + 1, '');
    sinceFlush = 0;
    lastFlushMs = runtime.nowMs();
  };

  /** Slots between the oldest open one and the snapshot are read again; nothing else is. */
  const replaySlots = async (from: number, to: number, heartbeat: Heartbeat): Promise<void> => {
    for (let at = from; at <= to; ) {
      const records = await runtime.log.read(topic, partition, at, READ_MAX, 500);
      if (records.length === 0) return;
      for (const record of records) {
        at = record.offset + 1;
        if (record.offset > to) return;
        const found = decodeSlots(record);
        if (found?.type === 'slot') takeSlot(judgeOf(found.slot.service), found.slot, record.offset);
      }
      await heartbeat();
    }
  };

  return {
    async open(heartbeat) {
      const snapshot = await readSnapshot(runtime, partition, heartbeat);
      opened = true;
      const { first } = await runtime.log.ends(topic, partition);
      if (snapshot === null) return first;
      for (const judge of snapshot.judges) judges.set(judge.service, restoreJudge(judge));
      upTo = snapshot.upTo;
      const replayFrom = Math.min(upTo + 1, ...snapshot.judges.map((judge) => judge.replayFrom));
      await replaySlots(Math.max(first, replayFrom), upTo, heartbeat);
      return upTo + 1;
    },

    async handle(records, heartbeat) {
      assert(opened, 'the task is open');
      for (const record of records) {
        upTo = record.offset;
        const found = decodeSlots(record);
        if (found === null) continue;
        const service = serviceOf(found);
        put(stepJudge(judgeOf(service), found, record.offset), service);
      }
      sinceFlush += records.length;
      sinceSnapshot += records.length;
      if (pending.length > 2_000 || runtime.nowMs() - lastFlushMs >= runtime.checkpoint.everyMs)
        await flush(false);
      await heartbeat();
    },

    async tick(nowMs) {
      if (sinceFlush > 0 && nowMs - lastFlushMs >= Math.min(runtime.checkpoint.everyMs, 500))
        await flush(false);
    },

    close: () => flush(true),
  };
}
