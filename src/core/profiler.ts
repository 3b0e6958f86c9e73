/** Profiles rows where they arise, in a browser or at the edge, with the folds of the daemon; what leaves are slots. */

import { planTargets } from '../decode/plan.ts';
import { beginRows, clearRow, createRows, finishRow, putRecord, toBatch } from '../decode/rows.ts';
import { DEAD_CODES, type DeadCode } from '../errors.ts';
import type { Slot } from '../flow/messages.ts';
import { createObserve, stepObserve } from '../flow/observe.ts';
import { adopt, dropClosed, takeDirtySlots } from '../flow/pane-slots.ts';
import { slotKey } from '../flow/slot-keys.ts';
import { hash32 } from '../math/hash.ts';
import { packTracks, unpackTracks } from '../profile/registry.ts';
import type { ServiceSpec, StreamSpec } from '../records.ts';
import { encodeSlot } from './avro.ts';

/** Of a service, as the daemon has parsed it. */
export type CoreSpec = Pick<
  ServiceSpec,
  'service' | 'streams' | 'inputs' | 'outputs' | 'segments' | 'windows' | 'limits' | 'baseline'
>;

export interface ProfilerOptions {
  /** Names this device, browser or process. One that begins anew without `saved` MUST take a new name. */
  source: string;
  /** What is profiled; default: requests, of which the inputs are. */
  stream?: 'requests' | 'predictions';
  /** Categories that are not declared are counted as `other` where a slot has fewer rows of them. Default: 5. */
  categoryRowsMin?: number;
  /** What `save` gave. */
  saved?: string;
}

/** A record of the topic `slots`; `key` is its key. */
export interface SlotRecord {
  key: string;
  value: Uint8Array;
}

export interface Refused {
  /** Index into the rows that were given. */
  row: number;
  code: DeadCode;
  message: string;
}

export interface Profiler {
  /**
   * Folds rows in: objects in which the paths of the configuration find their values. Rows that cannot be read come back, and
   * count as `dead`. `nowMs` bounds the times of the rows, as that of the log does for the daemon.
   */
  add(rows: readonly unknown[], nowMs: number): Refused[];
  /** What has changed since the last call. Each slot holds all of its cell, so it may be written twice, and the last one is enough. */
  takeSlots(): SlotRecord[];
  /** The open panes and where the source is, as text: `saved` of the next profiler goes on from it. Rare categories are not hidden in it. */
  save(): string;
}

interface Saved {
  format: 'telltale-core/1';
  upTo: number;
  maxTimeMs: number;
  watermarkMs: number;
  deadWaiting: number;
  /** Tracks in base64. */
  slots: (Omit<Slot, 'tracks'> & { tracks: string })[];
}

const FORMAT = 'telltale-core/1';
const CATEGORY_ROWS_MIN = 5;

/** Throws where the service cannot be profiled without the daemon, with the cure. */
export function createProfiler(core: CoreSpec, options: ProfilerOptions): Profiler {
  const name = options.stream ?? 'requests';
  const rowsMin = options.categoryRowsMin ?? CATEGORY_ROWS_MIN;
  const stream = checked(core, name, rowsMin);
  // Only the stream itself, so that nothing waits for a join; models are scored by the daemon.
  const spec: ServiceSpec = { ...EMPTY, ...core, streams: [stream] };
  // Sources of their own: the daemon's partitions have the name of the topic alone.
  const source = {
    service: spec.service,
    group: name,
    topic: `${stream.topic}@${options.source}`,
    partition: 0,
    writer: 'core',
  };
  const state = createObserve(spec, name, source.topic, 0);
  const columns = createRows(spec, stream, planTargets(spec, stream));
  if (options.saved !== undefined) restore(options.saved);

  function restore(text: string): void {
    const saved = JSON.parse(text) as Saved;
    if (saved.format !== FORMAT) throw new Error(`saved is not ${FORMAT}: begin anew under another source`);
    for (const { tracks, ...slot } of saved.slots)
      adopt(state.panes, { ...slot, tracks: Uint8Array.from(atob(tracks), (char) => char.charCodeAt(0)) }, 0);
    const { upTo, deadWaiting, maxTimeMs, watermarkMs } = saved;
    Object.assign(state, { upTo, deadWaiting });
    Object.assign(state.panes, { maxTimeMs, watermarkMs });
  }

  const slotsOf = (): Slot[] =>
    takeDirtySlots(state.panes, source, state.upTo, 0).flatMap((output) =>
      output.type === 'slot' ? [output.record] : [],
    );

  return {
    add(rows, nowMs) {
      const refused: Refused[] = [];
      beginRows(columns, rows.length);
      const first = state.upTo + 1;
      const recordOf = (row: number) => ({
        topic: source.topic,
        partition: 0,
        offset: first + row,
        timestampMs: nowMs,
        key: null,
        value: null,
        headers: {},
      });
      rows.forEach((row, i) => {
        columns.timePerMs = 0;
        putRecord(columns, row);
        const code = finishRow(columns, recordOf(i));
        if (code === null) return;
        clearRow(columns);
        refused.push({ row: i, code, message: DEAD_CODES[code] });
      });
      const dead = refused.map(({ row, code, message }) => {
        const record = recordOf(row);
        return { offset: record.offset, code, stage: 'decode' as const, message, record };
      });
      const nothing = { models: [], images: [] };
      stepObserve(state, { ...toBatch(columns), dead }, nothing, first + rows.length - 1);
      return refused;
    },
    takeSlots() {
      const slots = slotsOf();
      dropClosed(state.panes, spec);
      return slots.map((slot) => {
        const hidden = { ...slot, tracks: withoutRare(slot.tracks, rowsMin) };
        return { key: slotKey(hidden), value: encodeSlot(hidden) };
      });
    },
    save() {
      const { upTo, deadWaiting, panes } = state;
      const dirty = [...panes.open.values()].map((pane) =>
        [...pane.cells.values()].map((cell) => ({ cell, dirty: cell.dirty })),
      );
      for (const { cell } of dirty.flat()) cell.dirty = true;
      const slots = slotsOf().map((slot) => ({ ...slot, tracks: base64Of(slot.tracks) }));
      for (const { cell, dirty: was } of dirty.flat()) cell.dirty = was;
      const { maxTimeMs, watermarkMs } = panes;
      return JSON.stringify({
        format: FORMAT,
        upTo,
        maxTimeMs,
        watermarkMs,
        deadWaiting,
        slots,
      } satisfies Saved);
    },
  };
}

/** The partition of `slots` that all records of a service go to, of so many. */
export const slotsPartitionOf = (service: string, partitions: number): number => hash32(service) % partitions;

const EMPTY = {
  description: '',
  models: [],
  maxDelayMs: 0,
  revisionsMs: [0],
  rules: [],
  retrain: null,
  digest: '',
} as const satisfies Partial<ServiceSpec>;

function checked(core: CoreSpec, name: string, rowsMin: number): StreamSpec {
  const stream = core.streams.find((own) => own.stream === name);
  if (stream === undefined)
    throw new Error(`${core.service} has no stream ${name}: name it in its configuration`);
  const image = core.inputs.find(({ type }) => type === 'image');
  if (name === 'requests' && image !== undefined)
    throw new Error(`the input '${image.name}' is an image, which only the daemon measures: leave it out`);
  const sensitive = core.inputs.find((input) => input.sensitive === true);
  if (name === 'requests' && sensitive !== undefined)
    throw new Error(
      `the input '${sensitive.name}' is sensitive, and only the daemon has the key of its stand-ins: leave it out`,
    );
  const open = core.inputs.find(
    (input) => core.segments.flat().includes(input.name) && input.categories === null,
  );
  if (rowsMin > 1 && name === 'requests' && open !== undefined)
    throw new Error(
      `segments by '${open.name}' would name rare values: declare its categories, or set categoryRowsMin to 1`,
    );
  return { ...stream, encoding: 'json' };
}

function withoutRare(bytes: Uint8Array, rowsMin: number): Uint8Array {
  if (rowsMin <= 1) return bytes;
  const tracks = unpackTracks(bytes);
  for (const { kind, state } of tracks.values()) {
    if (kind !== 'categorical') continue;
    for (const [category, rows] of state.unknown) {
      if (rows >= rowsMin) continue;
      state.unknown.delete(category);
      state.other += rows;
    }
  }
  return packTracks(tracks, [...tracks.keys()].sort());
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
