/**
 * What the judge learns from closed windows.
 *
 * Each source group learns from its own final windows alone: groups close apart, so what another has learned by now would
 * depend on which stream was read faster. Hopping windows overlap; only those that end at a multiple of their size are
 * learned from, so that no row counts twice. Windows in which an alarm of the group fires are left out, and so are waiting
 * ones since its onset: drift must not become the norm.
 */

import { hash32, idOf } from '../math/hash.ts';
import type { Tracks } from '../profile/registry.ts';
import type { Alert, LearnSpec, Season, ServiceSpec } from '../records.ts';
import { OTHER_SEGMENT } from '../window/panes.ts';
import { type Block, blockOf, measureBlock, mergeBlock, packBlock } from './blocks.ts';
import type { SourceGroup } from './messages.ts';

export interface Learned {
  /** Oldest first. `first` has one; `rolling` at most one more than BLOCKS. */
  blocks: Block[];
  /** Rolling: windows that are not old enough, oldest first. */
  waiting: Block[];
  /** Counts the changes of `blocks`. */
  version: number;
}

export interface GroupReferences {
  /** Segment -> number of the hour ('' without a season) -> what was learned. */
  segments: Record<string, Record<string, Learned>>;
  /** Segments with a larger hash gave way (rule R13). */
  hashMax: number;
  /** Fingerprints of the alarms of this group that fire. */
  firing: string[];
  /** The part that was learned from last. */
  part: string;
}

/** Plain JSON once it is packed; then it is part of the judge's snapshot (rule R12). */
export interface References {
  /** What the states depend on: another key begins anew. */
  key: string;
  groups: Partial<Record<SourceGroup, GroupReferences>>;
}

export const createReferences = (): References => ({ key: '', groups: {} });

/** Makes all of it plain JSON, for a snapshot. */
export function packReferences(references: References): References {
  for (const { segments } of Object.values(references.groups))
    for (const parts of Object.values(segments))
      for (const { blocks, waiting } of Object.values(parts))
        for (const block of [...blocks, ...waiting]) packBlock(block);
  return references;
}

/** A rolling reference moves on by whole blocks, so that a service keeps few states whatever its length. */
const BLOCKS = 8;
const HASH_MAX = 2 ** 32 - 1;
const HOUR_MS = 3_600_000;

/** A rolling reference is used when it has a block. */
export const blockSize = (learn: LearnSpec): number => Math.ceil(learn.windows / BLOCKS);

/** Number of the hour in which a window begins, from 0; the week begins on Monday. 1970 began on a Thursday. */
export function hourOf(season: Season, startMs: number): number {
  const [hours, shift] = season === 'hour_of_day' ? [24, 0] : [168, 72];
  const hour = (Math.floor(startMs / HOUR_MS) + shift) % hours;
  return hour < 0 ? hour + hours : hour;
}

/** The part of the season that a window belongs to. */
export const partOf = ({ season, windows }: ServiceSpec, endMs: number): string =>
  season === undefined ? '' : String(hourOf(season, endMs - windows.sizeMs));

/** Forgets what was learned where it does not belong to the new configuration. */
export function adoptSpec(references: References, spec: ServiceSpec): void {
  const { learn, season, inputs, outputs, models, windows, baseline } = spec;
  const { bytesMax: _, ...of } = learn ?? { bytesMax: 0 };
  const { sizeMs, hopMs } = windows;
  // Joint sums are of values that the file standardizes.
  const file = baseline === null ? '' : idOf(JSON.stringify(baseline.tracks));
  const about = { of, season, inputs, outputs, models, sizeMs, hopMs, file };
  const key = learn === undefined ? '' : idOf('references', JSON.stringify(about));
  if (references.key === key) return;
  references.key = key;
  for (const group of Object.values(references.groups)) {
    group.segments = {};
    group.hashMax = HASH_MAX;
  }
}

function groupOf(references: References, group: SourceGroup): GroupReferences {
  references.groups[group] ??= { segments: {}, hashMax: HASH_MAX, firing: [], part: '' };
  return references.groups[group];
}

function forgetWaiting(own: GroupReferences, sinceMs: number): void {
  for (const parts of Object.values(own.segments))
    for (const learned of Object.values(parts))
      learned.waiting = learned.waiting.filter(({ endMs }) => endMs <= sinceMs);
}

/** The alarms of the group that fire after these; their waiting windows since the onset are no norm. */
function noteFiring(own: GroupReferences, alerts: readonly Alert[]): void {
  const firing = new Set(own.firing);
  for (const { fingerprint, state, sinceMs } of alerts) {
    if (state === 'resolved') {
      firing.delete(fingerprint);
      continue;
    }
    firing.add(fingerprint);
    forgetWaiting(own, sinceMs);
  }
  own.firing = [...firing].sort();
}

/** Alarms that ended because their rule is gone. */
export function noteResolved(references: References, alerts: readonly Alert[]): void {
  for (const own of Object.values(references.groups)) noteFiring(own, alerts);
}

function addTo(learned: Learned, block: Block, windowsMax: number): void {
  const last = learned.blocks.at(-1);
  const isOpen = last !== undefined && last.windows < windowsMax;
  if (isOpen) mergeBlock(last, block);
  else learned.blocks.push(block);
  const own = isOpen ? last : block;
  const isWhole = own.windows >= windowsMax;
  measureBlock(own, isWhole);
  if (!isWhole) return;
  packBlock(own);
  learned.version++;
}

export const windowsOf = ({ blocks }: Learned): number =>
  blocks.reduce((sum, { windows }) => sum + windows, 0);

/** Blocks that are compared with; the one that is being filled is not. */
export const wholeBlocks = ({ blocks }: Learned, learn: LearnSpec): Block[] =>
  blocks.filter(({ windows }) => windows >= (learn.kind === 'first' ? learn.windows : blockSize(learn)));

/** Moves on the windows that are old enough for whatever closes next, and drops blocks beyond the wanted length. */
function roll(learned: Learned, learn: LearnSpec, newestMs: number): void {
  while (learned.waiting.length > 0 && learned.waiting[0]!.endMs <= newestMs) {
    addTo(learned, learned.waiting.shift()!, blockSize(learn));
  }
  while ((wholeBlocks(learned, learn).length - 1) * blockSize(learn) >= learn.windows) {
    learned.blocks.shift();
    learned.version++;
  }
}

const bytesOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { bytes }) => sum + bytes, 0);

/** Rule R13: segments of the largest hashes give way until what is kept fits; the whole traffic stays. */
function bound(own: GroupReferences, bytesMax: number): void {
  const sizes = new Map<string, number>();
  let total = 0;
  for (const [segment, parts] of Object.entries(own.segments)) {
    let bytes = 0;
    for (const { blocks, waiting } of Object.values(parts)) bytes += bytesOf(blocks) + bytesOf(waiting);
    sizes.set(segment, bytes);
    total += bytes;
  }
  if (total <= bytesMax) return;
  const order = [...sizes.keys()].filter((segment) => segment !== '*');
  order.sort((a, b) => hash32(b) - hash32(a) || (a < b ? 1 : -1));
  for (const segment of order) {
    if (total <= bytesMax && hash32(segment) <= own.hashMax) return;
    total -= sizes.get(segment)!;
    delete own.segments[segment];
    own.hashMax = Math.min(own.hashMax, hash32(segment) - 1);
  }
}

export const isOther = (segment: string): boolean => segment.endsWith(`=${OTHER_SEGMENT}`);

/** Whether the bound leaves room for a segment. */
export const isLearnt = (own: GroupReferences | undefined, segment: string): boolean =>
  segment === '*' || (!isOther(segment) && hash32(segment) <= (own?.hashMax ?? HASH_MAX));

/** Many waiting windows are kept packed. */
const WAITING_LIVE = 2;

function wait(learned: Learned, block: Block, { lagWindows }: LearnSpec): void {
  if (lagWindows > WAITING_LIVE) {
    measureBlock(block, true);
    packBlock(block);
  }
  learned.waiting.push(block);
}

/** Of a season one hour is live at a time. */
function packParts(own: GroupReferences, part: string): void {
  own.part = part;
  for (const parts of Object.values(own.segments))
    for (const { blocks } of Object.values(parts)) for (const block of blocks) packBlock(block);
}

/** A revision of a window of a source group. */
export interface Closed {
  endMs: number;
  /** By segment. */
  cells: ReadonlyMap<string, Tracks>;
  /** Of this group, in this window. */
  alerts: readonly Alert[];
  /** Since when what the alarms on the budget of this group speak of is so; those wait before they are told. */
  onsetsMs: readonly number[];
  isFinal: boolean;
}

/** Final revisions, which come in the order of their ends, are learned from while no alarm stands. */
export function learnWindow(
  references: References,
  spec: ServiceSpec,
  group: SourceGroup,
  window: Closed,
): void {
  const { learn, windows } = spec;
  const { endMs, cells, alerts, onsetsMs, isFinal } = window;
  if (learn === undefined && alerts.length === 0) return;
  const own = groupOf(references, group);
  noteFiring(own, alerts);
  for (const onsetMs of onsetsMs) forgetWaiting(own, onsetMs);
  if (learn === undefined || !isFinal) return;
  const isApart = endMs % windows.sizeMs === 0;
  const isSince = learn.sinceMs === null || endMs - windows.sizeMs >= learn.sinceMs;
  if (isApart && isSince && own.firing.length === 0 && onsetsMs.length === 0) {
    const part = partOf(spec, endMs);
    if (part !== own.part) packParts(own, part);
    for (const [segment, tracks] of cells) {
      if (!isLearnt(own, segment)) continue;
      own.segments[segment] ??= {};
      own.segments[segment][part] ??= { blocks: [], waiting: [], version: 0 };
      const learned = own.segments[segment][part];
      if (learn.kind === 'rolling') wait(learned, blockOf(endMs, tracks), learn);
      else if (windowsOf(learned) < learn.windows) addTo(learned, blockOf(endMs, tracks), learn.windows);
    }
  }
  if (learn.kind === 'rolling') {
    const newestMs = endMs + windows.hopMs - (1 + learn.lagWindows) * windows.sizeMs;
    for (const parts of Object.values(own.segments))
      for (const learned of Object.values(parts)) roll(learned, learn, newestMs);
  }
  bound(own, learn.bytesMax);
}
