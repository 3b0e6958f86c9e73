import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { durationMs } from '../config/scalar-shapes.ts';
import { nearest } from '../config/suggest.ts';
import { TelltaleError } from '../errors.ts';
import { AUTOMATION_LEVELS, type Command as CommandRecord, type RolloutRecord } from '../records.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine, ReportedError } from './output.ts';
import { watchRollouts } from './rollout/answer.ts';
import { rolloutTopicOf } from './rollout/records.ts';
import { registerStatus } from './rollout/status.ts';
import { differenceText } from './rollout/text.ts';
import { sendCommand, serviceNamed } from './send-command.ts';

interface SteerOptions {
  service: string;
  by: string;
  reason: string;
  wait: string;
  full?: boolean;
}

interface Action {
  name: 'start' | 'pause' | 'resume' | 'promote' | 'rollback' | 'level';
  description: string;
  reason: string;
}

const ACTIONS: readonly Action[] = [
  {
    name: 'start',
    description: 'Start a roll-out again that was rolled back; the first time it starts by itself.',
    reason: 'the labels were wrong',
  },
  {
    name: 'pause',
    description: 'Let no stage open the next one; harm still rolls back.',
    reason: 'a busy weekend',
  },
  { name: 'resume', description: 'End a pause.', reason: 'the weekend is over' },
  {
    name: 'promote',
    description: 'Open the next stage now, or the one that waits for a person.',
    reason: 'looks good',
  },
  {
    name: 'rollback',
    description: 'Let the last primary answer all again, also after a promotion while it is kept.',
    reason: 'customers complain',
  },
  { name: 'level', description: 'Set how much the model decides by itself.', reason: 'a new team' },
];

/** `telltale rollout status|start|pause|resume|promote|rollback|level`: what people see and decide of roll-outs. */
export const rolloutCommand: CommandModule = {
  register(program, cli) {
    const rollout = program.command('rollout').description('See and steer how new models take over.');
    registerStatus(rollout, cli);
    for (const action of ACTIONS) registerAction(rollout, cli, action);
  },
};

function registerAction(rollout: Command, cli: Cli, action: Action): void {
  const { name, description, reason } = action;
  const isLevel = name === 'level';
  const command = rollout
    .command(isLevel ? 'level <level>' : name)
    .description(description)
    .requiredOption('--service <name>', 'service of the roll-out')
    .option('--by <name>', 'who decides', userInfo().username)
    .option('--reason <text>', 'why', '')
    .option('--wait <duration>', 'how long to wait for what becomes of it; 0s: not at all', '30s');
  if (name === 'promote') command.option('--full', 'skip all stages that are left', false);
  const line = `telltale rollout ${name}${isLevel ? ' assist' : ''} --service fraud --reason "${reason}"`;
  command.addHelpText(
    'after',
    `${isLevel ? `\nLevels: ${AUTOMATION_LEVELS.join(', ')}.\n` : ''}${examples([line])}`,
  );
  if (isLevel)
    command.action((level: string, options: SteerOptions) => steer(cli, action, levelOf(level), options));
  else
    command.action((options: SteerOptions) =>
      steer(cli, action, options.full === true ? 'full' : '', options),
    );
}

function levelOf(text: string): string {
  if (AUTOMATION_LEVELS.some((level) => level === text)) return text;
  const meant = nearest(text, AUTOMATION_LEVELS);
  const hint = meant === null ? '' : `; did you mean '${meant}'?`;
  throw new TelltaleError('usage', `no level '${text}', allowed: ${AUTOMATION_LEVELS.join(', ')}${hint}`);
}

async function steer(cli: Cli, { name }: Action, target: string, options: SteerOptions): Promise<void> {
  const { service, by, reason } = options;
  const waitMs = durationMs(options.wait);
  if (waitMs === null)
    throw new TelltaleError('usage', `--wait: '${options.wait}' is no duration such as 30s, 5m`);
  // Records without a name are those of the service itself.
  if (by.trim() === '') throw new TelltaleError('usage', '--by: say who decides');
  const { stdout, stderr, env } = cli.io;
  const config = await loadConfig(cli.options().config, cli.wiring.registries, {
    env,
    withoutBaselines: true,
  });
  if (serviceNamed(config, service).rollout === undefined && name === 'start')
    throw new TelltaleError('usage', `${service} has no section rollout; see docs/rollouts.md`);
  const log = await cli.wiring.openLog(config);
  try {
    const watch = await watchRollouts(log, rolloutTopicOf(config));
    const asked = { service, kind: `rollout.${name}` as const, target, by, reason };
    const command = await sendCommand(log, config, asked);
    if (waitMs === 0) {
      if (cli.options().json) printJson(stdout, { ok: true, command });
      else printLine(stdout, `written; what becomes of it appears on ${rolloutTopicOf(config)}`);
      return;
    }
    printLine(stderr, `written; waiting up to ${options.wait} for what becomes of it`);
    tell(cli, command, await watch.answer(command, waitMs), options.wait);
  } finally {
    await log.close();
  }
}

/** Throws where it was refused, or nobody has answered. */
function tell(cli: Cli, command: CommandRecord, record: RolloutRecord | null, wait: string): void {
  const { service, kind } = command;
  if (record === null)
    throw new ReportedError('command_unanswered', `${kind} of ${service}: no answer within ${wait}`, {
      command,
    });
  if (record.event === 'refused')
    throw new ReportedError('command_refused', `${service}: ${record.reason}`, { command, record });
  if (cli.options().json) printJson(cli.io.stdout, { ok: true, command, record });
  else printLine(cli.io.stdout, lineOf(record));
}

/** 'fraud: advanced, forest is running in stage 3 of 6 (canary, 5 %); verdict keep, worse by ... ' */
function lineOf(record: RolloutRecord): string {
  const { service, event, candidate, status, stage, stages, stageKind, share, verdict } = record;
  const where = `${candidate} is ${status.replace('_', ' ')} in stage ${stage + 1} of ${stages} (${stageKind}, ${Number((100 * share).toFixed(2))} %)`;
  const evidence =
    record.difference === null ? '' : `, worse by ${differenceText(record)} on ${record.counts.n} labels`;
  const what = event === 'level' ? `level ${record.reason}` : event.replace('_', ' ');
  if (status === 'none') return `${service}: ${what}`;
  return `${service}: ${what}; ${where}; verdict ${verdict}${evidence}`;
}
