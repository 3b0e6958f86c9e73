import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { ServiceSpec } from '../records.ts';
import { type Chain, chainOf, type Fault } from './audit/chain.ts';
import { auditCommands, type Commands, type CommandsAudit } from './audit/commands.ts';
import { auditLevels, type LevelAudit } from './audit/levels.ts';
import { auditOutcomes, type OutcomesAudit } from './audit/outcomes.ts';
import { readCommands, readRolloutFile, readWindows } from './audit/read.ts';
import { auditTables, type TablesAudit } from './audit/tables.ts';
import { auditVerdicts, type VerdictAudit } from './audit/verdicts.ts';
import { auditCounts, type CountsAudit, type Windows } from './audit/windows.ts';
import type { Cli, CommandModule } from './command.ts';
import { oneLine } from './dead/letters.ts';
import { examples, printJson, printLine, printTable, ReportedError } from './output.ts';
import { count } from './results/blocks.ts';
import { type RolloutRecords, readRollouts, rolloutTopicOf } from './rollout/records.ts';
import { serviceNamed } from './send-command.ts';

interface AuditOptions {
  service?: string;
  from?: string;
}

/** `telltale audit verify`: whether the records of the roll-outs are whole, and say what follows from them. */
export const auditCommand: CommandModule = {
  register(program, cli) {
    const audit = program.command('audit').description('Check what is recorded of roll-outs.');
    registerVerify(audit, cli);
  },
};

function registerVerify(audit: Command, cli: Cli): void {
  audit
    .command('verify')
    .description(
      'Compute the chain of hashes, verdicts, steps of the level and all counts again; ends with 1 at a fault.',
    )
    .option('--service <name>', 'only this service')
    .option('--from <file>', 'lines of JSON instead of the topics, without a broker; counts are not checked')
    .addHelpText(
      'after',
      examples([
        'telltale audit verify',
        'telltale audit verify --service fraud --from rollout.ndjson --json',
      ]),
    )
    .action((options: AuditOptions) => verify(cli, options));
}

interface Found {
  records: RolloutRecords;
  /** Null: there are none to check with, for the reason. */
  windows: Windows | null;
  commands: Commands | null;
  why: string;
  specs: readonly ServiceSpec[];
}

async function verify(cli: Cli, options: AuditOptions): Promise<void> {
  const { service, from } = options;
  const found = from === undefined ? await readTopics(cli, service) : await readFile(from);
  const audits = [...found.records.byService]
    .filter(([name]) => service === undefined || name === service)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, placed]) => auditOf(name, chainOf(placed), found));
  const { strangers } = found.records;
  const report = { services: audits.map(jsonOf), unreadable: strangers };
  if (!cli.options().json) print(cli, audits, strangers);
  const faults = audits.flatMap((audit) => audit.faults);
  if (faults.length > 0) {
    const rest = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`;
    throw new ReportedError('audit_failed', `${faultText(faults[0]!)}${rest}`, report);
  }
  if (cli.options().json) printJson(cli.io.stdout, { ok: true, ...report });
}

const readFile = async (path: string): Promise<Found> => ({
  records: await readRolloutFile(path),
  windows: null,
  commands: null,
  why: 'a file of roll-outs has no results and no commands',
  specs: [],
});

async function readTopics(cli: Cli, service: string | undefined): Promise<Found> {
  const { env, stderr } = cli.io;
  const { topicNames } = await import('../flow/runtime.ts');
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env });
  if (service !== undefined) serviceNamed(config, service);
  const log = await cli.wiring.openLog(config);
  try {
    const records = await readRollouts(log, rolloutTopicOf(config));
    const names = [...records.byService.keys()].filter((name) => service === undefined || name === service);
    const topics = topicNames(config.topics.prefix);
    const windows = await readWindows(log, topics.results, new Set(names), stderr);
    const commands = await readCommands(log, topics.slots, new Set(names), stderr);
    return { records, windows, commands, why: '', specs: config.services };
  } finally {
    await log.close();
  }
}

interface ServiceAudit {
  service: string;
  chain: Chain;
  rollouts: number;
  verdicts: VerdictAudit;
  levels: LevelAudit;
  tables: TablesAudit;
  /** Null: not checked, for the reason. */
  counts: CountsAudit | null;
  outcomes: OutcomesAudit | null;
  commands: CommandsAudit | null;
  why: string;
  /** In the order of the records. */
  faults: Fault[];
}

function auditOf(
  service: string,
  chain: Chain,
  { windows, commands: asked, why, specs }: Found,
): ServiceAudit {
  const { records } = chain;
  const verdicts = auditVerdicts(records);
  const spec = specs.find((one) => one.service === service) ?? null;
  const levels = auditLevels(records, spec);
  const tables = auditTables(records, spec);
  const counts = windows === null ? null : auditCounts(records, spec, windows);
  const outcomes = windows === null ? null : auditOutcomes(records, spec, windows);
  const commands = asked === null ? null : auditCommands(records, asked);
  const faults = [chain, verdicts, levels, tables, counts, outcomes, commands].flatMap(
    (audit) => audit?.faults ?? [],
  );
  faults.sort((a, b) => a.seq - b.seq);
  const rollouts = new Set(
    records.flatMap(({ record }) => (record.status === 'none' ? [] : [record.rolloutId])),
  ).size;
  return { service, chain, rollouts, verdicts, levels, tables, counts, outcomes, commands, why, faults };
}

const faultText = ({ service, seq, place, message }: Fault): string =>
  `${service}: record ${seq} at ${place}: ${oneLine(message, 300)}`;

const FAULTS_SHOWN = 20;

function print(cli: Cli, audits: readonly ServiceAudit[], strangers: readonly string[]): void {
  const { stdout } = cli.io;
  if (audits.length === 0) printLine(stdout, 'no records of roll-outs');
  else
    printTable(
      stdout,
      ['SERVICE', 'RECORDS', 'ROLL-OUTS', 'CHAIN', 'VERDICTS', 'LEVELS', 'TABLES', 'COUNTS', 'LAST HASH'],
      audits.map(({ service, chain, rollouts, verdicts, levels, tables, counts, outcomes }) => [
        service,
        chain.records.length,
        rollouts,
        faultsText(chain.faults.length, 'whole'),
        faultsText(verdicts.faults.length, `${count(verdicts.checked)} the same`),
        faultsText(levels.faults.length, `${count(levels.checked)} the same`),
        faultsText(tables.faults.length, `${count(tables.checked)} the same`),
        counts === null || outcomes === null
          ? 'not checked'
          : faultsText(
              counts.faults.length + outcomes.faults.length,
              `${count(counts.checked + outcomes.checked)} the same`,
            ),
        chain.lastHash,
      ]),
    );
  for (const audit of audits) for (const note of notesOf(audit)) printLine(stdout, note);
  if (strangers.length > 0)
    printLine(
      stdout,
      `passed over, no records of roll-outs: ${strangers.slice(0, 5).join(', ')}${strangers.length > 5 ? ` and ${strangers.length - 5} more` : ''}`,
    );
  const faults = audits.flatMap((audit) => audit.faults);
  for (const fault of faults.slice(0, FAULTS_SHOWN)) printLine(stdout, faultText(fault));
  if (faults.length > FAULTS_SHOWN) printLine(stdout, `and ${faults.length - FAULTS_SHOWN} more faults`);
}

const faultsText = (faults: number, none: string): string =>
  faults === 0 ? none : faults === 1 ? '1 fault' : `${faults} faults`;

/** What was not checked, and why. */
function notesOf({ service, chain, verdicts, counts, outcomes, commands, why }: ServiceAudit): string[] {
  const notes: string[] = [];
  if (chain.repeated > 0)
    notes.push(`${service}: ${chain.repeated} written once more by a restart, the same`);
  if (verdicts.unnamed > 0)
    notes.push(
      `${service}: ${verdicts.unnamed} roll-back verdicts in records of people rest on alarms that these do not name`,
    );
  if (counts === null) notes.push(`${service}: counts and commands are not checked: ${why}`);
  if (commands !== null && commands.gone > 0)
    notes.push(`${service}: commands of ${commands.gone} steps are gone, and are not checked`);
  for (const { rolloutId, reason } of counts?.unchecked ?? [])
    notes.push(`${service}: counts of roll-out ${rolloutId.slice(0, 12)} are not checked: ${reason}`);
  for (const [reason, steps] of outcomes?.unchecked ?? [])
    notes.push(`${service}: answers of ${steps} steps of the level are not checked: ${reason}`);
  return notes;
}

function jsonOf({
  service,
  chain,
  rollouts,
  verdicts,
  levels,
  tables,
  counts,
  outcomes,
  commands,
  why,
  faults,
}: ServiceAudit): object {
  return {
    service,
    records: chain.records.length,
    repeated: chain.repeated,
    rollouts,
    lastHash: chain.lastHash,
    verdicts: { checked: verdicts.checked, unnamedAlarms: verdicts.unnamed },
    levels: { checked: levels.checked },
    tables: { checked: tables.checked },
    counts: counts === null ? { checked: 0, why } : { checked: counts.checked, unchecked: counts.unchecked },
    answers: {
      checked: outcomes?.checked ?? 0,
      unchecked: Object.fromEntries(outcomes?.unchecked ?? []),
    },
    commands: { checked: commands?.checked ?? 0, gone: commands?.gone ?? 0 },
    faults,
  };
}
