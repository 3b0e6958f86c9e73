import { InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../config/types.ts';
import { TelltaleError } from '../errors.ts';
import { backtestOf, type ServiceBacktest } from './backtest/build.ts';
import { runFiles } from './backtest/files.ts';
import { type Incident, readIncidents } from './backtest/incidents.ts';
import { jsonOfBacktest } from './backtest/json.ts';
import { runResults } from './backtest/results.ts';
import { loadSides, type Sides } from './backtest/sides.ts';
import { blocksOf } from './backtest/text.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, ReportedError, WrongInputError } from './output.ts';
import { durationOf, type FileOptions, fileOptions } from './replay/options.ts';
import { type Block, line, printMarkdown, printText } from './results/blocks.ts';

interface BacktestOptions extends FileOptions {
  candidate: string;
  service?: string;
  from?: string[];
  fromResults?: string;
  since?: string;
  fromTime?: string;
  toTime?: string;
  incidents?: string;
  slack: number;
  failOn?: 'worse';
  markdown: boolean;
}

/** `telltale backtest`: what another configuration would have said of recorded data. */
export const backtestCommand: CommandModule = {
  register(program, cli) {
    const command = program
      .command('backtest')
      .description(
        'Run recorded data through two configurations, that of --config and a candidate, and say which alarms and ' +
          'requests for retraining appear, disappear and move; with --incidents also which side is better.',
      )
      .requiredOption('--candidate <path>', 'a folder that holds telltale.yaml, or the file of one service')
      .option(
        '--from <files...>',
        'files as `telltale replay` takes them: FILE, STREAM=FILE, or SERVICE/STREAM=FILE for several services',
      )
      .option('--service <name>', 'service of files that name none; may be left out where there is only one');
    fileOptions(command)
      .option(
        '--from-results <source>',
        'in place of --from recorded results: topic, influx, or a file or folder; only rules are tried again',
      )
      .option('--since <when>', 'with --from-results: windows that end in the last 2h, 7d ...')
      .option('--from-time <time>', 'with --from-results: windows that end after this time')
      .option('--to-time <time>', 'with --from-results: windows that end at this time at the latest')
      .option('--incidents <file>', 'YAML of what really happened: a list of { service, from, to, what }')
      .option(
        '--slack <duration>',
        'an alarm so long after the end of an incident is still about it',
        slackOf,
        3_600_000,
      )
      .addOption(
        new Option('--fail-on <what>', 'exit with 1 where the candidate is worse; needs --incidents').choices(
          ['worse'],
        ),
      )
      .option('--markdown', 'print Markdown, to paste into a wiki', false)
      .addHelpText(
        'after',
        `
Worse is a candidate that misses an incident which the current configuration finds, finds one later by more than a
window, or has more false alarms. Times are event times: ends of windows, and delays
count until the alarm is known: one over labels comes later than its window.
${examples([
  'telltale backtest --candidate new-config --from day.ndjson --service fraud',
  'telltale backtest --candidate fraud.yaml --from requests=r.avro labels=l.csv --incidents incidents.yaml',
  'telltale backtest --candidate new-config --from-results topic --since 30d --incidents incidents.yaml',
  'telltale backtest --candidate new --from a/requests=a.csv b/requests=b.csv --incidents i.yaml --fail-on worse',
])}`,
      )
      .action((options: BacktestOptions) => run(cli, options));
  },
};

function slackOf(text: string): number {
  if (/^0(ms|s|m|h|d)?$/.test(text)) return 0;
  try {
    return durationOf(text);
  } catch {
    throw new InvalidArgumentError('It must be a duration such as 0s, 30m or 1h.');
  }
}

async function run(cli: Cli, options: BacktestOptions): Promise<void> {
  const { stdout } = cli.io;
  if (options.failOn !== undefined && options.incidents === undefined)
    throw new TelltaleError('usage', '--fail-on worse needs --incidents: what really happened');
  if ((options.from === undefined) === (options.fromResults === undefined))
    throw new TelltaleError(
      'usage',
      'give either files with --from, or recorded results with --from-results',
    );
  const times = [options.since, options.fromTime, options.toTime];
  if (options.from !== undefined && times.some((time) => time !== undefined))
    throw new TelltaleError('usage', '--since, --from-time and --to-time go with --from-results only');
  const found = await asWrongInput(() => backtest(cli, options));
  const { sides, backtests } = found;
  const worse = backtests.flatMap(({ service, judged }) =>
    (judged?.verdict.worse ?? []).map((point) => `${service}: ${point}`),
  );
  const isFailed = options.failOn === 'worse' && worse.length > 0;
  const names = (specs: Sides['onlyCurrent']): string[] => specs.map(({ service }) => service);
  const report = {
    candidate: options.candidate,
    services: backtests.map(jsonOfBacktest),
    onlyCurrent: names(sides.onlyCurrent),
    onlyCandidate: names(sides.onlyCandidate),
    withoutFiles: withoutFiles(found),
    worse,
  };
  if (cli.options().json && !isFailed) printJson(stdout, { ok: true, ...report });
  if (!cli.options().json)
    (options.markdown ? printMarkdown : printText)(stdout, blocksOfAll(found, options));
  const message = `the candidate is worse: ${worse.join('; ')}`;
  if (isFailed) throw new ReportedError('candidate_worse', message, report);
}

interface Outcome {
  sides: Sides;
  backtests: ServiceBacktest[];
}

async function backtest(cli: Cli, options: BacktestOptions): Promise<Outcome> {
  const sides = await loadSides(cli, options.candidate);
  const incidents = incidentsOf(cli, sides, options.incidents);
  const { from, fromResults } = options;
  const ran =
    from !== undefined
      ? await runFiles(cli, sides, { ...options, from })
      : await runResults(cli, sides, { ...options, fromResults: fromResults! });
  return { sides, backtests: ran.map((one) => backtestOf({ ...one, incidents, slackMs: options.slack })) };
}

function incidentsOf(cli: Cli, sides: Sides, file: string | undefined): Incident[] | null {
  if (file === undefined) return null;
  const { both, onlyCurrent, onlyCandidate, config } = sides;
  const known = [...config.services, ...onlyCurrent, ...onlyCandidate].map(({ service }) => service);
  return readIncidents(file, [...new Set([...both.keys(), ...known])].sort(), cli.io.env);
}

/** Exit code 1 says that the candidate is worse; what cannot be read must not look like it. */
async function asWrongInput<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // This one has a code of its own that says so, and problems to list.
    if (!(error instanceof TelltaleError) || error instanceof ConfigError) throw error;
    throw new WrongInputError(error.code, error.message, { cause: error });
  }
}

const withoutFiles = ({ sides, backtests }: Outcome): string[] =>
  [...sides.both.keys()].filter((name) => !backtests.some(({ service }) => service === name)).sort();

function blocksOfAll(found: Outcome, { service, fromResults }: BacktestOptions): Block[] {
  const { sides, backtests } = found;
  const blocks = backtests.flatMap((one) => blocksOf(one, fromResults === undefined ? 'record' : 'result'));
  const say = (names: readonly string[], text: string): void => {
    // Who asks for one service knows of the others.
    if (names.length > 0 && service === undefined) blocks.push(line(`${text}: ${names.join(', ')}.`));
  };
  const names = (specs: Sides['onlyCurrent']): string[] => specs.map((spec) => spec.service);
  say(names(sides.onlyCurrent), 'Only in the current configuration');
  say(names(sides.onlyCandidate), 'Only in the candidate');
  say(
    withoutFiles(found),
    fromResults === undefined ? 'On both sides, but without a file' : 'On both sides, but without results',
  );
  return blocks;
}
