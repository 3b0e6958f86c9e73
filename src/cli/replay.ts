import { loadConfig } from '../config/load.ts';
import { privacyOf } from '../flow/privacy.ts';
import type { StreamSpec } from '../records.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine } from './output.ts';
import { progress } from './progress.ts';
import {
  type FileOptions,
  fileOptions,
  findService,
  givenFile,
  sizeOf,
  sourceFor,
  stepsOf,
  streamMissing,
} from './replay/options.ts';
import { openOut } from './replay/out.ts';
import type { Summary } from './replay/run.ts';
import { mergeFiles } from './replay/sources.ts';

interface ReplayOptions extends FileOptions {
  service?: string;
  out: string;
}

/** `telltale replay`: batch mode, the daemon's folds over files. */
export const replayCommand: CommandModule = {
  register(program, cli) {
    const command = program
      .command('replay')
      .description(
        'Run a service over files instead of topics: windows, alarms and retraining as the daemon would have judged. ' +
          'Files are NDJSON, CSV with a header, or Avro containers, each in the order of event time; ' +
          'files of several streams are merged by it.',
      )
      .argument('<files...>', 'files, each with its stream before it where it is another: labels=sold.csv')
      .option('--service <name>', 'service of the configuration; may be left out where there is only one');
    fileOptions(command)
      .option(
        '--out <dir>',
        'folder for results.ndjson, alerts.ndjson, incidents.ndjson, retrain.ndjson, rollout.ndjson, dead.ndjson; -: standard output',
        '-',
      )
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

async function run(cli: Cli, files: readonly string[], options: ReplayOptions): Promise<void> {
  const { io, wiring } = cli;
  const steps = stepsOf(options);
  const config = await loadConfig(cli.options().config, wiring.registries, { env: io.env });
  const spec = findService(config.services, options.service);
  const sources = files.map((text) => {
    const given = givenFile(text, options);
    const source = sourceFor(spec, given);
    if (source !== null) return source;
    throw streamMissing(spec, given.stream);
  });
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
      privacy: privacyOf(config),
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
  const { service, records, results, alerts, incidents, retrains, rollouts, dead, seconds } = found;
  printLine(
    stderr,
    `${service}: ${records} records, ${results} results, ${alerts} alerts, ${incidents} incident events, ${retrains} retrain events, ${rollouts} roll-out events, ${dead} dead, ${seconds} s`,
  );
}
