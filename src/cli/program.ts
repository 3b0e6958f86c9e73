import { Command, CommanderError } from 'commander';
import { ConfigError, formatProblem } from '../config/types.ts';
import { ERRORS, messageOf, TelltaleError } from '../errors.ts';
import { auditCommand } from './audit.ts';
import { backtestCommand } from './backtest.ts';
import { baselineCommand } from './baseline.ts';
import type { Cli, CommandModule, Io, Wiring } from './command.ts';
import { completionCommand } from './completion.ts';
import { deadCommand } from './dead.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { initCommand } from './init.ts';
import { examples, printJson, printLine, ReportedError, WrongInputError } from './output.ts';
import { replayCommand } from './replay.ts';
import { reportCommand } from './report.ts';
import { retrainCommand } from './retrain.ts';
import { reviewCommand } from './review.ts';
import { rolloutCommand } from './rollout.ts';
import { runCommand } from './run.ts';
import { silenceCommand } from './silence.ts';
import { tailCommand } from './tail.ts';
import { testCommand } from './test.ts';
import { topicsCommand } from './topics.ts';
import { validateCommand } from './validate.ts';
import { packageVersion } from './version.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandModule[] = [
  runCommand,
  demoCommand,
  initCommand,
  validateCommand,
  doctorCommand,
  testCommand,
  topicsCommand,
  baselineCommand,
  replayCommand,
  backtestCommand,
  retrainCommand,
  silenceCommand,
  rolloutCommand,
  auditCommand,
  deadCommand,
  tailCommand,
  explainCommand,
  reportCommand,
  reviewCommand,
  completionCommand,
];

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
/** Errors whose cure is in the command line or the configuration. */
const USAGE_CODES: readonly string[] = [
  'config_invalid',
  'config_missing',
  'candidate_missing',
  'model_missing',
  'model_mismatch',
  'baseline_invalid',
  'schema_invalid',
  'usage',
];

/** The whole command line, writing to `io`; it never ends the process. */
export function buildProgram(io: Io, wiring: Wiring, commands: readonly CommandModule[] = COMMANDS): Command {
  const program = new Command('telltale');
  program
    .description('Watches machine-learning services through their Kafka streams.')
    .version(packageVersion(), '-V, --version')
    .option('--config <dir>', 'folder that holds telltale.yaml', 'config')
    .option('--json', 'print JSON for programs instead of text', false)
    .addHelpText('after', examples(['telltale validate', 'telltale validate --json --config /etc/telltale']))
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // `run` prints every error in one form.
      outputError: () => {},
    });
  const cli: Cli = { io, wiring, options: () => program.opts() };
  for (const command of commands) command.register(program, cli);
  return program;
}

/**
 * Runs one command line.
 *
 * @param args without the interpreter and the script
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration
 */
export async function run(
  args: readonly string[],
  io: Io,
  wiring: Wiring,
  commands: readonly CommandModule[] = COMMANDS,
): Promise<number> {
  try {
    await buildProgram(io, wiring, commands).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return endOfCommander(error, args, io);
    printError(error, io, args.includes('--json'));
    return isUsage(error) ? EXIT_USAGE : EXIT_FAILURE;
  }
}

const isUsage = (error: unknown): boolean =>
  error instanceof WrongInputError || (error instanceof TelltaleError && USAGE_CODES.includes(error.code));

function endOfCommander(error: CommanderError, args: readonly string[], io: Io): number {
  if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') return 0;
  // Help that was asked for has exit code 0; without a command it is the answer to wrong usage.
  if (error.code === 'commander.help') return args.includes('help') ? 0 : EXIT_USAGE;
  const message = error.message.replace(/^error: /, '').replace(/\n+/g, ' ');
  printError(new TelltaleError('usage', message), io, args.includes('--json'));
  return EXIT_USAGE;
}

/** Prints `error[CODE] message`, the cure, and the problems of a configuration. */
export function printError(error: unknown, io: Io, json: boolean): void {
  const code = error instanceof TelltaleError ? error.code : 'internal';
  const help = error instanceof TelltaleError ? ERRORS[error.code] : 'Set TELLTALE_DEBUG=1 to see the stack.';
  const problems = error instanceof ConfigError ? error.problems : undefined;
  if (json) {
    const report = error instanceof ReportedError ? error.report : {};
    printJson(io.stdout, { ok: false, error: code, message: messageOf(error), help, problems, ...report });
  } else {
    for (const problem of problems ?? []) printLine(io.stderr, formatProblem(problem));
    printLine(io.stderr, `error[${code}] ${messageOf(error)}`);
    printLine(io.stderr, `  help: ${help}`);
  }
  if (io.env.TELLTALE_DEBUG === '1' && error instanceof Error) printLine(io.stderr, error.stack ?? '');
}
