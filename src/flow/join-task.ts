/** Runs fold B over one partition of `events`; every service that joins has a fold of its own. */

import { assert } from '../errors.ts';
import type { Heartbeat, Membership, PartitionHandler } from '../log/port.ts';
import type { LogRecord } from '../records.ts';
import { failedLetter } from './dead.ts';
import { needsJoin } from './events-of.ts';
import { stepJoin } from './join-fold.ts';
import { createJoinFold, type JoinFold, packJoins, unpackJoins, withSpec } from './join-state.ts';
import type { JoinEvent, Output } from './messages.ts';
import { appendsOf } from './outbox.ts';
import { dropClosed, type SourceId, takeDirtySlots } from './pane-slots.ts';
import { restoreSource, slotsEndOf } from './panes-log.ts';
import { partitionsOf, type Runtime } from './runtime.ts';
import { readSnapshot, writeSnapshot } from './snapshots.ts';
import { decodeEvent } from './wire.ts';

interface ServiceJoin {
  fold: JoinFold;
  source: SourceId;
}

/** Rule R9: where in `snapshots` the state begins from which a new owner goes on. */
interface CommitState {
  snapshotFrom: number;
}

/** A snapshot of many rows is worth writing only for as many new events. */
const ROWS_PER_SNAPSHOT_MS = 10;

export function createJoinTask(
  runtime: Runtime,
  partition: number,
  membership: Membership,
): PartitionHandler {
  const topic = runtime.topics.events;
  const writer = runtime.newWriterId();
  const joins = new Map<string, ServiceJoin>();
  const marksWritten = new Map<string, string>();
  let upTo = -1;
  let lastFlushMs = runtime.nowMs();
  let lastSnapshotMs = runtime.nowMs();
  let sinceFlush = 0;
  let sinceSnapshot = 0;
  let snapshotFrom = 0;
  let opened = false;

  const sourceOf = (service: string): SourceId => ({ service, group: 'events', topic, partition, writer });

  /** The join of a service, following a reload of its configuration; null when it is not configured here. */
  const joinOf = (service: string): ServiceJoin | null => {
    const spec = runtime.services.get(service)?.spec;
    if (spec === undefined || !needsJoin(spec)) return null;
    let join = joins.get(service);
    if (join === undefined) {
      join = { fold: createJoinFold(spec), source: sourceOf(service) };
      joins.set(service, join);
    } else if (join.fold.spec !== spec) {
      join.fold = withSpec(join.fold, spec);
    }
    return join;
  };

  const write = async (service: string, outputs: readonly Output[]): Promise<void> => {
    const appends = outputs.flatMap((output) => appendsOf(runtime, output, service));
    if (appends.length > 0) await runtime.log.append(appends);
  };

  const snapshotDue = (): boolean => {
    if (sinceSnapshot === 0) return false;
    const { snapshotRecords, snapshotEveryMs } = runtime.checkpoint;
    let rows = 0;
    for (const { fold } of joins.values()) rows += fold.requests.size + fold.waiting.size;
    const sinceMs = runtime.nowMs() - lastSnapshotMs;
    return (
      sinceSnapshot >= Math.max(snapshotRecords, rows) ||
      sinceMs >= Math.max(snapshotEveryMs, rows / ROWS_PER_SNAPSHOT_MS)
    );
  };

  /** Rule R3: slots, then the marks, then now and then a snapshot, then the commit; each acknowledged before the next. */
  const flush = async (withSnapshot: boolean): Promise<void> => {
    if (!opened) return;
    const startedMs = runtime.nowMs();
    for (const service of runtime.services.keys()) joinOf(service);
    for (const [service, { fold, source }] of joins) {
      if (sinceFlush > 0) fold.slotsEnd = await slotsEndOf(runtime, service);
      await write(service, takeDirtySlots(fold.panes, source, upTo, fold.slotsEnd));
      const { watermarkMs } = fold;
      const partitions = partitionsOf(runtime, topic);
      const text = `${watermarkMs}|${partitions}`;
      if (marksWritten.get(service) === text) continue;
      marksWritten.set(service, text);
      const record = { ...source, partitions, upTo, watermarkMs, idle: false };
      await write(service, [{ type: 'mark', record }]);
      dropClosed(fold.panes, fold.spec);
    }
    if (withSnapshot ? sinceSnapshot > 0 : snapshotDue()) {
      const bytes = Buffer.from(packJoins([...joins.values()].map(({ fold }) => fold)));
      snapshotFrom = await writeSnapshot(runtime, 'join', partition, writer, { upTo, bytes });
      sinceSnapshot = 0;
      lastSnapshotMs = runtime.nowMs();
    }
    if (sinceFlush > 0) {
      const commit: CommitState = { snapshotFrom };
      await membership.commit(topic, partition, upTo + 1, JSON.stringify(commit));
    }
    sinceFlush = 0;
    lastFlushMs = runtime.nowMs();
    runtime.counts.checkpoint(topic, lastFlushMs - startedMs);
  };

  /** An event that cannot be read or folded becomes a dead letter and the partition moves on. */
  const take = async (record: LogRecord): Promise<void> => {
    upTo = record.offset;
    if (record.value === null) return;
    let event: JoinEvent | null = null;
    try {
      event = decodeEvent(record.value);
      const join = joinOf(event.service);
      if (join !== null) stepJoin(join.fold, event, record.offset);
    } catch (cause) {
      const letter = failedLetter(runtime, record, 'join', cause);
      runtime.counts.dead(event?.service ?? '', 'events', letter.code, 1);
      await write(event?.service ?? '', [{ type: 'dead', record: letter }]);
    }
  };

  return {
    async open(heartbeat: Heartbeat) {
      const position = await runtime.log.committed(runtime.group, topic, partition);
      const commit = position.metadata === '' ? null : (JSON.parse(position.metadata) as CommitState);
      snapshotFrom = commit?.snapshotFrom ?? 0;
      const snapshot = await readSnapshot(runtime, 'join', partition, snapshotFrom, heartbeat);
      const specOf = (service: string) => runtime.services.get(service)?.spec;
      if (snapshot !== null) {
        for (const fold of unpackJoins(snapshot.bytes, specOf))
          joins.set(fold.spec.service, { fold, source: sourceOf(fold.spec.service) });
        upTo = snapshot.upTo;
      }
      for (const service of runtime.services.keys()) {
        const join = joinOf(service);
        if (join === null) continue;
        const { fold, source } = join;
        // After the snapshot was read: slots are at least as new as it, since they are written before it.
        await restoreSource(runtime, source, fold.spec, fold.panes, fold.slotsEnd, heartbeat);
      }
      opened = true;
      // Not from the commit on: what followed the snapshot rebuilds what is pending, and slots skip it (rule R5).
      return upTo + 1;
    },

    async handle(records, heartbeat) {
      assert(opened, 'the task is open');
      for (const record of records) await take(record);
      sinceFlush += records.length;
      sinceSnapshot += records.length;
      const due = runtime.nowMs() - lastFlushMs >= runtime.checkpoint.everyMs;
      if (due || sinceFlush >= runtime.checkpoint.recordsMax) await flush(false);
      await heartbeat();
    },

    async tick(nowMs) {
      if (nowMs - lastFlushMs >= runtime.checkpoint.everyMs) await flush(false);
    },

    close: () => flush(true),
  };
}
