import { loadConfig } from '../config/load.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Log } from '../log/port.ts';
import type { Cli, CommandModule } from './command.ts';
import { sinceMsOf } from './dead/letters.ts';
import { examples, printLine } from './output.ts';
import { PUBLIC_TYPES, type PublicType, type Told, toldOf, topicOfType } from './public/records.ts';
import { serviceNamed } from './send-command.ts';
import { lineOf } from './tail/line.ts';
import { paintFor } from './tail/paint.ts';
import { offsetSince } from './tail/since.ts';

interface TailOptions {
  service?: string;
  metric?: string;
  results?: boolean;
  alerts?: boolean;
  incidents?: boolean;
  retrain?: boolean;
  rollout?: boolean;
  since?: string;
  count?: string;
}

const OPTION_OF: Readonly<Record<PublicType, keyof TailOptions>> = {
  result: 'results',
  alert: 'alerts',
  incident: 'incidents',
  retrain: 'retrain',
  rollout: 'rollout',
};

/** `telltale tail`: what the daemon writes, as it comes. */
export const tailCommand: CommandModule = {
  register(program, cli) {
    program
      .command('tail')
      .description(
        'Show results, alerts, incidents, requests for retraining and steps of roll-outs as they come, until Ctrl-C.',
      )
      .option('--service <name>', 'only those of one service')
      .option('--metric <name>', 'only results and alarms of one metric')
      .option('--results', 'results; without any of these five, all are shown')
      .option('--alerts', 'alerts')
      .option('--incidents', 'incidents')
      .option('--retrain', 'requests for retraining')
      .option('--rollout', 'steps of roll-outs')
      .option(
        '--since <when>',
        'begin with what was written in the last 2h, 7d ..., or since a time in ISO 8601',
      )
      .option('--count <n>', 'end after so many records')
      .addHelpText(
        'after',
        `
--json prints a record a line (NDJSON), as the file sink does.
${examples([
  'telltale tail --service fraud',
  'telltale tail --alerts --incidents --since 2h',
  'telltale tail --metric psi --results --json > psi.ndjson',
])}`,
      )
      .action((options: TailOptions) => tail(cli, options));
  },
};

async function tail(cli: Cli, options: TailOptions): Promise<void> {
  const { stdout, stderr, env } = cli.io;
  const { json, config: dir } = cli.options();
  const countMax = countOf(options.count);
  const sinceMs = options.since === undefined ? null : sinceMsOf(options.since, Date.now());
  const config = await loadConfig(dir, cli.wiring.registries, { env, withoutBaselines: true });
  // The daemon's own figures are a service too, whether it has a file or not.
  if (options.service !== undefined && options.service !== 'telltale') serviceNamed(config, options.service);
  const { topicNames } = await import('../flow/runtime.ts');
  const topics = topicNames(config.topics.prefix);
  const paint = paintFor(stdout, env);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  let left = countMax;
  const show = (told: Told | null): void => {
    if (told === null || left <= 0 || !isWanted(told, options)) return;
    printLine(stdout, json ? JSON.stringify({ type: told.type, ...told.record }) : lineOf(told, paint));
    if (--left === 0) end();
  };
  const log = await cli.wiring.openLog(config);
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    const wanted = typesOf(options).map((type) => topicOfType(topics, type));
    await follow(log, wanted, sinceMs, ending.signal, {
      record: (record) => show(toldOf(topics, record)),
      error: (error) => printLine(stderr, `${messageOf(error)}; trying again`),
    });
  } finally {
    process.removeListener('SIGINT', end).removeListener('SIGTERM', end);
    await log.close();
  }
}

function countOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new TelltaleError('usage', `--count: '${text}' is not a whole number of at least 1`);
}

function typesOf(options: TailOptions): readonly PublicType[] {
  const named = PUBLIC_TYPES.filter((type) => options[OPTION_OF[type]] === true);
  return named.length > 0 ? named : PUBLIC_TYPES;
}

/** An incident is of the metrics of its alarms, a request for retraining of those of its triggers. */
function isWanted(told: Told, { service, metric }: TailOptions): boolean {
  if (service !== undefined && told.record.service !== service) return false;
  if (metric === undefined) return true;
  switch (told.type) {
    case 'result':
    case 'alert':
      return told.record.metric === metric;
    case 'incident':
      return told.record.alarms.some((alarm) => alarm.metric === metric);
    case 'retrain':
      return told.record.triggers.some((trigger) => trigger.metric === metric);
    default:
      return false;
  }
}

async function follow(
  log: Log,
  topics: readonly string[],
  sinceMs: number | null,
  signal: AbortSignal,
  on: { record(record: Parameters<typeof toldOf>[1]): void; error(error: unknown): void },
): Promise<void> {
  const { tailTopic } = await import('../flow/tail.ts');
  const counts = await log.partitions(topics);
  const missing = topics.find((topic) => !counts.has(topic));
  if (missing !== undefined) throw new TelltaleError('topic_missing', `topic ${missing} does not exist`);
  const tails = await Promise.all(
    [...counts].map(async ([topic, partitions]) => {
      const at: number[] = [];
      for (let partition = 0; partition < partitions; partition++) {
        const { next } = await log.ends(topic, partition);
        at.push(sinceMs === null ? next : await offsetSince(log, topic, partition, sinceMs));
      }
      return { topic, partitions, at };
    }),
  );
  await Promise.all(
    tails.map(({ topic, partitions, at }) =>
      tailTopic(log, topic, partitions, { at }, signal, on.record, on.error),
    ),
  );
}
