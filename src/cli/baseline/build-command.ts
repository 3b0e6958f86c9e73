import { loadConfig } from '../../config/load.ts';
import { nearest } from '../../config/suggest.ts';
import type { TelltaleConfig } from '../../config/types.ts';
import { TelltaleError } from '../../errors.ts';
import { privacyOf } from '../../flow/privacy.ts';
import { keyOf } from '../../profile/track.ts';
import type { Baseline, Batch, LogRecord, Season, ServiceSpec, StreamName } from '../../records.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Cli } from '../command.ts';
import { printLine } from '../output.ts';
import { progress } from '../progress.ts';
import type { TimeSteps } from '../replay/shape.ts';
import { type FileSource, mergeFiles, type Replayed } from '../replay/sources.ts';
import { type BaselineBuilder, type BuildParts, buildFromBatches, buildFromFiles, sizeOf } from './build.ts';
import { putBaseline, readBaseline } from './file.ts';
import { type Format, formatOf } from './rows.ts';

export interface BuildOptions {
  service: string;
  from?: string[];
  topic?: string;
  fromTime?: number;
  toTime?: number;
  format?: Format;
  skip: number;
  rows?: number;
  labels?: string[];
  predictions?: string[];
  feedback?: string[];
  segments?: boolean;
  season?: Season;
  cellsOf?: string;
  inputsOnly?: boolean;
  timeStart?: number;
  timeStep?: number;
  out?: string;
}

/** `telltale baseline build`. */
export async function build(cli: Cli, options: BuildOptions): Promise<void> {
  const { io, wiring } = cli;
  if ((options.from === undefined) === (options.topic === undefined)) {
    throw new TelltaleError('usage', 'give either --from FILE... or --topic TOPIC');
  }
  if (options.segments === true && options.season !== undefined) {
    throw new TelltaleError('usage', 'give either --segments or --season: a file has parts of one kind');
  }
  // The service usually names the very file that is to be built.
  const load = { env: io.env, withoutBaselines: true };
  const config = await loadConfig(cli.options().config, wiring.registries, load);
  const spec = findService(config, options.service);
  if (options.segments === true && spec.segments.length === 0) {
    throw new TelltaleError('usage', `service ${spec.service} has no segments; name them under segments:`);
  }
  const cells = options.cellsOf === undefined ? null : readBaseline(options.cellsOf);
  const parts: BuildParts = {
    spec,
    builder: protecting(wiring.createBaselineBuilder(spec, cells), spec, config),
    measureImages: wiring.measureImages,
    stderr: io.stderr,
  };
  const baseline =
    options.topic === undefined
      ? await ofFiles(cli, config, parts, options)
      : await ofTopic(cli, config, parts, options);
  putBaseline(cli, options.out, baseline);
}

/** A baseline is a file for everybody: sensitive inputs stand in it as they stand in results. */
function protecting(builder: BaselineBuilder, spec: ServiceSpec, config: TelltaleConfig): BaselineBuilder {
  const privacy = privacyOf(config);
  if (privacy === null) return builder;
  return { ...builder, add: (inputs, n, images) => builder.add(privacy.protect(spec, inputs), n, images) };
}

function findService(config: TelltaleConfig, name: string): ServiceSpec {
  const spec = config.services.find(({ service }) => service === name);
  if (spec !== undefined) return spec;
  const names = config.services.map(({ service }) => service);
  const near = nearest(name, names);
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  throw new TelltaleError('usage', `no service '${name}', there are: ${names.join(', ')}${hint}`);
}

/** Options that only files have. */
const OF_FILES = [
  ['labels', '--labels'],
  ['predictions', '--predictions'],
  ['feedback', '--feedback'],
  ['segments', '--segments'],
  ['season', '--season'],
  ['timeStart', '--time-start'],
  ['timeStep', '--time-step'],
] as const;

async function ofTopic(
  { wiring, io }: Cli,
  config: TelltaleConfig,
  parts: BuildParts,
  options: BuildOptions,
): Promise<Baseline> {
  if (options.skip > 0 || options.rows !== undefined || options.format !== undefined) {
    throw new TelltaleError('usage', '--skip, --rows and --format are for files; a topic is cut by time');
  }
  const strange = OF_FILES.find(([name]) => options[name] !== undefined);
  if (strange !== undefined) throw new TelltaleError('usage', `${strange[1]} is for files, not for a topic`);
  const topic = options.topic!;
  const range = { topic, fromMs: options.fromTime ?? null, toMs: options.toTime ?? null };
  const decode = wiring.createRequestDecoder(config, parts.spec);
  const records = wiring.readTopic(config, range);
  const { baseline, dead } = await buildFromBatches(decoded(records, decode), topic, parts);
  if (dead > 0) printLine(io.stderr, `${dead} records of ${topic} could not be read and are left out`);
  return baseline;
}

async function* decoded(
  runs: AsyncIterable<LogRecord[]>,
  decode: (records: LogRecord[]) => Promise<Batch>,
): AsyncGenerator<Batch> {
  for await (const records of runs) yield await decode(records);
}

/** The inputs in one pass; what the models answer, labels and parts in another, through the daemon's folds. */
async function ofFiles(
  cli: Cli,
  config: TelltaleConfig,
  parts: BuildParts,
  options: BuildOptions,
): Promise<Baseline> {
  const { from: files = [], format = null, skip, rows = Number.POSITIVE_INFINITY } = options;
  const sources = sourcesOf(parts.spec, options);
  const inputs = await buildFromFiles({ files, format, skip, rows }, parts);
  const { states } = inputs;
  const isMore = sources.length > files.length || options.segments === true || options.season !== undefined;
  if (options.inputsOnly === true && isMore) {
    throw new TelltaleError('usage', '--inputs-only leaves out labels, segments and seasons; give it alone');
  }
  if (!isMore && (parts.spec.models.length === 0 || options.inputsOnly === true)) return inputs;
  const found = await otherStates(cli, config, parts.spec, sources, { ...options, inputs });
  const { segments, season } = found;
  return {
    ...inputs,
    // Inputs are known of both; those of the first pass are whole where rows have no stream to go through. Joint sums are
    // of all rows here, there of a sample.
    states: { ...found.states, ...states, ...jointIn(found.states) },
    ...(segments === undefined ? {} : { segments }),
    ...(season === undefined ? {} : { season }),
  };
}

const jointIn = (states: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(states).filter(([key]) => keyOf(key).role === 'joint'));

function sourcesOf(spec: ServiceSpec, options: BuildOptions): FileSource[] {
  const named: [StreamName, string[] | undefined][] = [
    ['requests', options.from],
    ['predictions', options.predictions],
    ['labels', options.labels],
    ['feedback', options.feedback],
  ];
  return named.flatMap(([name, files]) => {
    if (files === undefined) return [];
    const stream = spec.streams.find((own) => own.stream === name);
    if (stream === undefined && name === 'requests') return [];
    if (stream === undefined) {
      const names = spec.streams.map((own) => own.stream).join(', ');
      throw new TelltaleError('usage', `service ${spec.service} has no stream '${name}'; it has ${names}`);
    }
    return files.map((file) => ({ file, format: options.format ?? formatOf(file), stream }));
  });
}

/** Without a season times mean nothing: rows of all files get one by their place, so that none must carry any. */
const BY_PLACE: TimeSteps = { startMs: Date.UTC(2000, 0, 1), stepMs: 1 };

function stepsOf({ season, timeStart, timeStep }: BuildOptions): TimeSteps | null {
  if ((timeStart === undefined) !== (timeStep === undefined))
    throw new TelltaleError('usage', '--time-start and --time-step belong together; give both');
  if (timeStart !== undefined && timeStep !== undefined) return { startMs: timeStart, stepMs: timeStep };
  return season === undefined ? BY_PLACE : null;
}

/** Requests within the wanted range of rows, and everything else. */
async function* within(
  records: AsyncIterable<Replayed>,
  { skip, rows = Number.POSITIVE_INFINITY }: BuildOptions,
): AsyncGenerator<Replayed> {
  let row = 0;
  for await (const record of records) {
    if (record.stream.stream === 'requests') {
      row++;
      if (row <= skip || row > skip + rows) continue;
    }
    yield record;
  }
}

async function otherStates(
  { io }: Cli,
  config: TelltaleConfig,
  spec: ServiceSpec,
  sources: readonly FileSource[],
  options: BuildOptions & { inputs: Baseline },
) {
  const { statesOf } = await import('./states.ts');
  const steps = stepsOf(options);
  const bar = progress(
    sizeOf(sources.map(({ file }) => file)),
    `states ${spec.service}`,
    io.stderr,
    'records',
  );
  let bytes = 0;
  try {
    const merged = mergeFiles(spec, sources, steps, (more) => {
      bytes += more;
    });
    const found = await statesOf(within(merged, options), {
      spec,
      privacy: privacyOf(config),
      inputs: options.cellsOf === undefined ? options.inputs : null,
      fed: new Set(sources.map(({ stream }) => stream.stream)),
      by: options.segments === true ? 'segments' : (options.season ?? null),
      threads: config.scoring.threads,
      logger: createLogger({ level: 'warn', stream: io.stderr }),
      onProgress: (count) => bar.update(bytes, count),
    });
    if (found.dead > 0) printLine(io.stderr, `${found.dead} records could not be read and are left out`);
    if (found.dropped > 0) {
      const why = 'limits.pending_joins_max is reached; the rest is a fair sample';
      printLine(io.stderr, `${found.dropped} requests are without their labels: ${why}`);
    }
    return found;
  } finally {
    bar.stop();
  }
}
