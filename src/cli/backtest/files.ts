/** Files through both configurations, service by service. */

import { TelltaleError } from '../../errors.ts';
import { privacyOf } from '../../flow/privacy.ts';
import { STREAMS } from '../../records.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Cli } from '../command.ts';
import { progress } from '../progress.ts';
import {
  type FileOptions,
  type GivenFile,
  givenFile,
  sizeOf,
  sourceFor,
  stepsOf,
  streamMissing,
} from '../replay/options.ts';
import type { FileSource } from '../replay/sources.ts';
import type { Parts } from './build.ts';
import { type Heard, hear } from './hear.ts';
import { type Both, comparable, findBoth, type Sides } from './sides.ts';

export interface FilesOptions extends FileOptions {
  service?: string;
  from: string[];
}

/** What was heard of both sides. */
export type Ran = Pick<Parts, 'service' | 'specs' | 'span' | 'read' | 'notes' | 'before' | 'after'>;

interface Run {
  service: string;
  both: Both;
  specs: Both;
  /** The same files of both sides; one side may lack a stream. */
  sources: { current: FileSource[]; candidate: FileSource[] };
  /** Whether the second side would say the same as the first. */
  isSame: boolean;
  notes: string[];
}

/** The files of each service that is on both sides. */
function filesOf(sides: Sides, options: FilesOptions): Map<string, GivenFile[]> {
  const alone = [...sides.onlyCurrent, ...sides.onlyCandidate].map(({ service }) => service);
  const files = new Map<string, GivenFile[]>();
  let skipped: string | null = null;
  for (const text of options.from) {
    const given = givenFile(text, options, new Set([...sides.both.keys(), ...alone]));
    const wanted = options.service;
    if (given.service !== null && wanted !== undefined && given.service !== wanted)
      throw new TelltaleError('usage', `${text} is of another service than --service ${wanted}`);
    // The report names it among those of one side.
    if (given.service !== null && alone.includes(given.service)) {
      skipped = given.service;
      continue;
    }
    const service = findBoth(sides, given.service ?? wanted);
    files.set(service, [...(files.get(service) ?? []), given]);
  }
  if (files.size === 0 && skipped !== null) findBoth(sides, skipped);
  return files;
}

function runOf(service: string, both: Both, files: readonly GivenFile[]): Run {
  const sources: Run['sources'] = { current: [], candidate: [] };
  const notes: string[] = [];
  for (const given of files) {
    const [current, candidate] = [sourceFor(both.current, given), sourceFor(both.candidate, given)];
    if (current === null && candidate === null) throw streamMissing(both.current, given.stream);
    if (current !== null) sources.current.push(current);
    if (candidate !== null) sources.candidate.push(candidate);
    const side = current === null ? 'candidate' : 'current configuration';
    if (current === null || candidate === null)
      notes.push(`Only the ${side} has the stream ${given.stream}, and reads ${given.file}.`);
  }
  const fed = new Set(files.map(({ stream }) => stream));
  for (const stream of STREAMS) {
    const has = [both.current, both.candidate].some(({ streams }) =>
      streams.some((own) => own.stream === stream),
    );
    if (has && !fed.has(stream)) notes.push(`No file for the stream ${stream}: what needs it is not tried.`);
  }
  const specs = { current: comparable(both.current), candidate: comparable(both.candidate) };
  const { digest: _, ...current } = specs.current;
  const { digest: __, ...candidate } = specs.candidate;
  const isSame = JSON.stringify(current) === JSON.stringify(candidate);
  return { service, both, specs, sources, isSame, notes };
}

/** @returns what both sides say, by the name of the service */
export async function runFiles(cli: Cli, sides: Sides, options: FilesOptions): Promise<Ran[]> {
  const steps = stepsOf(options);
  const files = filesOf(sides, options);
  const runs = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, given]) => runOf(service, sides.both.get(service)!, given));
  const bytes = runs.reduce(
    (sum, { sources, isSame }) => sum + sizeOf([...sources.current, ...(isSame ? [] : sources.candidate)]),
    0,
  );
  const { stderr } = cli.io;
  const bar = progress(bytes, 'backtest', stderr, 'records');
  let [bytesRead, records] = [0, 0];
  const more = (readBytes: number, readRecords: number): void => {
    bytesRead += readBytes;
    records += readRecords;
    bar.update(bytesRead, records);
  };
  const common = {
    steps,
    threads: sides.config.scoring.threads,
    privacy: privacyOf(sides.config),
    logger: createLogger({ level: 'warn', stream: stderr }),
    onProgress: more,
  };
  const ran: Ran[] = [];
  try {
    for (const { service, both, specs, sources, isSame, notes } of runs) {
      const before = await hear({ ...common, spec: both.current, sources: sources.current });
      const after = isSame
        ? before
        : await hear({ ...common, spec: both.candidate, sources: sources.candidate });
      const given = files.get(service)!;
      ran.push({
        ...{ service, specs, notes, before, after },
        span: spanOf([before, after], given, both.current.windows.hopMs),
        read: Math.max(before.records, after.records),
      });
    }
  } finally {
    bar.stop();
  }
  return ran;
}

/** From the beginning of the first window to the last end of one, of either side. */
function spanOf(sides: readonly Heard[], files: readonly GivenFile[], hopMs: number): Parts['span'] {
  const read = sides.filter(({ records }) => records > 0);
  if (read.length === 0) {
    const names = files.map(({ file }) => file).join(', ');
    throw new TelltaleError('input_unreadable', `${names}: no records`);
  }
  return {
    fromMs: Math.floor(Math.min(...read.map(({ firstMs }) => firstMs)) / hopMs) * hopMs,
    toMs: Math.max(...read.flatMap(({ lastMs, closedMs }) => [lastMs, closedMs])),
  };
}
