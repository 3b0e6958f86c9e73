/** `telltale rollout status`. */

import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { Cli } from '../command.ts';
import { examples, printJson, printLine, printTable } from '../output.ts';
import { serviceNamed } from '../send-command.ts';
import { type RolloutRecords, readRollouts, rolloutTopicOf } from './records.ts';
import { HEADINGS, isoOf, notesOf, rowOf, type Standing, standingOf } from './text.ts';

export function registerStatus(rollout: Command, cli: Cli): void {
  rollout
    .command('status')
    .description('Show where the roll-outs stand: stage, verdict, evidence, and what happened last.')
    .option('--service <name>', 'only that of one service')
    .addHelpText(
      'after',
      `
FOR IT and AGAINST are the evidence (ln e) for a promotion and for a roll-back; NEEDED is what either must reach.
${examples(['telltale rollout status', 'telltale rollout status --service fraud --json'])}`,
    )
    .action((options: { service?: string }) => status(cli, options));
}

async function status(cli: Cli, { service }: { service?: string }): Promise<void> {
  const { stdout, env } = cli.io;
  const config = await loadConfig(cli.options().config, cli.wiring.registries, {
    env,
    withoutBaselines: true,
  });
  if (service !== undefined) serviceNamed(config, service);
  const log = await cli.wiring.openLog(config);
  let found: RolloutRecords;
  try {
    found = await readRollouts(log, rolloutTopicOf(config));
  } finally {
    await log.close();
  }
  const standings = [...found.byService]
    .filter(([name]) => service === undefined || name === service)
    .map(([, placed]) => standingOf(placed.map(({ record }) => record)))
    .sort((a, b) => (a.service < b.service ? -1 : 1));
  // Configured, and no window has closed since.
  const pending = config.services
    .filter((spec) => spec.rollout !== undefined && !found.byService.has(spec.service))
    .map((spec) => spec.service)
    .filter((name) => service === undefined || name === service);
  if (cli.options().json) {
    printJson(stdout, { ok: true, rollouts: standings.map(jsonOf), notStarted: pending });
    return;
  }
  if (standings.length > 0) printTable(stdout, HEADINGS, standings.map(rowOf));
  for (const note of standings.flatMap(notesOf)) printLine(stdout, note);
  for (const name of pending) printLine(stdout, `${name}: its roll-out has not started yet`);
  if (standings.length + pending.length === 0) printLine(stdout, 'no roll-outs');
}

function jsonOf({ record, sinceMs, level, waits, isDryRun }: Standing): object {
  const { spec, table, levelSeen, atMs, ...rest } = record;
  return { ...rest, at: isoOf(atMs), since: isoOf(sinceMs), level, levelWaits: waits, isDryRun };
}
