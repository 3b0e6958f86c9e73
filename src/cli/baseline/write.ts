import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, TelltaleError } from '../../errors.ts';
import type { Baseline, BaselinePart, TrackBaseline } from '../../records.ts';

/**
 * JSON with a line for each track and state, in the order of their names, so that a new baseline is a readable change in
 * a repository and equal baselines are equal bytes.
 */
export function formatBaseline(baseline: Baseline): string {
  const { format, service, n, tracks, states = {}, segments, season } = baseline;
  const fields = [
    field('format', format),
    field('service', service),
    field('n', n),
    `"tracks": ${table(tracks, (track, name) => JSON.stringify(shortened(track, `input//${name}` in states)), 1)}`,
  ];
  if (baseline.states !== undefined)
    fields.push(`"states": ${table(states, (text) => JSON.stringify(text), 1)}`);
  if (segments !== undefined) fields.push(`"segments": ${table(segments, (part) => partOf(part, 2), 1)}`);
  if (season !== undefined) {
    const parts = table(season.parts, (part) => partOf(part, 3), 2);
    fields.push(`"season": {\n    ${field('of', season.of)},\n    "parts": ${parts}\n  }`);
  }
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

const field = (key: string, value: unknown): string => `"${key}": ${JSON.stringify(value)}`;

/** The sketch stands in the track's state. */
function shortened(track: TrackBaseline, hasState: boolean): object {
  if (track.type !== 'numeric' || !hasState) return track;
  const { sketch: _, ...rest } = track;
  return rest;
}

const partOf = ({ n, states }: BaselinePart, depth: number): string => {
  const indent = '  '.repeat(depth + 1);
  return `{\n${indent}${field('n', n)},\n${indent}"states": ${table(states, (text) => JSON.stringify(text), depth + 1)}\n${'  '.repeat(depth)}}`;
};

/** A mapping in the order of its keys; numbers count as numbers. */
function table<T>(
  entries: Record<string, T>,
  write: (value: T, key: string) => string,
  depth: number,
): string {
  const keys = Object.keys(entries).sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0));
  if (keys.length === 0) return '{}';
  const indent = '  '.repeat(depth + 1);
  const lines = keys.map((key) => `${indent}${JSON.stringify(key)}: ${write(entries[key]!, key)}`);
  return `{\n${lines.join(',\n')}\n${'  '.repeat(depth)}}`;
}

/** Writes the file in one step: a running daemon that reloads never sees half of it. */
export function writeBaseline(file: string, baseline: Baseline): void {
  const part = `${file}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(part, formatBaseline(baseline));
    renameSync(part, file);
  } catch (cause) {
    throw new TelltaleError('file_unreadable', `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}
