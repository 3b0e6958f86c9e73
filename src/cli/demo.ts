import { InvalidArgumentError } from 'commander';
import type { StoryOutcome } from '../demo/once.ts';
import { STORIES } from '../demo/stories/index.ts';
import type { WrittenFile } from '../demo/to-files.ts';
import type { RolloutRecord } from '../records.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine, printTable } from './output.ts';
import { progress } from './progress.ts';

interface DemoOptions {
  once?: boolean;
  toKafka?: boolean;
  toFiles?: string;
  seed: number;
  speed: number;
  host: string;
  port: number;
}

const EXPECTED_RECORDS = 121_000;

/** `telltale demo`: four services whose models begin to fail, without any server. */
export const demoCommand: CommandModule = {
  register(program, cli) {
    program
      .command('demo')
      .description('Watch four services as their models begin to fail; needs nothing but Node.')
      .option('--once', 'run as fast as it goes, print what was found, and end')
      .option('--to-kafka', 'only generate the traffic, into the Kafka of the configuration')
      .option(
        '--to-files <dir>',
        'only write the traffic, as DIR/SERVICE/STREAM.ndjson for `telltale replay`',
      )
      .option('--seed <n>', 'seed of the traffic', positive, 1)
      .option('--speed <n>', 'seconds of event time in one second', positive, 120)
      .option('--host <host>', 'address of the live page', '127.0.0.1')
      .option('--port <port>', 'port of the live page; 0: any free one', port, 8080)
      .addHelpText(
        'after',
        examples([
          'telltale demo',
          'telltale demo --once',
          'telltale demo --speed 30 --port 9000',
          'telltale demo --to-files recorded',
        ]),
      )
      .action(async (options: DemoOptions) => {
        if (options.toFiles !== undefined) await toFiles(cli, options.toFiles, options.seed);
        else if (options.toKafka) await toKafka(cli, options);
        else if (options.once) await once(cli, options);
        else await live(cli, options);
      });
  },
};

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is needed');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('0..65535 is needed');
  return value;
}

const logger = (cli: Cli) => createLogger({ level: 'warn', stream: cli.io.stderr });

async function once(cli: Cli, options: DemoOptions): Promise<void> {
  const { createWorld } = await import('../demo/world.ts');
  const { runOnce } = await import('../demo/once.ts');
  const startedMs = performance.now();
  const world = await createWorld(null, cli.wiring.registries, logger(cli));
  const bar = progress(EXPECTED_RECORDS, 'demo', cli.io.stderr, 'records');
  try {
    const outcomes = await runOnce(world, STORIES, options.seed, (records) => bar.update(records, records));
    bar.stop();
    const records = outcomes.reduce((sum, outcome) => sum + outcome.records, 0);
    if (!cli.options().json) {
      printTable(
        cli.io.stdout,
        ['SERVICE', 'INJECTED', 'AT', 'DETECTED', 'BY', 'ALERTS BEFORE', 'AFTER', 'RETRAIN EVENTS'],
        outcomes.map((o) => [
          o.service,
          o.injected,
          time(o.injectedAt),
          time(o.detectedAt),
          o.detectedBy,
          String(o.alertsBefore),
          String(o.alertsAfter),
          String(o.retrainEvents),
        ]),
      );
      printRollouts(cli, outcomes);
    }
    const services = Object.fromEntries(
      outcomes.map(
        ({ service, injectedAt, detectedAt, alertsBefore, alertsAfter, retrainEvents, rollouts }) => [
          service,
          { injectedAt, detectedAt, alertsBefore, alertsAfter, retrainEvents, rollouts: endsOf(rollouts) },
        ],
      ),
    );
    const seconds = Math.round(performance.now() - startedMs) / 1000;
    printLine(cli.io.stdout, JSON.stringify({ records, seconds, services }));
  } finally {
    await world.embedded.close();
  }
}

const time = (ms: number | null): string =>
  ms === null ? 'never' : new Date(ms).toISOString().slice(11, 16);
const points = (rate: number): string => (100 * rate).toFixed(2);

/** Wrong answers of the candidate less those of the primary, with what the evidence does not refute. */
const differenceText = ({ difference, low, high }: RolloutRecord): string =>
  difference === null || low === null || high === null
    ? '-'
    : `${points(difference)} (${points(low)} to ${points(high)})`;

/** What was rolled out, step by step; verdicts that changed nothing are left out. */
function printRollouts(cli: Cli, outcomes: readonly StoryOutcome[]): void {
  const steps = outcomes.flatMap(({ rollouts }) => rollouts.filter(({ event }) => event !== 'verdict'));
  if (steps.length === 0) return;
  printLine(cli.io.stdout, '');
  printTable(
    cli.io.stdout,
    ['SERVICE', 'CANDIDATE', 'AT', 'STEP', 'STAGE', 'WRONG ANSWERS, PP', 'WHY'],
    steps.map((step) => [
      step.service,
      step.candidate,
      time(step.atMs),
      step.event.replace('_', ' '),
      `${step.stageKind} ${Math.round(1e4 * step.share) / 100} %`,
      differenceText(step),
      step.reason,
    ]),
  );
  printLine(cli.io.stdout, '');
}

/** The last step of each roll-out, for programs. */
function endsOf(rollouts: readonly RolloutRecord[]): object[] {
  const last = new Map(rollouts.map((step) => [step.rolloutId, step]));
  return [...last.values()].map(({ candidate, status, atMs, stageKind, share, reason }) => ({
    candidate,
    status,
    at: atMs,
    stage: stageKind,
    share,
    reason,
  }));
}

async function live(cli: Cli, options: DemoOptions): Promise<void> {
  const { createWorld } = await import('../demo/world.ts');
  const { runLive } = await import('../demo/live.ts');
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const world = await createWorld(null, cli.wiring.registries, logger(cli));
  const minutes = Math.ceil(10_800 / options.speed / 60);
  try {
    await runLive(world, STORIES, {
      ...options,
      signal: stop.signal,
      onOpen: (url) => {
        printLine(cli.io.stdout, `The live page is at ${url}`);
        printLine(
          cli.io.stdout,
          `Calm for two thirds of about ${minutes} minutes, then each service changes. Ctrl-C ends it.`,
        );
      },
      onEnd: () => printLine(cli.io.stdout, 'The stories have ended; the page stays until Ctrl-C.'),
    });
  } finally {
    await world.embedded.close();
    process.removeListener('SIGINT', end);
    process.removeListener('SIGTERM', end);
  }
}

async function toFiles(cli: Cli, dir: string, seed: number): Promise<void> {
  const { writeStory } = await import('../demo/to-files.ts');
  const files: WrittenFile[] = [];
  for (const story of STORIES) files.push(...(await writeStory(dir, story, seed)));
  if (cli.options().json) printJson(cli.io.stdout, { ok: true, files });
  else
    printTable(
      cli.io.stdout,
      ['FILE', 'RECORDS'],
      files.map(({ path, records }) => [path, records]),
    );
}

async function toKafka(cli: Cli, options: DemoOptions): Promise<void> {
  const { generateToKafka } = await import('../demo/to-kafka.ts');
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  await generateToKafka(cli.options().config, cli.wiring.registries, STORIES, {
    seed: options.seed,
    speed: options.speed,
    signal: stop.signal,
    say: (line) => printLine(cli.io.stdout, line),
  });
}
