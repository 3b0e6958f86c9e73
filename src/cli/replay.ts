import { statSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { nearest } from '../config/suggest.ts';
import { readTime } from '../decode/scalars.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import { type ServiceSpec, STREAMS, type StreamName, type StreamSpec } from '../records.ts';
import { createLogger } from '../telemetry/logger.ts';
import { FORMATS, type Format, formatOf } from './baseline/rows.ts';
import { examples, printJson, printLine } from './output.ts';
import type { Cli, CommandModule } from './program.ts';
import { progress } from './progress.ts';
import { openOut } from './replay/out.ts';
import type { Summary } from './replay/run.ts';
import type { TimeSteps } from './replay/shape.ts';
import { type FileSource, mergeFiles } from './replay/sources.ts';

interface ReplayOptions {
  service?: string;
  stream: StreamName;
  format?: Format;
  out: string;
  timeStart?: number;
  timeStep?: number;
}

/** `telltale replay`: batch mode, the daemon's folds over files. */
export const replayCommand: CommandModule = {
  register(program, cli) {
    program
      .command('replay')
      .description(
        'Run a service over files instead of topics: windows, alarms and retraining as the daemon would have judged. ' +
          'Files are NDJSON, CSV with a header, or Avro containers, each in the order of event time; ' +
          'files of several streams are merged by it.',
      )
      .argument('<files...>', 'files, each with its stream before it where it is another: labels=sold.csv')
      .option('--service <name>', 'service of the configuration; may be left out where there is only one')
      .addOption(
        new Option('--stream <stream>', 'stream of files that name none')
          .choices(STREAMS)
          .default('requests'),
      )
      .addOption(
        new Option('--format <format>', 'format of the files; by default told by their names').choices(
          FORMATS,
        ),
      )
      .option(
        '--out <dir>',
        'folder for results.ndjson, alerts.ndjson, retrain.ndjson, dead.ndjson; -: standard output',
        '-',
      )
      .option(
        '--time-start <time>',
        'event time of the first row of each file, where files carry none',
        timeOf,
      )
      .option('--time-step <duration>', 'from row to row, such as 30m', durationOf)
      .addHelpText(
        'after',
        examples([
          'telltale replay day.ndjson --service fraud --out replayed',
          'telltale replay requests=visits.avro labels=sold.csv --service housing > judged.ndjson',
          'telltale replay elec.csv --service market --time-start 1996-05-07T00:00:00Z --time-step 30m',
        ]),
      )
      .action(async (files: string[], options: ReplayOptions) => run(cli, files, options));
  },
};

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

function stepsOf({ timeStart, timeStep }: ReplayOptions): TimeSteps | null {
  if (timeStart === undefined && timeStep === undefined) return null;
  if (timeStart !== undefined && timeStep !== undefined) return { startMs: timeStart, stepMs: timeStep };
  throw new TelltaleError('usage', '--time-start and --time-step belong together; give both');
}

function findService(services: readonly ServiceSpec[], name: string | undefined): ServiceSpec {
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

const PREFIXED = new RegExp(`^(${STREAMS.join('|')})=(.+)$`);

function sourceOf(spec: ServiceSpec, text: string, options: ReplayOptions): FileSource {
  const [, named, rest] = PREFIXED.exec(text) ?? [];
  const stream = named ?? options.stream;
  const file = rest ?? text;
  const own = spec.streams.find((found) => found.stream === stream);
  if (own === undefined) {
    const names = spec.streams.map((found) => found.stream).join(', ');
    throw new TelltaleError('usage', `service ${spec.service} has no stream '${stream}'; it has ${names}`);
  }
  return { file, format: options.format ?? formatOf(file), stream: own };
}

function sizeOf(sources: readonly FileSource[]): number {
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

async function run(cli: Cli, files: readonly string[], options: ReplayOptions): Promise<void> {
  const { io, wiring } = cli;
  const steps = stepsOf(options);
  const config = await loadConfig(cli.options().config, wiring.registries, { env: io.env });
  const spec = findService(config.services, options.service);
  const sources = files.map((file) => sourceOf(spec, file, options));
  const bytes = sizeOf(sources);
  const startedMs = performance.now();
  const { replay } = await import('./replay/run.ts');
  const out = await openOut(options.out === '-' ? null : options.out, io.stdout);
  const bar = progress(bytes, `replay ${spec.service}`, io.stderr, 'records');
  let bytesRead = 0;
  let summary: Summary;
  try {
    const records = mergeFiles(spec, sources, steps, (more) => {
      bytesRead += more;
    });
    summary = await replay(records, {
      spec,
      fed: new Set<StreamSpec>(sources.map(({ stream }) => stream)),
      threads: config.scoring.threads,
      logger: createLogger({ level: 'warn', stream: io.stderr }),
      out,
      onProgress: (count) => bar.update(bytesRead, count),
    });
  } finally {
    bar.stop();
    await out.close();
  }
  report(cli, options, {
    service: spec.service,
    ...summary,
    seconds: Math.round(performance.now() - startedMs) / 1000,
  });
}

/** The summary goes to standard error: standard output carries the records, unless they went to files. */
function report(
  cli: Cli,
  options: ReplayOptions,
  found: Summary & { service: string; seconds: number },
): void {
  const { stdout, stderr } = cli.io;
  if (cli.options().json) {
    printJson(options.out === '-' ? stderr : stdout, found);
    return;
  }
  const { service, records, results, alerts, retrains, dead, seconds } = found;
  printLine(
    stderr,
    `${service}: ${records} records, ${results} results, ${alerts} alerts, ${retrains} retrain events, ${dead} dead, ${seconds} s`,
  );
}
