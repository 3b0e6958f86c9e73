import { InvalidArgumentError, Option } from 'commander';
import { readTime } from '../decode/scalars.ts';
import { SEASONS } from '../records.ts';
import { type BuildOptions, build } from './baseline/build-command.ts';
import { type MergeOptions, merge } from './baseline/merge-command.ts';
import { FORMATS } from './baseline/rows.ts';
import type { CommandModule } from './command.ts';
import { examples } from './output.ts';
import { durationOf } from './replay/options.ts';

/** `telltale baseline build`, `merge`: profiles of reference data. */
export const baselineCommand: CommandModule = {
  register(program, cli) {
    const baseline = program.command('baseline').description('Build and merge profiles of reference data.');
    baseline
      .command('build')
      .description(
        'Profile the inputs of a service in files or a topic range; of files also what its models answer, and with labels ' +
          'how right they are. Rows need not be in the order of time, except with --season.',
      )
      .requiredOption('--service <name>', 'service whose inputs are profiled')
      .option('--from <file...>', 'files with reference data (CSV, NDJSON, Avro)')
      .addOption(
        new Option('--format <format>', 'format of the files; by default told by their names').choices(
          FORMATS,
        ),
      )
      .option('--skip <n>', 'rows to leave out at the start', countOf, 0)
      .option('--rows <n>', 'rows to take at most', countOf)
      .option('--labels <file...>', 'labels of these rows, by id; the same file where they stand in its rows')
      .option('--predictions <file...>', 'what another system answered to these rows, by id')
      .option('--feedback <file...>', 'what users did, by id')
      .option('--segments', 'a part for each segment of the service too')
      .addOption(
        new Option('--season <season>', 'a part for each hour (UTC) too; rows need a time').choices(SEASONS),
      )
      .option(
        '--cells-of <file>',
        'count over the cells of this baseline, so that the two can be merged exactly',
      )
      .option('--inputs-only', 'leave out what the models answer')
      .option(
        '--time-start <time>',
        'event time of the first row of each file, where rows carry none',
        timeOf,
      )
      .option('--time-step <duration>', 'from row to row, such as 30m', durationOf)
      .option('--topic <topic>', 'topic of requests to read instead of files; inputs only')
      .option('--from-time <time>', 'start of the range by log time: ISO 8601, or milliseconds', timeOf)
      .option('--to-time <time>', 'end of the range by log time, exclusive', timeOf)
      .option('--out <file>', 'file to write; by default standard output')
      .addHelpText(
        'after',
        examples([
          'telltale baseline build --service fraud --from train.csv --out config/baselines/fraud.json',
          'telltale baseline build --service fraud --from train.csv --labels train.csv --segments --out fraud.json',
          'telltale baseline build --service fraud --from may.avro --season hour_of_week --out fraud.json',
          'telltale baseline build --service fraud --from a.avro b.avro --skip 1000 --rows 15000',
          'telltale baseline build --service fraud --from june.csv --cells-of fraud.json --out june.json',
          'telltale baseline build --service fraud --topic fraud.requests --from-time 2026-01-01T00:00:00Z',
        ]),
      )
      .action(async (options: BuildOptions) => build(cli, options));
    baseline
      .command('merge')
      .description(
        'Merge baselines of parts of the data. Those with the same cells (see `build --cells-of`) give the very file that ' +
          'building from all data would; other numeric cells are cut anew, from the sketch.',
      )
      .argument('<files...>', 'baselines of one service')
      .option('-o, --out <file>', 'file to write; by default standard output')
      .addHelpText(
        'after',
        examples([
          'telltale baseline merge may.json june.json -o config/baselines/fraud.json',
          'telltale baseline merge parts/*.json > fraud.json',
        ]),
      )
      .action((files: string[], options: MergeOptions) => merge(cli, files, options));
  },
};

function countOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of 0 or more.');
}

function timeOf(text: string): number {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : readTime(text, 0);
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError('It must be ISO 8601, such as 2026-01-31T08:00:00Z, or milliseconds.');
}
