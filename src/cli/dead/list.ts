import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { Cli } from '../command.ts';
import { examples, printJson, printLine, printTable } from '../output.ts';
import { type LetterEntry, limitOf, oneLine, readLetters, sinceMsOf } from './letters.ts';

const MESSAGE_CHARS = 120;

/** The options by which both commands choose letters. */
export interface FilterOptions {
  service?: string;
  code?: string;
  stage?: string;
  since?: string;
}

export const filterOptions = (command: Command): Command =>
  command
    .option('--service <name>', 'only those of one service')
    .option('--code <code>', 'only those with this error code, such as avro')
    .option('--stage <stage>', 'only those of one stage: decode, score, join, judge or sink')
    .option('--since <when>', 'only those put aside in the last 2h, 7d ..., or since 2026-03-01T08:00:00Z');

/** `telltale dead list`. */
export function registerList(dead: Command, cli: Cli): void {
  filterOptions(dead.command('list'))
    .description('Show what could not be read or delivered, newest first, each record once.')
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText(
      'after',
      `
N counts how often a record was put aside: a restart may do it again. REPLAYED is \`done\` after \`telltale dead
replay\`, and \`begun\` when that was cut short, so that the record may or may not be in its topic again.
${examples([
  'telltale dead list',
  'telltale dead list --service fraud --code schema_unknown --since 2h',
  'telltale dead list --stage sink --limit 1000 --json',
])}`,
    )
    .action((options: FilterOptions & { limit: string }) => list(cli, options));
}

async function list(cli: Cli, { since, limit, ...filter }: FilterOptions & { limit: string }): Promise<void> {
  const { stdout, stderr, env } = cli.io;
  const count = limitOf(limit);
  const sinceMs = since === undefined ? undefined : sinceMsOf(since, Date.now());
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env });
  const log = await cli.wiring.openLog(config);
  try {
    const topic = `${config.topics.prefix}dead`;
    const found = await readLetters(
      log,
      topic,
      { ...filter, sinceMs, ids: null },
      stderr,
      Math.max(count, 10_000),
    );
    const shown = found.entries.slice(-count).reverse();
    const { matched, strangers } = found;
    if (cli.options().json) {
      printJson(stdout, { ok: true, letters: shown.map(jsonOf), matched, strangers });
      return;
    }
    printTable(
      stdout,
      ['TIME', 'CODE', 'STAGE', 'SERVICE', 'RECORD', 'N', 'REPLAYED', 'MESSAGE'],
      shown.map(rowOf),
    );
    if (matched > shown.length) printLine(stdout, `${shown.length} of ${matched}; see --limit`);
    if (strangers > 0) printLine(stdout, `${strangers} records of ${topic} are no dead letters`);
  } finally {
    await log.close();
  }
}

const rowOf = ({ letter, count, replay }: LetterEntry): (string | number)[] => [
  new Date(letter.timeMs).toISOString(),
  oneLine(letter.code, 40),
  oneLine(letter.stage, 40),
  letter.service === '' ? '-' : oneLine(letter.service, 80),
  letter.id,
  count,
  replay === 'none' ? '-' : replay,
  oneLine(letter.message, MESSAGE_CHARS),
];

/** A letter as programs get it. */
export function jsonOf({ letter, count, replay }: LetterEntry): object {
  const { timeMs, ...rest } = letter;
  return { time: new Date(timeMs).toISOString(), ...rest, count, replay };
}
