import { InvalidArgumentError } from 'commander';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine } from './output.ts';
import { reportOf } from './report/build.ts';
import { jsonOfReport } from './report/json.ts';
import { blocksOf, LEGEND } from './report/text.ts';
import { plural, printMarkdown, printText } from './results/blocks.ts';
import { configFor, readStretch, type StretchOptions, stretchOptions } from './results/options.ts';

interface ReportOptions extends StretchOptions {
  segments: number;
  markdown: boolean;
}

/** `telltale report`: where the models are wrong, and what the labels say of it. */
export const reportCommand: CommandModule = {
  register(program, cli) {
    stretchOptions(program.command('report'))
      .description(
        'Error analysis over recorded results: the worst segments by performance with intervals, what is different ' +
          'about their inputs, how performance moved, and how labels arrive.',
      )
      .option('--segments <count>', 'segments of each metric at most', countOf, 10)
      .option('--markdown', 'print Markdown, to paste into a wiki', false)
      .addHelpText(
        'after',
        examples([
          'telltale report --service fraud --since 7d',
          'telltale report --from influx --from-time 2026-03-01T00:00:00Z --to-time 2026-03-08T00:00:00Z --markdown',
          'telltale report --from replayed --json',
        ]),
      )
      .action((options: ReportOptions) => run(cli, options));
  },
};

function countOf(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

async function run(cli: Cli, options: ReportOptions): Promise<void> {
  const { stdout, stderr } = cli.io;
  const config = await configFor(cli, options, false);
  const read = await readStretch(cli, config, options);
  const reports = read.stretches.map((stretch) =>
    reportOf(stretch, config?.services.find(({ service }) => service === stretch.service) ?? null),
  );
  if (cli.options().json) {
    const { source, results, alerts, strangers } = read;
    printJson(stdout, { ok: true, source, results, alerts, strangers, services: reports.map(jsonOfReport) });
    return;
  }
  const blocks = reports.flatMap((report) => blocksOf(report, options.segments));
  if (reports.some(({ metrics }) => metrics.length > 0)) blocks.push(...LEGEND);
  (options.markdown ? printMarkdown : printText)(stdout, blocks);
  const strangers = read.strangers === 0 ? '' : `, and ${plural(read.strangers, 'record')} of something else`;
  printLine(stderr, `read ${plural(read.results, 'result')} of ${read.source}${strangers}`);
}
