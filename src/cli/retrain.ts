import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { loadConfig } from '../config/load.ts';
import { TelltaleError } from '../errors.ts';
import type { Command as CommandRecord } from '../records.ts';
import { openLog } from './open-log.ts';
import { examples, printJson, printLine } from './output.ts';
import type { Cli, CommandModule } from './program.ts';

interface DecideOptions {
  service: string;
  by: string;
  reason: string;
}

/** `telltale retrain approve|reject`: a person's decision, written into the log as a command record. */
export const retrainCommand: CommandModule = {
  register(program, cli) {
    const retrain = program.command('retrain').description('Decide on requests for retraining.');
    for (const decision of ['approve', 'reject'] as const) {
      retrain
        .command(`${decision} <retrainId>`)
        .description(`${decision === 'approve' ? 'Approve' : 'Reject'} a request that waits for a person.`)
        .requiredOption('--service <name>', 'service of the request')
        .option('--by <name>', 'who decides', userInfo().username)
        .option('--reason <text>', 'why', '')
        .addHelpText(
          'after',
          examples([`telltale retrain ${decision} 1f0c... --service inspection --reason "new lamp"`]),
        )
        .action((target: string, options: DecideOptions) => decide(cli, decision, target, options));
    }
  },
};

async function decide(
  cli: Cli,
  decision: 'approve' | 'reject',
  target: string,
  options: DecideOptions,
): Promise<void> {
  const { topicNames } = await import('../flow/runtime.ts');
  const { commandAppend } = await import('../flow/outbox.ts');
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env: cli.io.env });
  if (!config.services.some((spec) => spec.service === options.service)) {
    const known = config.services.map((spec) => spec.service).join(', ');
    throw new TelltaleError('usage', `no service '${options.service}'; there are ${known}`);
  }
  const record: CommandRecord = { id: randomUUID(), kind: `retrain.${decision}`, target, ...options };
  const log = await openLog(config);
  try {
    const topic = topicNames(config.topics.prefix).slots;
    const partitions = (await log.partitions([topic])).get(topic);
    if (partitions === undefined) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
    await log.append([commandAppend(topic, partitions, record)]);
  } finally {
    await log.close();
  }
  if (cli.options().json) printJson(cli.io.stdout, { ok: true, command: record });
  else printLine(cli.io.stdout, `written; the decision appears on ${config.topics.prefix}retrain`);
}
