import { InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { nearest } from '../config/suggest.ts';
import type { TelltaleConfig } from '../config/types.ts';
import { readTime } from '../decode/scalars.ts';
import { TelltaleError } from '../errors.ts';
import type { Baseline, Batch, LogRecord, ServiceSpec } from '../records.ts';
import {
  type BaselineBuilder,
  type BuildParts,
  buildFromBatches,
  buildFromFiles,
  type MeasureImages,
} from './baseline/build.ts';
import { FORMATS, type Format } from './baseline/rows.ts';
import { formatBaseline, writeBaseline } from './baseline/write.ts';
import { examples, printLine } from './output.ts';
import type { Cli, CommandModule } from './program.ts';

/** A stretch of a topic, by the log's own time stamps. */
export interface TopicRange {
  topic: string;
  /** Inclusive; null: from the first record. */
  fromMs: number | null;
  /** Exclusive; null: up to the end of the topic when reading begins. */
  toMs: number | null;
}

/** The parts of the daemon that building a baseline needs. */
export interface BaselineWiring {
  createBaselineBuilder(spec: ServiceSpec): BaselineBuilder;
  measureImages: MeasureImages;
  /** Records of all partitions, in the order of each; it ends at the end of the range. */
  readTopic(config: TelltaleConfig, range: TopicRange): AsyncIterable<LogRecord[]>;
  /** Decodes records of the service's request stream. */
  createRequestDecoder(config: TelltaleConfig, spec: ServiceSpec): (records: LogRecord[]) => Promise<Batch>;
}

interface BuildOptions {
  service: string;
  from?: string[];
  topic?: string;
  fromTime?: number;
  toTime?: number;
  format?: Format;
  skip: number;
  rows?: number;
  out?: string;
}

/** `telltale baseline build`: profiles reference data into a file. */
export const baselineCommand: CommandModule = {
  register(program, cli) {
    const baseline = program.command('baseline').description('Build the profile of reference data.');
    baseline
      .command('build')
      .description('Profile the inputs of a service in files or a topic range.')
      .requiredOption('--service <name>', 'service whose inputs are profiled')
      .option('--from <file...>', 'files with reference data (CSV, NDJSON, Avro)')
      .addOption(
        new Option('--format <format>', 'format of the files; by default told by their names').choices(
          FORMATS,
        ),
      )
      .option('--skip <n>', 'rows to leave out at the start', countOf, 0)
      .option('--rows <n>', 'rows to take at most', countOf)
      .option('--topic <topic>', 'topic to read instead of files')
      .option('--from-time <time>', 'start of the range by log time: ISO 8601, or milliseconds', timeOf)
      .option('--to-time <time>', 'end of the range by log time, exclusive', timeOf)
      .option('--out <file>', 'file to write; by default standard output')
      .addHelpText(
        'after',
        examples([
          'telltale baseline build --service fraud --from train.csv --out config/baselines/fraud.json',
          'telltale baseline build --service fraud --from a.avro b.avro --skip 1000 --rows 15000',
          'telltale baseline build --service fraud --topic fraud.requests --from-time 2026-01-01T00:00:00Z',
        ]),
      )
      .action(async (options: BuildOptions) => build(cli, options));
  },
};

async function build(cli: Cli, options: BuildOptions): Promise<void> {
  const { io, wiring } = cli;
  if ((options.from === undefined) === (options.topic === undefined)) {
    throw new TelltaleError('usage', 'give either --from FILE... or --topic TOPIC');
  }
  // The service usually names the very file that is to be built.
  const load = { env: io.env, withoutBaselines: true };
  const config = await loadConfig(cli.options().config, wiring.registries, load);
  const spec = findService(config, options.service);
  const parts: BuildParts = {
    spec,
    builder: wiring.createBaselineBuilder(spec),
    measureImages: wiring.measureImages,
    stderr: io.stderr,
  };
  const baseline = await readBaseline(cli, config, parts, options);
  if (options.out === undefined) {
    io.stdout.write(formatBaseline(baseline));
    return;
  }
  writeBaseline(options.out, baseline);
  const tracks = Object.keys(baseline.tracks).length;
  printLine(io.stderr, `${options.out}: ${baseline.n} rows, ${tracks} tracks`);
}

function findService(config: TelltaleConfig, name: string): ServiceSpec {
  const spec = config.services.find(({ service }) => service === name);
  if (spec !== undefined) return spec;
  const names = config.services.map(({ service }) => service);
  const near = nearest(name, names);
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  throw new TelltaleError('usage', `no service '${name}', there are: ${names.join(', ')}${hint}`);
}

async function readBaseline(
  cli: Cli,
  config: TelltaleConfig,
  parts: BuildParts,
  options: BuildOptions,
): Promise<Baseline> {
  const rowsMax = options.rows ?? Number.POSITIVE_INFINITY;
  if (options.topic === undefined) {
    const { from: files = [], format = null, skip } = options;
    return buildFromFiles({ files, format, skip, rows: rowsMax }, parts);
  }
  if (options.skip > 0 || options.rows !== undefined || options.format !== undefined) {
    throw new TelltaleError('usage', '--skip, --rows and --format are for files; a topic is cut by time');
  }
  const { readTopic, createRequestDecoder } = cli.wiring;
  const range = { topic: options.topic, fromMs: options.fromTime ?? null, toMs: options.toTime ?? null };
  const decode = createRequestDecoder(config, parts.spec);
  const { baseline, dead } = await buildFromBatches(
    decoded(readTopic(config, range), decode),
    options.topic,
    parts,
  );
  if (dead > 0)
    printLine(cli.io.stderr, `${dead} records of ${options.topic} could not be read and are left out`);
  return baseline;
}

async function* decoded(
  runs: AsyncIterable<LogRecord[]>,
  decode: (records: LogRecord[]) => Promise<Batch>,
): AsyncGenerator<Batch> {
  for await (const records of runs) yield await decode(records);
}

function countOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of 0 or more.');
}

function timeOf(text: string): number {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : readTime(text, 0);
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError('It must be ISO 8601, such as 2026-01-31T08:00:00Z, or milliseconds.');
}
