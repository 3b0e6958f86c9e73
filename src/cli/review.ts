import { InvalidArgumentError } from 'commander';
import { loadSources } from '../config/load.ts';
import { createRecordings } from './backtest/recorded.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine } from './output.ts';
import { plural, printMarkdown, printText } from './results/blocks.ts';
import { readStretch, type StretchOptions, stretchOptions } from './results/options.ts';
import { type RuleReview, reviewOf, type ServiceReview } from './review/build.ts';
import { jsonOfReview } from './review/json.ts';
import { blocksOf } from './review/text.ts';
import { snippetOf } from './review/yaml.ts';

interface ReviewOptions extends StretchOptions {
  firesMax: number;
  markdown: boolean;
}

/** `telltale review`: what the rules and metrics of a service are worth, by what was recorded. */
export const reviewCommand: CommandModule = {
  register(program, cli) {
    stretchOptions(program.command('review'))
      .description(
        'Looks back over recorded results: which metrics never informed, which say the same, which thresholds are too ' +
          'tight or too loose, and prints the YAML to change. It writes no file.',
      )
      .option('--fires-max <percent>', 'a rule that fires in more of its windows is too tight', percentOf, 5)
      .option('--markdown', 'print Markdown, to paste into a wiki', false)
      .addHelpText(
        'after',
        `
The rules are those of the configuration as it is now: the results of the stretch go through the alarms that the daemon would
have. ALARMS THEN are counted from the alerts of the time, ALARMS NOW are those of today's rules. A stretch in which something was wrong makes thresholds look tight: choose a calm one.
${examples([
  'telltale review --service fraud --since 30d',
  'telltale review --from influx --since 90d --fires-max 1',
  'telltale review --from replayed --json',
])}`,
      )
      .action((options: ReviewOptions) => run(cli, options));
  },
};

function percentOf(text: string): number {
  const value = Number(text.replace(/\s*%$/, ''));
  if (text !== '' && value >= 0 && value < 100) return value;
  throw new InvalidArgumentError('It must be a share in percent, such as 5 or 0.5.');
}

async function run(cli: Cli, options: ReviewOptions): Promise<void> {
  const { stdout, stderr, env } = cli.io;
  const { config, sources } = await loadSources(cli.options().config, cli.wiring.registries, {
    env,
    withoutBaselines: true,
  });
  const specs = new Map(config.services.map((spec) => [spec.service, spec]));
  const recordings = createRecordings((service) => {
    const spec = specs.get(service);
    return spec && { spec, rules: spec.rules };
  });
  const read = await readStretch(cli, config, options, recordings.take);
  const limits = { firesMax: options.firesMax / 100 };
  const reviews = read.stretches.map((stretch) => {
    const spec = specs.get(stretch.service);
    const recorded = recordings.found.get(stretch.service);
    const own = spec === undefined || recorded === undefined ? null : { spec, recorded };
    return reviewOf(stretch, own, limits);
  });
  const snippetsOf = ({ service, rules }: ServiceReview): Map<RuleReview, string> => {
    const written = rulesIn(sources.get(service)?.value);
    return new Map(rules.map((rule) => [rule, snippetOf(written[rule.index] ?? {}, rule.findings)]));
  };
  if (cli.options().json) {
    const { source, results, alerts, strangers } = read;
    const services = reviews.map((review) => jsonOfReview(review, snippetsOf(review)));
    printJson(stdout, { ok: true, source, results, alerts, strangers, services });
    return;
  }
  const blocks = reviews.flatMap((review) =>
    blocksOf(review, snippetsOf(review), sources.get(review.service)?.file ?? null),
  );
  (options.markdown ? printMarkdown : printText)(stdout, blocks);
  const strangers = read.strangers === 0 ? '' : `, and ${plural(read.strangers, 'record')} of something else`;
  printLine(stderr, `read ${plural(read.results, 'result')} of ${read.source}${strangers}`);
  const untracked = reviews.reduce((sum, review) => sum + review.untracked, 0);
  if (untracked > 0)
    printLine(stderr, `warning: rules watch too many series; ${untracked} results were left out`);
}

/** The rules as the file has them, so that what is printed differs from it only where it should. */
function rulesIn(file: unknown): Record<string, unknown>[] {
  if (typeof file !== 'object' || file === null || !('rules' in file)) return [];
  return Array.isArray(file.rules) ? (file.rules as Record<string, unknown>[]) : [];
}
