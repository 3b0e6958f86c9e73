/** The options by which commands are given input files, and what they mean for a service. */

import { statSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nearest } from '../../config/suggest.ts';
import { readTime } from '../../decode/scalars.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import { type ServiceSpec, STREAMS, type StreamName } from '../../records.ts';
import { FORMATS, type Format, formatOf } from '../baseline/rows.ts';
import type { TimeSteps } from './shape.ts';
import type { FileSource } from './sources.ts';

export interface FileOptions {
  stream: StreamName;
  format?: Format;
  timeStart?: number;
  timeStep?: number;
}

/** Adds `--stream`, `--format`, `--time-start` and `--time-step`. */
export const fileOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--stream <stream>', 'stream of files that name none').choices(STREAMS).default('requests'),
    )
    .addOption(
      new Option('--format <format>', 'format of the files; by default told by their names').choices(FORMATS),
    )
    .option('--time-start <time>', 'event time of the first row of each file, where files carry none', timeOf)
    .option('--time-step <duration>', 'from row to row, such as 30m', durationOf);

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function durationOf(text: string): number {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS_MS[unit ?? ''] ?? 0);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('It must be a duration such as 500ms, 10s, 30m, 1h or 1d.');
}

export function timeOf(text: string): number {
  const ms = readTime(/^\d{1,15}$/.test(text) ? Number(text) : text, 0);
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError('It must be ISO 8601, such as 2026-01-31T08:00:00Z, or milliseconds.');
}

export function stepsOf({ timeStart, timeStep }: FileOptions): TimeSteps | null {
  if (timeStart === undefined && timeStep === undefined) return null;
  if (timeStart !== undefined && timeStep !== undefined) return { startMs: timeStart, stepMs: timeStep };
  throw new TelltaleError('usage', '--time-start and --time-step belong together; give both');
}

export function findService(services: readonly ServiceSpec[], name: string | undefined): ServiceSpec {
  const names = services.map(({ service }) => service).join(', ');
  if (name === undefined) {
    if (services.length === 1) return services[0]!;
    throw new TelltaleError('usage', `which service? Give --service; there are: ${names}`);
  }
  const spec = services.find(({ service }) => service === name);
  if (spec !== undefined) return spec;
  const near = nearest(
    name,
    services.map(({ service }) => service),
  );
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  throw new TelltaleError('usage', `no service '${name}', there are: ${names}${hint}`);
}

const PREFIXED = new RegExp(`^(?:([^/=]+)/)?(${STREAMS.join('|')})=(.+)$`);

/** A file as it was given: FILE, STREAM=FILE or SERVICE/STREAM=FILE. */
export interface GivenFile {
  /** Null: none was named. */
  service: string | null;
  stream: StreamName;
  file: string;
  format: Format;
}

/** @param services those that may stand before a stream; what looks like another one is part of a path */
export function givenFile(
  text: string,
  options: FileOptions,
  services: ReadonlySet<string> = new Set(),
): GivenFile {
  const [, service = null, named, rest] = PREFIXED.exec(text) ?? [];
  const isPath = rest === undefined || (service !== null && !services.has(service));
  const file = isPath ? text : rest;
  const format = options.format ?? formatOf(file);
  if (isPath) return { service: null, stream: options.stream, file, format };
  return { service, stream: named as StreamName, file, format };
}

/** The file as a source of the service; null: the service has no such stream. */
export function sourceFor(spec: ServiceSpec, { file, format, stream }: GivenFile): FileSource | null {
  const own = spec.streams.find((found) => found.stream === stream);
  return own === undefined ? null : { file, format, stream: own };
}

export function streamMissing(spec: ServiceSpec, stream: StreamName): TelltaleError {
  const names = spec.streams.map((found) => found.stream).join(', ');
  return new TelltaleError('usage', `service ${spec.service} has no stream '${stream}'; it has ${names}`);
}

/** Bytes of all files; an error for one that is missing. */
export function sizeOf(sources: readonly { file: string }[]): number {
  let bytes = 0;
  for (const { file } of sources) {
    try {
      bytes += statSync(file).size;
    } catch (cause) {
      throw new TelltaleError('file_unreadable', messageOf(cause), { cause });
    }
  }
  return bytes;
}
