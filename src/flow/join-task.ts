/** Runs fold B over one partition of `events`; every service that joins has a fold of its own. */

import { assert } from '../errors.ts';
import { floorOf } from '../join/pending.ts';
import type { Heartbeat, Membership, PartitionHandler } from '../log/port.ts';
import { needsJoin } from './events-of.ts';
import { createJoinFold, type JoinFold, stepJoin } from './join-fold.ts';
import { dropGhosts, joinStateOf, restoreJoinState, trimSteps } from './join-state.ts';
import type { Output } from './messages.ts';
import { appendsOf } from './outbox.ts';
import { dropClosed, restoreSource, type SourceId, takeDirtySlots } from './panes-log.ts';
import { partitionsOf, type Runtime } from './runtime.ts';
import { decodeEvent } from './wire.ts';

interface ServiceJoin {
  fold: JoinFold;
  source: SourceId;
  markWritten: string;
}

/** Rule R9: the first offset that is still needed to rebuild what is pending. */
interface CommitState {
  floor: number;
}

export function createJoinTask(
  runtime: Runtime,
  partition: number,
  membership: Membership,
): PartitionHandler {
  const topic = runtime.topics.events;
  const writer = runtime.newWriterId();
  const joins = new Map<string, ServiceJoin>();
  let upTo = -1;
  let lastFlushMs = runtime.nowMs();
  let recordsSinceFlush = 0;
  let opened = false;

  /** The join of a service, following a reload of its configuration; null when it is not configured here. */
  const joinOf = (service: string): ServiceJoin | null => {
    const spec = runtime.services.get(service)?.spec;
    if (spec === undefined || !needsJoin(spec)) return null;
    let join = joins.get(service);
    if (join === undefined) {
      const source: SourceId = { service, group: 'events', topic, partition, writer };
      join = { fold: createJoinFold(spec), source, markWritten: '' };
      joins.set(service, join);
    } else if (join.fold.spec !== spec) {
      join.fold = { ...join.fold, spec };
    }
    return join;
  };

  const write = async (service: string, outputs: readonly Output[]): Promise<void> => {
    const appends = outputs.flatMap((output) => appendsOf(runtime, output, service));
    if (appends.length > 0) await runtime.log.append(appends);
  };

  const flush = async (): Promise<void> => {
    if (!opened) return;
    const startedMs = runtime.nowMs();
    for (const service of runtime.services.keys()) joinOf(service);
    let floor = upTo + 1;
    // What is pending is whole again only when all that was read before the restart has been read again.
    if ([...joins.values()].some(({ fold }) => upTo < fold.restoredUpTo)) return;
    for (const [service, join] of joins) {
      dropGhosts(join.fold);
      join.fold.upTo = Math.max(join.fold.upTo, upTo);
      floor = Math.min(floor, trimSteps(join.fold, floorOf(join.fold.pending, upTo + 1)));
      await write(service, takeDirtySlots(join.fold.panes, join.source, upTo));
      const { watermarkMs } = join.fold.panes;
      const partitions = partitionsOf(runtime, topic);
      const state = joinStateOf(join.fold);
      // Offsets count too: what is read again after a restart is told by the mark.
      const text = `${upTo}|${state}`;
      if (join.markWritten !== text) {
        const record = { ...join.source, partitions, upTo, watermarkMs, idle: false, state };
        await write(service, [{ type: 'mark', record }]);
        join.markWritten = text;
      }
    }
    if (recordsSinceFlush > 0) {
      const commit: CommitState = { floor };
      await membership.commit(topic, partition, upTo + 1, JSON.stringify(commit));
    }
    for (const join of joins.values()) dropClosed(join.fold.panes, join.fold.spec);
    recordsSinceFlush = 0;
    lastFlushMs = runtime.nowMs();
    runtime.counts.checkpoint(topic, lastFlushMs - startedMs);
  };

  return {
    async open(heartbeat: Heartbeat) {
      const position = await runtime.log.committed(runtime.group, topic, partition);
      for (const service of runtime.services.keys()) {
        const join = joinOf(service);
        if (join === null) continue;
        const mark = await restoreSource(runtime, join.source, join.fold.panes, heartbeat);
        if (mark !== null) restoreJoinState(join.fold, mark.state, mark.upTo);
        dropClosed(join.fold.panes, join.fold.spec);
      }
      opened = true;
      if (position.offset === null) return 'stay';
      upTo = position.offset - 1;
      const commit = position.metadata === '' ? null : (JSON.parse(position.metadata) as CommitState);
      const floor = commit?.floor ?? position.offset;
      if (floor < position.offset) upTo = floor - 1;
      return floor < position.offset ? floor : 'stay';
    },

    async handle(records, heartbeat) {
      assert(opened, 'the task is open');
      for (const record of records) {
        upTo = record.offset;
        if (record.value === null) continue;
        const event = decodeEvent(record.value);
        const join = joinOf(event.service);
        if (join !== null) stepJoin(join.fold, event, record.offset);
      }
      recordsSinceFlush += records.length;
      const due = runtime.nowMs() - lastFlushMs >= runtime.checkpoint.everyMs;
      if (due || recordsSinceFlush >= runtime.checkpoint.recordsMax) await flush();
      await heartbeat();
    },

    async tick(nowMs) {
      if (nowMs - lastFlushMs >= runtime.checkpoint.everyMs) await flush();
    },

    close: flush,
  };
}
