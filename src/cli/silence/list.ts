/** `telltale silence list`. */

import type { Command } from 'commander';
import { matcherText } from '../../alarm/incident/matcher.ts';
import { loadConfig } from '../../config/load.ts';
import { TelltaleError } from '../../errors.ts';
import type { KnownSilence, Silences } from '../../flow/silences.ts';
import type { Cli } from '../command.ts';
import { oneLine } from '../dead/letters.ts';
import { examples, printJson, printLine, printTable } from '../output.ts';
import { serviceNamed } from '../send-command.ts';

/** In the order of the list. */
const STATES = ['active', 'pending', 'expired'] as const;
type SilenceState = (typeof STATES)[number];

interface Entry extends KnownSilence {
  id: string;
  service: string;
  state: SilenceState;
}

export function registerList(silence: Command, cli: Cli): void {
  silence
    .command('list')
    .description('Show the silences of all services, or of one.')
    .option('--service <name>', 'only those of one service')
    .addHelpText('after', examples(['telltale silence list', 'telltale silence list --service fraud --json']))
    .action((options: { service?: string }) => list(cli, options));
}

async function list(cli: Cli, { service }: { service?: string }): Promise<void> {
  const { stdout, env } = cli.io;
  const { readSilences } = await import('../../flow/silences.ts');
  const { topicNames } = await import('../../flow/runtime.ts');
  const config = await loadConfig(cli.options().config, cli.wiring.registries, { env });
  if (service !== undefined) serviceNamed(config, service);
  const services = service === undefined ? config.services.map((spec) => spec.service) : [service];
  const log = await cli.wiring.openLog(config);
  let silences: Silences | null;
  try {
    const place = { topics: topicNames(config.topics.prefix), group: config.kafka.group };
    silences = await readSilences(log, place, services);
  } finally {
    await log.close();
  }
  if (silences === null)
    throw new TelltaleError('topic_missing', `topic ${config.topics.prefix}slots does not exist`);
  const entries = entriesOf(silences, Date.now());
  if (cli.options().json) {
    printJson(stdout, { ok: true, silences: entries.map(jsonOf) });
    return;
  }
  if (entries.length === 0) printLine(stdout, 'no silences');
  else printTable(stdout, ['ID', 'SERVICE', 'STATE', 'MATCH', 'UNTIL', 'BY', 'REASON'], entries.map(rowOf));
}

function entriesOf(silences: Silences, nowMs: number): Entry[] {
  const entries = [...silences].flatMap(([service, own]) =>
    [...own].map(([id, silence]) => ({ ...silence, id, service, state: stateOf(silence, nowMs) })),
  );
  const rank = ({ state }: Entry): number => STATES.indexOf(state);
  return entries.sort((a, b) => rank(a) - rank(b) || a.untilMs - b.untilMs || (a.id < b.id ? -1 : 1));
}

/** By the clock of whoever looks; judges go by event time, which may be behind. */
function stateOf({ fromMs, untilMs, isEnded }: KnownSilence, nowMs: number): SilenceState {
  if (isEnded || nowMs >= untilMs) return 'expired';
  return nowMs < fromMs ? 'pending' : 'active';
}

const isoOf = (atMs: number): string => new Date(atMs).toISOString();

const rowOf = (entry: Entry): string[] => [
  oneLine(entry.id, 80),
  entry.service,
  entry.state,
  oneLine(matcherText(entry.match), 120),
  isoOf(entry.untilMs),
  oneLine(entry.by, 40),
  oneLine(entry.reason, 120),
];

const jsonOf = ({ fromMs, untilMs, isEnded: _, ...rest }: Entry): object => ({
  ...rest,
  from: isoOf(fromMs),
  until: isoOf(untilMs),
});
