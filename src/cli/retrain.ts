import { userInfo } from 'node:os';
import { loadConfig } from '../config/load.ts';
import { TelltaleError } from '../errors.ts';
import type { Command as CommandRecord } from '../records.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine } from './output.ts';
import { sendCommand, serviceNamed } from './send-command.ts';

interface DecideOptions {
  service: string;
  by: string;
  reason: string;
  model?: string;
  name?: string;
}

interface Action {
  name: string;
  kind: CommandRecord['kind'];
  description: string;
  by: string;
  reason: string;
  /** What else its example shows. */
  more?: string;
}

const ACTIONS: readonly Action[] = [
  {
    name: 'approve',
    kind: 'retrain.approve',
    description: 'Approve a request that waits for a person.',
    by: 'who decides',
    reason: 'the new lamp',
  },
  {
    name: 'reject',
    kind: 'retrain.reject',
    description: 'Reject a request that waits for a person.',
    by: 'who decides',
    reason: 'the lamp will be cleaned',
  },
  {
    name: 'started',
    kind: 'retrain.started',
    description: 'Report that the training of an approved request has begun.',
    by: 'what trains',
    reason: 'run 118',
  },
  {
    name: 'done',
    kind: 'retrain.done',
    description: 'Report that it has ended, with a model to try as a shadow.',
    by: 'what trains',
    reason: 'run 118',
    more: ' --model ../../models/inspection-7.onnx',
  },
  {
    name: 'failed',
    kind: 'retrain.failed',
    description: 'Report that it has ended without one.',
    by: 'what trains',
    reason: 'out of memory',
  },
];

/** `telltale retrain approve|reject|started|done|failed`: written into the log as a command record. */
export const retrainCommand: CommandModule = {
  register(program, cli) {
    const retrain = program
      .command('retrain')
      .description('Decide on requests for retraining, and report of them.');
    for (const action of ACTIONS) {
      const command = retrain
        .command(`${action.name} <retrainId>`)
        .description(action.description)
        .requiredOption('--service <name>', 'service of the request')
        .option('--by <name>', action.by, userInfo().username)
        .option('--reason <text>', 'why, or what there is to say', '')
        .addHelpText(
          'after',
          examples([
            `telltale retrain ${action.name} 1f0c... --service inspection --reason "${action.reason}"${action.more ?? ''}`,
          ]),
        )
        .action((target: string, options: DecideOptions) => decide(cli, action, target, options));
      if (action.kind !== 'retrain.done') continue;
      command
        .option('--model <file>', 'the new model, relative to the folder of the service files or absolute')
        .option('--name <name>', 'what it is called as a shadow; by default after its request');
    }
  },
};

async function decide(cli: Cli, { kind }: Action, target: string, options: DecideOptions): Promise<void> {
  const { trainedModel } = await import('../flow/trained.ts');
  const { service, by, reason, model: file, name } = options;
  if (name !== undefined && file === undefined)
    throw new TelltaleError('usage', '--name names the model of --model, which is missing');
  const model = file === undefined ? null : trainedModel(file, name ?? '');
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env: cli.io.env });
  serviceNamed(config, service);
  const log = await cli.wiring.openLog(config);
  try {
    const command = await sendCommand(log, config, { service, kind, target, by, reason, model });
    if (cli.options().json) printJson(cli.io.stdout, { ok: true, command });
    else printLine(cli.io.stdout, `written; what becomes of it appears on ${config.topics.prefix}retrain`);
  } finally {
    await log.close();
  }
}
