/** Runs fold A over one input partition: decode, score, fold, flush, commit. */

import { assert, messageOf } from '../errors.ts';
import type { Heartbeat, Membership, PartitionHandler } from '../log/port.ts';
import type { Append, Batch, LogRecord, Scored, StreamSpec } from '../records.ts';
import { paneStart, slotsFromOf } from '../window/panes.ts';
import { TIME_MAX_MS, TIME_MIN_MS } from '../window/watermarks.ts';
import { failedLetter } from './dead.ts';
import { joinsById } from './events-of.ts';
import type { Output } from './messages.ts';
import { createObserve, type Observe, stepObserve } from './observe.ts';
import { appendsOf } from './outbox.ts';
import { dropClosed, type SourceId, takeDirtySlots } from './pane-slots.ts';
import { restoreSource, slotsEndOf } from './panes-log.ts';
import { causeShown } from './privacy.ts';
import { readRouted } from './routed.ts';
import { partitionsOf, type Runtime } from './runtime.ts';

/** Records scored at once: small batches pay the hop to the worker too often, large ones hold much memory. */
const BATCH_MAX = 4_096;
/** Appends that wait are written before they grow beyond this, without a commit. */
const PENDING_APPENDS_MAX = 5_000;

const NOT_SCORED: Scored = { models: [], images: [] };

/** A task whose input can end, as that of files does. */
export interface EndingHandler extends PartitionHandler {
  /** No more will come: the watermark passes every window. */
  end(): Promise<void>;
}

/** Rule R9: what a new owner must know of event time, in the metadata of the commit. */
interface CommitState {
  maxTimeMs: number;
  watermarkMs: number;
  deadWaiting: number;
  slotsFrom: number;
}

export function createObserveTask(
  runtime: Runtime,
  service: string,
  stream: StreamSpec,
  partition: number,
  membership: Membership,
): EndingHandler {
  const { topic } = stream;
  const running = () => runtime.services.get(service)!;
  let spec = running().spec;
  let decoder = runtime.decoderFor(spec, stream);
  let state: Observe = createObserve(spec, stream.stream, topic, partition);
  const source: SourceId = { service, group: stream.stream, topic, partition, writer: runtime.newWriterId() };
  let pending: Append[] = [];
  let lastFlushMs = runtime.nowMs();
  let lastRecordMs = runtime.nowMs();
  let recordsSinceFlush = 0;
  let idle = false;
  let markWritten = '';
  let slotsEnd = 0;
  let opened = false;

  /** A reload takes effect between two batches; panes and positions stay. */
  const follow = (): void => {
    const next = running().spec;
    if (next === spec) return;
    spec = next;
    const now = spec.streams.find((own) => own.topic === topic && own.stream === stream.stream);
    decoder = runtime.decoderFor(spec, now ?? stream);
    state = { ...state, spec };
  };

  const put = (outputs: readonly Output[]): void => {
    for (const output of outputs) pending.push(...appendsOf(runtime, output, service));
  };

  const writePending = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    if (batch.length > 0) await runtime.log.append(batch);
  };

  const markOutputs = (): Output[] => {
    const { watermarkMs } = state.panes;
    const partitions = Math.max(partitionsOf(runtime, topic), partition + 1);
    const text = `${watermarkMs}|${idle}|${partitions}|${state.upTo}`;
    if (text === markWritten) return [];
    markWritten = text;
    const outputs: Output[] = [];
    if (joinsById(spec, stream.stream)) {
      outputs.push({
        type: 'event_mark',
        record: {
          kind: 'mark',
          service,
          id: '',
          timeMs: watermarkMs,
          originTopic: topic,
          originPartition: partition,
          originOffset: state.upTo,
          originRow: 0,
          segments: [],
          numbers: [partitions, idle ? 1 : 0],
        },
      });
    }
    const { upTo } = state;
    outputs.push({ type: 'mark', record: { ...source, partitions, upTo, watermarkMs, idle } });
    return outputs;
  };

  const commit = (): Promise<void> => {
    const { maxTimeMs, watermarkMs } = state.panes;
    const slotsFrom = slotsFromOf(state.panes, slotsEnd);
    const metadata: CommitState = { maxTimeMs, watermarkMs, deadWaiting: state.deadWaiting, slotsFrom };
    return membership.commit(topic, partition, state.upTo + 1, JSON.stringify(metadata));
  };

  /** Rule R3: outputs, then slots, then the watermark, then the commit; each acknowledged before the next. */
  const flush = async (): Promise<void> => {
    if (!opened) return;
    const startedMs = runtime.nowMs();
    await writePending();
    if (recordsSinceFlush > 0) slotsEnd = await slotsEndOf(runtime, service);
    put(takeDirtySlots(state.panes, source, state.upTo, slotsEnd));
    await writePending();
    put(markOutputs());
    await writePending();
    if (recordsSinceFlush > 0) await commit();
    dropClosed(state.panes, spec);
    recordsSinceFlush = 0;
    lastFlushMs = runtime.nowMs();
    runtime.counts.checkpoint(topic, lastFlushMs - startedMs);
  };

  /** How far a silent source is by now: it goes on by as long as it has been silent, in whole hops. */
  const silentWatermark = (silentMs: number): number => {
    const { maxTimeMs, watermarkMs } = state.panes;
    if (maxTimeMs === TIME_MIN_MS) return watermarkMs;
    const { latenessMs, graceMs, hopMs } = spec.windows;
    const followedMs = paneStart(maxTimeMs - latenessMs + silentMs - graceMs, hopMs) + graceMs;
    return Math.max(watermarkMs, followedMs);
  };

  /**
   * Rule R7: that a source is silent is decided by a clock, so it is not a function of what was read. It is
   * committed first, which the group allows its present owner alone, and told only then: a member that was thought
   * dead cannot close windows under the new owner, and a new owner knows what has been told.
   */
  const fallSilent = async (silentMs: number): Promise<void> => {
    const followedMs = silentWatermark(silentMs);
    if (idle && followedMs === state.panes.watermarkMs) return;
    await flush();
    idle = true;
    state.panes.watermarkMs = followedMs;
    await commit();
    put(markOutputs());
    await writePending();
    dropClosed(state.panes, spec);
  };

  const score = async (batch: Batch): Promise<Scored> => {
    const { scorer } = running();
    return stream.stream === 'requests' && scorer !== null && batch.n > 0 ? scorer.score(batch) : NOT_SCORED;
  };

  /** Decodes and scores; a record that makes a stage throw becomes a dead letter and the partition moves on. */
  const prepare = async (records: readonly LogRecord[]): Promise<{ batch: Batch; scored: Scored }[]> => {
    await decoder.prepare(records);
    try {
      const batch = decoder.decode(records);
      if (stream.stream === 'requests') readRouted(spec, records, batch);
      const scored = await score(batch);
      // Models have seen what came; nobody behind them does.
      const inputs = runtime.privacy?.protect(spec, batch.inputs) ?? batch.inputs;
      return [{ batch: { ...batch, inputs }, scored }];
    } catch (cause) {
      if (records.length > 1) {
        const half = records.length >> 1;
        return [...(await prepare(records.slice(0, half))), ...(await prepare(records.slice(half)))];
      }
      const empty = decoder.decode([]);
      const shown = causeShown(spec, messageOf(cause));
      empty.dead.push(failedLetter(runtime, records[0]!, 'score', shown));
      return [{ batch: empty, scored: NOT_SCORED }];
    }
  };

  const handleRun = async (records: readonly LogRecord[]): Promise<void> => {
    follow();
    const lateBefore = state.lateSeen;
    const parts = await prepare(records);
    const last = records.at(-1)!.offset;
    parts.forEach(({ batch, scored }, i) => {
      const end =
        i === parts.length - 1 ? last : Math.max(batch.offsets.at(-1) ?? -1, batch.dead.at(-1)?.offset ?? -1);
      put(stepObserve(state, batch, scored, Math.max(state.upTo, end)));
      for (const letter of batch.dead) runtime.counts.dead(service, stream.stream, letter.code, 1);
    });
    runtime.counts.records(service, stream.stream, records.length);
    if (state.lateSeen > lateBefore) runtime.counts.late(service, stream.stream, state.lateSeen - lateBefore);
    recordsSinceFlush += records.length;
    if (pending.length > PENDING_APPENDS_MAX) await writePending();
  };

  const isDue = (): boolean =>
    recordsSinceFlush >= runtime.checkpoint.recordsMax ||
    runtime.nowMs() - lastFlushMs >= runtime.checkpoint.everyMs;

  return {
    async open(heartbeat: Heartbeat) {
      const position = await runtime.log.committed(runtime.group, topic, partition);
      if (position.offset !== null) {
        const commit = position.metadata === '' ? null : (JSON.parse(position.metadata) as CommitState);
        state.panes.maxTimeMs = commit?.maxTimeMs ?? TIME_MIN_MS;
        state.panes.watermarkMs = commit?.watermarkMs ?? TIME_MIN_MS;
        state.deadWaiting = commit?.deadWaiting ?? 0;
        state.upTo = position.offset - 1;
        slotsEnd = commit?.slotsFrom ?? 0;
      }
      await restoreSource(runtime, source, spec, state.panes, slotsEnd, heartbeat);
      opened = true;
      lastRecordMs = runtime.nowMs();
      // Not "where the group is": another owner may have committed since, and what it skipped is not restored here.
      return position.offset ?? (await runtime.log.ends(topic, partition)).first;
    },

    async handle(records, heartbeat) {
      assert(opened, 'the task is open');
      idle = false;
      for (let at = 0; at < records.length; at += BATCH_MAX) {
        await handleRun(records.slice(at, at + BATCH_MAX));
        if (isDue()) await flush();
        await heartbeat();
      }
      lastRecordMs = runtime.nowMs();
    },

    async tick(nowMs, lag) {
      runtime.counts.lag(service, stream.stream, partition, lag);
      const silentMs = nowMs - lastRecordMs;
      if (opened && lag === 0 && silentMs >= spec.windows.idleAfterMs) await fallSilent(silentMs);
      if (nowMs - lastFlushMs >= runtime.checkpoint.everyMs) await flush();
    },

    async end() {
      state.panes.watermarkMs = TIME_MAX_MS;
      await flush();
    },

    close: flush,
  };
}
