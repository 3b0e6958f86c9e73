import { loadConfig } from '../config/load.ts';
import { type TopicSpec, topicSpecs } from '../config/topics.ts';
import type { TelltaleConfig } from '../config/types.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printTable } from './output.ts';

/** `telltale topics create|list`: the topics that Telltale writes, and whether those it reads exist. */
export const topicsCommand: CommandModule = {
  register(program, cli) {
    const topics = program.command('topics').description('Create or list the topics of Telltale.');
    topics
      .command('create')
      .description('Create the internal and public topics that do not exist; the others stay as they are.')
      .option('--dry-run', 'print what would be created, without a broker', false)
      .addHelpText('after', examples(['telltale topics create --dry-run', 'telltale topics create']))
      .action(async ({ dryRun }: { dryRun: boolean }) => createTopics(cli, dryRun));
    topics
      .command('list')
      .description('List the topics that Telltale reads and writes, and whether they exist.')
      .addHelpText('after', examples(['telltale topics list', 'telltale topics list --json']))
      .action(async () => listTopics(cli));
  },
};

async function createTopics(cli: Cli, dryRun: boolean): Promise<void> {
  const config = await load(cli);
  const specs = topicSpecs(config);
  if (dryRun) {
    printTopics(
      cli,
      specs.map((spec) => ({ ...spec, state: 'would be created' })),
    );
    return;
  }
  const created = await withAdmin(cli, config, (admin) => admin.create(specs));
  printTopics(
    cli,
    specs.map((spec) => ({ ...spec, state: created.includes(spec.name) ? 'created' : 'exists' })),
  );
}

function printTopics(cli: Cli, topics: (TopicSpec & { state: string })[]): void {
  if (cli.options().json) {
    printJson(cli.io.stdout, { ok: true, topics });
    return;
  }
  printTable(
    cli.io.stdout,
    ['TOPIC', 'STATE', 'PARTITIONS', 'REPLICATION', 'CONFIG'],
    topics.map(({ name, state, partitions, replication, config }) => [
      name,
      state,
      partitions,
      replication,
      Object.entries(config)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    ]),
  );
}

async function listTopics(cli: Cli): Promise<void> {
  const config = await load(cli);
  const found = new Set(await withAdmin(cli, config, (admin) => admin.list()));
  const written = topicSpecs(config).map(({ name }) => ({ name, use: 'written by Telltale' }));
  const read = config.services.flatMap(({ service, streams }) =>
    streams.map(({ topic, stream }) => ({ name: topic, use: `${stream} of ${service}` })),
  );
  const topics = [...read, ...written].map((topic) => ({ ...topic, exists: found.has(topic.name) }));
  if (cli.options().json) {
    printJson(cli.io.stdout, { ok: true, topics });
    return;
  }
  printTable(
    cli.io.stdout,
    ['TOPIC', 'EXISTS', 'USE'],
    topics.map(({ name, exists, use }) => [name, exists ? 'yes' : 'no', use]),
  );
}

async function load(cli: Cli): Promise<TelltaleConfig> {
  return loadConfig(cli.options().config, cli.wiring.registries, { env: cli.io.env });
}

async function withAdmin<T>(
  cli: Cli,
  config: TelltaleConfig,
  use: (admin: Awaited<ReturnType<Cli['wiring']['openTopicAdmin']>>) => Promise<T>,
): Promise<T> {
  const admin = await cli.wiring.openTopicAdmin(config);
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}
