/** Runs fold C over one partition of `slots`, with snapshots of its state (rule R12). */

import { assert } from '../errors.ts';
import type { Membership, PartitionHandler } from '../log/port.ts';
import type { Append, LogRecord } from '../records.ts';
import { failedLetter } from './dead.ts';
import {
  createJudge,
  type Judge,
  type JudgeSnapshot,
  keepSlot,
  restoreJudge,
  snapshotJudge,
  stepJudge,
} from './judge.ts';
import type { Output, SlotsRecord } from './messages.ts';
import { appendsOf } from './outbox.ts';
import { readThrough } from './read-through.ts';
import { judgeGroupOf, partitionsOf, type Runtime, slotsPartitionOf } from './runtime.ts';
import { readSnapshot, writeSnapshot } from './snapshots.ts';
import { decodeSlots } from './wire.ts';

/** Rule R9: where in `snapshots` the state begins from which a new owner goes on. */
interface CommitState {
  snapshotFrom: number;
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
  let snapshotFrom = 0;
  let opened = false;
  const isOurs = (service: string) => slotsPartitionOf(service, partitionsOf(runtime, topic)) === partition;
  // Others may have judged since an earlier owner of this process knew it.
  for (const service of runtime.incidents.keys()) if (isOurs(service)) runtime.incidents.delete(service);

  const keepJudge = (judge: Judge): void => {
    judges.set(judge.service, judge);
    runtime.shown.set(judge.service, judge.shown);
    runtime.incidents.set(judge.service, judge.incidents);
  };

  const judgeOf = (service: string): Judge => {
    let judge = judges.get(service);
    if (judge === undefined) {
      judge = createJudge(service);
      keepJudge(judge);
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
    if (!opened || (sinceFlush === 0 && !(withSnapshot && sinceSnapshot > 0))) return;
    const batch = pending;
    pending = [];
    if (batch.length > 0) await runtime.log.append(batch);
    const { snapshotRecords, snapshotEveryMs } = runtime.checkpoint;
    if (
      withSnapshot ||
      sinceSnapshot >= snapshotRecords ||
      runtime.nowMs() - lastSnapshotMs >= snapshotEveryMs
    ) {
      const states = [...judges.values()].map((judge) => snapshotJudge(judge, upTo + 1));
      const bytes = Buffer.from(JSON.stringify(states));
      snapshotFrom = await writeSnapshot(runtime, 'judge', partition, writer, { upTo, bytes });
      sinceSnapshot = 0;
      lastSnapshotMs = runtime.nowMs();
    }
    const commit: CommitState = { snapshotFrom };
    await membership.commit(topic, partition, upTo + 1, JSON.stringify(commit));
    sinceFlush = 0;
    lastFlushMs = runtime.nowMs();
  };

  const complain = (record: LogRecord, service: string, cause: unknown): void => {
    const letter = failedLetter(runtime, record, 'judge', cause);
    runtime.counts.dead(service, 'slots', letter.code, 1);
    put([{ type: 'dead', record: letter }], service);
  };

  /** A record that cannot be read or judged becomes a dead letter and the partition moves on. */
  const take = (record: LogRecord): void => {
    let service = '';
    try {
      const found = decodeSlots(record);
      if (found === null) return;
      service = serviceOf(found);
      const judge = judgeOf(service);
      put(stepJudge(judge, found, record.offset), service);
      for (const fault of judge.faults.splice(0)) complain(record, service, fault);
      for (const reason of judge.refused.splice(0))
        runtime.logger.warn({ service, offset: record.offset, reason }, 'a command was refused');
    } catch (cause) {
      complain(record, service, cause);
    }
  };

  /** Slots between the oldest open one and the snapshot are read again; nothing else is. */
  const retakeSlot = (record: LogRecord): void => {
    try {
      const found = decodeSlots(record);
      if (found?.type === 'slot') keepSlot(judgeOf(found.slot.service), found.slot, record.offset);
    } catch {
      // It is among the dead letters since it was read first.
    }
  };

  return {
    async open(heartbeat) {
      const position = await runtime.log.committed(judgeGroupOf(runtime.group), topic, partition);
      const committed = position.metadata === '' ? null : (JSON.parse(position.metadata) as CommitState);
      snapshotFrom = committed?.snapshotFrom ?? 0;
      const snapshot = await readSnapshot(runtime, 'judge', partition, snapshotFrom, heartbeat);
      opened = true;
      const { first } = await runtime.log.ends(topic, partition);
      if (snapshot === null) return first;
      const states = JSON.parse(snapshot.bytes.toString()) as JudgeSnapshot[];
      for (const judge of states) keepJudge(restoreJudge(judge));
      upTo = snapshot.upTo;
      const from = Math.min(upTo + 1, ...states.map(({ replayFrom }) => replayFrom));
      if (from <= upTo)
        await readThrough(runtime.log, { topic, partition, from, to: upTo }, heartbeat, retakeSlot);
      return upTo + 1;
    },

    async handle(records, heartbeat) {
      assert(opened, 'the task is open');
      for (const record of records) {
        upTo = record.offset;
        take(record);
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
