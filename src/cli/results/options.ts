/** The options by which `report` and `review` choose what they read, and the reading itself. */

import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { nearest } from '../../config/suggest.ts';
import type { TelltaleConfig } from '../../config/types.ts';
import { readTime } from '../../decode/scalars.ts';
import { TelltaleError } from '../../errors.ts';
import type { Cli } from '../command.ts';
import { sinceMsOf } from '../dead/letters.ts';
import { fileSource } from './file-source.ts';
import { influxSource } from './influx-source.ts';
import type { ReadResult, Source, TimeRange } from './records.ts';
import { createStretches, type Stretch, sortSeries } from './stretch.ts';
import { topicSource } from './topic-source.ts';

export interface StretchOptions {
  service?: string;
  from: string;
  since?: string;
  fromTime?: string;
  toTime?: string;
}

export const stretchOptions = (command: Command): Command =>
  command
    .option('--service <name>', 'only this service; by default every one that has results')
    .option(
      '--from <source>',
      "where the results are: topic, influx, or a file or folder of the file sink or of 'replay --out'",
      'topic',
    )
    .option('--since <when>', 'windows that end in the last 2h, 7d ..., or after 2026-03-01T08:00:00Z')
    .option('--from-time <time>', 'windows that end after this time: ISO 8601 or milliseconds')
    .option('--to-time <time>', 'windows that end at this time at the latest');

/** What was read, with what is needed to say so. */
export interface ReadStretch {
  /** By name. */
  stretches: Stretch[];
  /** In words, where it was read. */
  source: string;
  results: number;
  alerts: number;
  strangers: number;
}

function timeOf(option: string, text: string): number {
  const ms = readTime(/^-?\d{1,15}$/.test(text) ? Number(text) : text, 0);
  if (Number.isFinite(ms)) return ms;
  throw new TelltaleError('usage', `${option}: '${text}' is neither a time in ISO 8601 nor milliseconds`);
}

export function rangeOf({ since, fromTime, toTime }: StretchOptions, nowMs: number): TimeRange {
  if (since !== undefined && fromTime !== undefined) {
    throw new TelltaleError('usage', '--since and --from-time both say where to begin; give one');
  }
  let fromMs = Number.NEGATIVE_INFINITY;
  if (since !== undefined) fromMs = sinceMsOf(since, nowMs);
  if (fromTime !== undefined) fromMs = timeOf('--from-time', fromTime);
  const toMs = toTime === undefined ? Number.POSITIVE_INFINITY : timeOf('--to-time', toTime);
  if (fromMs < toMs) return { fromMs, toMs };
  throw new TelltaleError('usage', `nothing lies between ${iso(fromMs)} and ${iso(toMs)}`);
}

/**
 * The configuration. Files can be read without one.
 *
 * @param isNeeded whether the command itself needs it
 */
export async function configFor(
  cli: Cli,
  { from }: StretchOptions,
  isNeeded: boolean,
): Promise<TelltaleConfig | null> {
  const { env } = cli.io;
  try {
    return await loadConfig(cli.options().config, cli.wiring.registries, { env, withoutBaselines: true });
  } catch (cause) {
    const isMissing = cause instanceof TelltaleError && cause.code === 'config_missing';
    if (isMissing && !isNeeded && from !== 'topic' && from !== 'influx') return null;
    throw cause;
  }
}

function sourceOf(cli: Cli, config: TelltaleConfig | null, { from, service }: StretchOptions): Source {
  const { stderr } = cli.io;
  if (from !== 'topic' && from !== 'influx') return fileSource(from, stderr);
  if (config === null) throw new TelltaleError('config_missing', `--from ${from} needs the configuration`);
  if (from === 'topic') return topicSource(config, cli.wiring.openLog, stderr);
  if (config.influx === null)
    throw new TelltaleError('usage', '--from influx: telltale.yaml has no influx.url');
  return influxSource(config.influx, service, stderr);
}

/** Reads the stretch; `onResult` is told every result of it in order. Rejects where there is none. */
export async function readStretch(
  cli: Cli,
  config: TelltaleConfig | null,
  options: StretchOptions,
  onResult?: (result: ReadResult) => void,
): Promise<ReadStretch> {
  const range = rangeOf(options, Date.now());
  const source = sourceOf(cli, config, options);
  const { taker, stretches, seen, services } = createStretches({ service: options.service, range }, onResult);
  await source.read(taker, range);
  const found = [...stretches.values()].filter(({ finals }) => finals > 0);
  if (found.length === 0) throw nothingFound(source.name, options, range, seen, services);
  found.sort((a, b) => (a.service < b.service ? -1 : 1));
  for (const stretch of found) {
    sortSeries(stretch);
    const spec = config?.services.find(({ service }) => service === stretch.service);
    if (spec !== undefined) stretch.sizeMs = spec.windows.sizeMs;
  }
  const { results, alerts, strangers } = seen;
  return { stretches: found, source: source.name, results, alerts, strangers };
}

/** What was looked for, what was there instead, and the cure. */
function nothingFound(
  source: string,
  { service }: StretchOptions,
  range: TimeRange,
  seen: { results: number; strangers: number; firstMs: number; lastMs: number },
  services: ReadonlySet<string>,
): TelltaleError {
  const whose = service === undefined ? '' : ` of service ${service}`;
  const missing = (text: string): TelltaleError => new TelltaleError('results_missing', text);
  if (seen.results === 0) {
    const strangers = seen.strangers > 0 ? `; ${seen.strangers} records there are something else` : '';
    return missing(`${source} holds no results${whose}${isOpen(range) ? '' : shown(range)}${strangers}`);
  }
  if (seen.firstMs > seen.lastMs) {
    const names = [...services].sort();
    const near = service === undefined ? null : nearest(service, names);
    const hint = near === null ? '' : `; did you mean '${near}'?`;
    return missing(`${source} holds no results${whose}, it has those of ${names.join(', ')}${hint}`);
  }
  const there = `its windows end from ${iso(seen.firstMs)} to ${iso(seen.lastMs)}`;
  if (isOpen(range)) return missing(`${source} holds no final results${whose} yet; ${there}`);
  return missing(`${source} holds no final results${whose}${shown(range)}; ${there}`);
}

const isOpen = ({ fromMs, toMs }: TimeRange): boolean => !Number.isFinite(fromMs) && !Number.isFinite(toMs);

const shown = ({ fromMs, toMs }: TimeRange): string =>
  (Number.isFinite(fromMs) ? ` after ${iso(fromMs)}` : '') +
  (Number.isFinite(toMs) ? ` until ${iso(toMs)}` : '');

/** Minutes are enough to find a window, unless it ends within one. */
export function iso(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return String(ms);
  return new Date(ms).toISOString().replace(/(:00)?\.000Z$/, 'Z');
}
