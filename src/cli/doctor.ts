import { loadConfig, readDaemonOnly } from '../config/load.ts';
import { secretFilter } from '../config/redact.ts';
import { ConfigError, formatProblem, type TelltaleConfig } from '../config/types.ts';
import { ERRORS, messageOf, TelltaleError } from '../errors.ts';
import type { Cli, CommandModule } from './command.ts';
import { type DoctorCheck, type DoctorContext, type Finding, fail, ok } from './doctor/check.ts';
import { DOCTOR_CHECKS } from './doctor/registry.ts';
import { examples, printJson, printLine, ReportedError } from './output.ts';

interface Line extends Finding {
  check: string;
}

/** `telltale doctor`: everything around the daemon that may be wrong, with the cure. */
export const doctorCommand: CommandModule = {
  register(program, cli) {
    const list = DOCTOR_CHECKS.map(({ name, description }) => `  ${name.padEnd(10)}${description}`);
    program
      .command('doctor')
      .description(
        'Check the configuration and everything that the daemon needs, and say the cure of what is wrong.',
      )
      .addHelpText(
        'after',
        `
Checks:
  config    telltale.yaml and all services are right
${list.join('\n')}

Nothing is written or created. Exit code 1: a check failed; warnings are no failure.
${examples(['telltale doctor', 'telltale doctor --config /etc/telltale --json'])}`,
      )
      .action(() => doctor(cli));
  },
};

async function doctor(cli: Cli): Promise<void> {
  const { stdout } = cli.io;
  const { config, findings } = await configFindings(cli);
  const lines: Line[] = [];
  let hide = (text: string): string => text;
  const tell = (check: string, found: readonly Finding[]): void => {
    for (const { status, message, cure } of found) {
      const line = { check, status, message: hide(message), cure: hide(cure) };
      lines.push(line);
      if (!cli.options().json) printFinding(cli, line);
    }
  };
  tell('config', findings);
  if (config !== null) {
    hide = secretFilter(config);
    await runChecks(cli, config, tell);
  }
  const count = (status: Finding['status']): number => lines.filter((line) => line.status === status).length;
  const summary = `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failed`;
  if (count('fail') > 0) throw new ReportedError('checks_failed', summary, { checks: lines });
  if (cli.options().json) printJson(stdout, { ok: true, checks: lines });
  else printLine(stdout, summary);
}

/** A fault in one service does not keep the rest from being checked. */
async function configFindings(cli: Cli): Promise<{ config: TelltaleConfig | null; findings: Finding[] }> {
  const { registries } = cli.wiring;
  const { env } = cli.io;
  const dir = cli.options().config;
  try {
    const config = await loadConfig(dir, registries, { env });
    return { config, findings: [ok(`${config.services.length} services are right`)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) return { config: null, findings: [faultOf(error)] };
    const findings = error.problems.map((problem) =>
      fail(formatProblem(problem), 'Correct it; telltale validate shows when all is right.'),
    );
    return { config: readDaemonOnly(dir, env), findings };
  }
}

async function runChecks(
  cli: Cli,
  config: TelltaleConfig,
  tell: (check: string, found: readonly Finding[]) => void,
): Promise<void> {
  const kafka = await cli.wiring.inspectKafka(config);
  const context: DoctorContext = {
    config,
    kafka,
    openLog: () => cli.wiring.openLog(config),
    nowMs: Date.now,
  };
  let isReached = false;
  try {
    for (const check of DOCTOR_CHECKS) {
      const found: Finding[] =
        check.needsBrokers && !isReached ? [SKIPPED] : await findingsOf(check, context);
      if (check.name === 'brokers') isReached = found.some(({ status }) => status === 'ok');
      tell(check.name, found);
    }
  } finally {
    await kafka.close();
  }
}

const SKIPPED: Finding = { status: 'skip', message: 'no broker answers', cure: '' };

async function findingsOf(check: DoctorCheck, context: DoctorContext): Promise<Finding[]> {
  try {
    return await check.run(context);
  } catch (error) {
    return [faultOf(error)];
  }
}

const faultOf = (error: unknown): Finding =>
  fail(messageOf(error), error instanceof TelltaleError ? ERRORS[error.code] : 'Set TELLTALE_DEBUG=1.');

function printFinding({ io: { stdout } }: Cli, { check, status, message, cure }: Line): void {
  printLine(stdout, `${status.padEnd(4)}  ${check.padEnd(9)}  ${message}`);
  if (cure !== '') printLine(stdout, `${' '.repeat(17)}cure: ${cure}`);
}
