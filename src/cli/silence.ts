import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { matcherText } from '../alarm/incident/matcher.ts';
import { loadConfig } from '../config/load.ts';
import { TelltaleError } from '../errors.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine } from './output.ts';
import { sendCommand, serviceNamed } from './send-command.ts';
import { type AddOptions, silenceOf } from './silence/asked.ts';
import { registerList } from './silence/list.ts';

interface ExpireOptions {
  service: string;
  by: string;
  reason: string;
}

/** `telltale silence add|expire|list`: alarms that nobody wants to hear of for a time. */
export const silenceCommand: CommandModule = {
  register(program, cli) {
    const silence = program
      .command('silence')
      .description(
        'Keep alarms that are expected from being told, end that early, or show what is silenced.',
      );
    registerAdd(silence, cli);
    registerExpire(silence, cli);
    registerList(silence, cli);
  },
};

function registerAdd(silence: Command, cli: Cli): void {
  silence
    .command('add')
    .description('Silence alarms of a service for a time.')
    .requiredOption('--service <name>', 'service of the alarms')
    .option(
      '--match <field=text>',
      'alarms whose field fits; * stands for any text; the same field twice: either text',
      (given: string, before: string[]) => [...before, given],
      [],
    )
    .option('--all', 'every alarm of the service')
    .option('--for <duration>', 'how long, such as 30m, 2h, 7d')
    .option('--from <time>', 'when it begins, in ISO 8601 (default: now)')
    .option('--until <time>', 'when it ends, in ISO 8601, instead of --for')
    .option('--by <name>', 'who silences', userInfo().username)
    .option('--reason <text>', 'why', '')
    .addHelpText(
      'after',
      `
Fields: rule, metric, subject, model, segment, level, kind (of the metric: input, output, ...).
${examples([
  'telltale silence add --service fraud --match rule=drift --match "segment=country=*" --for 2h --reason "campaign"',
  'telltale silence add --service fraud --all --from 2026-12-01T22:00Z --until 2026-12-02T02:00Z --reason "migration"',
])}`,
    )
    .action((options: AddOptions) => add(cli, options));
}

async function add(cli: Cli, options: AddOptions): Promise<void> {
  const { registries } = cli.wiring;
  const config = await loadConfig(cli.options().config, registries, { env: cli.io.env });
  const { service, by, reason } = options;
  const silence = silenceOf(options, serviceNamed(config, service), registries, Date.now());
  const log = await cli.wiring.openLog(config);
  try {
    const target = JSON.stringify(silence);
    const command = await sendCommand(log, config, { service, kind: 'silence.add', target, by, reason });
    if (cli.options().json) {
      printJson(cli.io.stdout, { ok: true, id: command.id, command });
      return;
    }
    const [from, until] = [silence.fromMs, silence.untilMs].map((atMs) => new Date(atMs).toISOString());
    printLine(cli.io.stdout, `${command.id}`);
    printLine(
      cli.io.stdout,
      `silences ${matcherText(silence.match)} of ${service} from ${from} until ${until}`,
    );
  } finally {
    await log.close();
  }
}

function registerExpire(silence: Command, cli: Cli): void {
  silence
    .command('expire <id>')
    .description('End a silence now.')
    .requiredOption('--service <name>', 'service of the silence')
    .option('--by <name>', 'who ends it', userInfo().username)
    .option('--reason <text>', 'why', '')
    .addHelpText(
      'after',
      examples(['telltale silence expire 1f0c... --service fraud --reason "campaign is over"']),
    )
    .action((id: string, options: ExpireOptions) => expire(cli, id, options));
}

async function expire(cli: Cli, target: string, options: ExpireOptions): Promise<void> {
  const { readSilences } = await import('../flow/silences.ts');
  const { topicNames } = await import('../flow/runtime.ts');
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env: cli.io.env });
  const { service } = options;
  serviceNamed(config, service);
  const log = await cli.wiring.openLog(config);
  try {
    const place = { topics: topicNames(config.topics.prefix), group: config.kafka.group };
    const silences = await readSilences(log, place, [service]);
    if (silences !== null && silences.get(service)?.has(target) !== true)
      throw new TelltaleError('usage', `no silence '${target}' of ${service}; see telltale silence list`);
    const command = await sendCommand(log, config, { kind: 'silence.expire', target, ...options });
    if (cli.options().json) printJson(cli.io.stdout, { ok: true, command });
    else printLine(cli.io.stdout, `${target} ends`);
  } finally {
    await log.close();
  }
}
