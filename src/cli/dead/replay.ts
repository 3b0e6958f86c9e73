import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { TelltaleConfig } from '../../config/types.ts';
import { TelltaleError } from '../../errors.ts';
import { privacyOf } from '../../flow/privacy.ts';
import type { Log } from '../../log/port.ts';
import type { Cli } from '../command.ts';
import { examples, printJson, printLine, printTable, ReportedError } from '../output.ts';
import { limitOf, readLetters, sinceMsOf } from './letters.ts';
import { type FilterOptions, filterOptions, jsonOf } from './list.ts';
import { planOf, type ReplayPlan } from './refusal.ts';
import { reinject } from './reinject.ts';

/** So many at once are put back without a further word. */
const UNASKED_MAX = 100;
const ID = /^[A-Za-z0-9._-]+\/\d+@\d+$/;

interface ReplayOptions extends FilterOptions {
  id: string[];
  limit?: string;
  dryRun: boolean;
  yes: boolean;
  again: boolean;
}

const HELP = `
After the cure - the schema is registered, the configuration mended - this puts records back into the input topics that
they came from: the same bytes, key and headers, into the same partition, with the header \`x-replayed-from\`.

What it does to the figures:
  * The topic belongs to its producer: EVERY reader of it gets the record once more, not only Telltale.
  * A record is counted in the window of its event time. Where that window has closed it is counted as \`late\` and
    changes no result; a label or feedback still joins its request within join.max_delay.
  * What was counted in \`dead_letters\` stays counted: at that time it could not be read.
  * A record that fails again is a new dead letter.

Letters that were replayed before are left out, as are records of Telltale's own topics and those of which only the
beginning was kept; the exit code is 1 when a letter was refused for another reason than an earlier replay.
`;

/** `telltale dead replay`. */
export function registerReplay(dead: Command, cli: Cli): void {
  filterOptions(dead.command('replay'))
    .description('Put dead letters back into the topics that they came from.')
    .option(
      '--id <record>',
      'one record as TOPIC/PARTITION@OFFSET of `dead list`; may be repeated',
      collect,
      [],
    )
    .option('--limit <count>', 'at most so many, in the order of their topics')
    .option('--dry-run', 'say what would be done, and do nothing', false)
    .option('--yes', `also when there are more than ${UNASKED_MAX}`, false)
    .option('--again', 'also those that were replayed before', false)
    .addHelpText(
      'after',
      HELP +
        examples([
          'telltale dead replay --service fraud --code schema_unknown --since 2h --dry-run',
          'telltale dead replay --service fraud --code schema_unknown --since 2h --yes',
          'telltale dead replay --id fraud.requests/3@118211',
        ]),
    )
    .action((options: ReplayOptions) => replay(cli, options));
}

const collect = (id: string, ids: string[]): string[] => [...ids, id];

async function replay(cli: Cli, options: ReplayOptions): Promise<void> {
  const { service, code, stage, since, id: ids } = options;
  if ([service, code, stage, since].every((given) => given === undefined) && ids.length === 0) {
    throw new TelltaleError('usage', 'say which: --service, --code, --stage, --since or --id');
  }
  for (const id of ids) {
    if (!ID.test(id)) throw new TelltaleError('usage', `--id: '${id}' is not TOPIC/PARTITION@OFFSET`);
  }
  const limit = options.limit === undefined ? Number.POSITIVE_INFINITY : limitOf(options.limit);
  const nowMs = Date.now();
  const sinceMs = since === undefined ? undefined : sinceMsOf(since, nowMs);
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env: cli.io.env });
  const log = await cli.wiring.openLog(config);
  try {
    const filter = { service, code, stage, sinceMs, ids: ids.length === 0 ? null : new Set(ids) };
    const deadTopic = `${config.topics.prefix}dead`;
    const found = await readLetters(log, deadTopic, filter, cli.io.stderr);
    const topics = await log.partitions([...new Set(found.entries.map(({ letter }) => letter.topic))]);
    const plan = planOf(found.entries, config, { topics, again: options.again, limit, nowMs });
    for (const id of new Set(ids)) {
      if (found.entries.some(({ letter }) => letter.id === id)) continue;
      plan.refused.push({ id, reason: 'no dead letter of this record matches', isRepeat: false });
    }
    if (plan.entries.length > UNASKED_MAX && !options.yes && !options.dryRun) {
      const count = `${plan.entries.length} records would be put back`;
      throw new TelltaleError(
        'usage',
        `${count}, more than ${UNASKED_MAX}: look with --dry-run, then give --yes`,
      );
    }
    await carryOut(cli, config, log, plan, topics, options);
  } finally {
    await log.close();
  }
}

async function carryOut(
  cli: Cli,
  config: TelltaleConfig,
  log: Log,
  plan: ReplayPlan,
  topics: ReadonlyMap<string, number>,
  { dryRun, id: ids }: ReplayOptions,
): Promise<void> {
  const { stdout, stderr } = cli.io;
  const { json } = cli.options();
  if (!json && plan.lateProbable > 0) {
    printLine(
      stderr,
      `warning: ${plan.lateProbable} of these were put aside longer ago than windows stay open: ` +
        'those whose event time has passed will count as late and change no result',
    );
  }
  const deadTopic = `${config.topics.prefix}dead`;
  const wanted = plan.entries;
  const done = dryRun ? [] : await reinject(log, deadTopic, wanted, topics, privacyOf(config));
  const isDone = new Set(done);
  const gone = dryRun ? [] : wanted.filter(({ letter }) => !isDone.has(letter.id));
  const refused = [
    ...plan.refused,
    ...gone.map(({ letter: { id } }) => ({
      id,
      reason: 'retention has taken it meanwhile',
      isRepeat: false,
    })),
  ];
  const replayed = wanted.filter((entry) => !gone.includes(entry));
  const report = {
    dryRun,
    replayed: replayed.map(jsonOf),
    refused: refused.map(({ id, reason }) => ({ id, reason })),
    lateProbable: plan.lateProbable,
  };
  if (!json) {
    const rows = [
      ...replayed.map(({ letter }) => [letter.id, dryRun ? 'would be replayed' : 'replayed', letter.code]),
      ...refused.map(({ id, reason }) => [id, 'refused', reason]),
    ];
    if (rows.length > 0) printTable(stdout, ['RECORD', 'OUTCOME', 'CODE OR REASON'], rows);
    printLine(
      stdout,
      `${replayed.length} ${dryRun ? 'would be replayed' : 'replayed'}, ${refused.length} refused`,
    );
  }
  // Asked for by name, an earlier replay is a surprise; among all of a service it is the rule.
  const surprising = refused.filter(({ isRepeat }) => ids.length > 0 || !isRepeat);
  if (surprising.length > 0) {
    throw new ReportedError('replay_refused', `${surprising.length} records were refused`, report);
  }
  if (json) printJson(stdout, { ok: true, ...report });
}
