import { loadConfig } from '../config/load.ts';
import type { Alert } from '../records.ts';
import type { Cli, CommandModule } from './command.ts';
import { nextSteps, quoted } from './explain/next.ts';
import { alertNamed, firingAlerts, readRecorded, readSeries } from './explain/read.ts';
import { episodeOf, storyOf } from './explain/story.ts';
import { linesOfStory } from './explain/text.ts';
import { examples, printJson, printLine, printTable } from './output.ts';
import { type PublicSource, publicFiles, publicTopics } from './public/records.ts';
import { aboutOf } from './tail/line.ts';
import { paintFor } from './tail/paint.ts';

interface ExplainOptions {
  from: string;
}

/** `telltale explain`: the story of an alarm, from its evidence. */
export const explainCommand: CommandModule = {
  register(program, cli) {
    program
      .command('explain')
      .argument('[alertId]', 'id of an alert, an alarm (fingerprint) or an incident, or its first letters')
      .description(
        'Tell the story of an alarm: what, since when, its values, what else fired, the data to train on, roll-outs, and what to do next. ' +
          'Without an id: the alarms that fire.',
      )
      .option(
        '--from <source>',
        "where the records are: topic, or a file or folder of the file sink or of 'replay --out'",
        'topic',
      )
      .addHelpText(
        'after',
        examples([
          'telltale explain',
          'telltale explain f7728f05',
          'telltale explain f7728f05 --from replayed --json',
        ]),
      )
      .action((id: string | undefined, options: ExplainOptions) => explain(cli, id, options));
  },
};

async function explain(cli: Cli, id: string | undefined, { from }: ExplainOptions): Promise<void> {
  if (from !== 'topic') {
    await tell(cli, id, publicFiles(from, cli.io.stderr));
    return;
  }
  const { env, stderr } = cli.io;
  const { registries } = cli.wiring;
  const config = await loadConfig(cli.options().config, registries, { env, withoutBaselines: true });
  const log = await cli.wiring.openLog(config);
  try {
    await tell(cli, id, publicTopics(config, log, stderr));
  } finally {
    await log.close();
  }
}

async function tell(cli: Cli, id: string | undefined, source: PublicSource): Promise<void> {
  const { stdout, env } = cli.io;
  const { json, config } = cli.options();
  const recorded = await readRecorded(source);
  if (id === undefined) {
    tellFiring(cli, firingAlerts(recorded));
    return;
  }
  const alert = alertNamed(recorded, id);
  const series = await readSeries(source, alert, episodeOf(recorded, alert).endedMs);
  const story = storyOf(recorded, alert, series);
  const steps = nextSteps(story, config === 'config' ? 'telltale' : `telltale --config ${quoted(config)}`);
  if (json) printJson(stdout, { ok: true, ...story, next: steps });
  else for (const line of linesOfStory(story, steps, paintFor(stdout, env))) printLine(stdout, line);
}

function tellFiring({ io: { stdout }, options }: Cli, alerts: readonly Alert[]): void {
  if (options().json) {
    printJson(stdout, { ok: true, firing: alerts });
    return;
  }
  if (alerts.length === 0) {
    printLine(stdout, 'nothing fires');
    return;
  }
  printTable(
    stdout,
    ['ID', 'SINCE', 'LEVEL', 'SERVICE', 'RULE', 'ABOUT'],
    alerts.map((alert) => [
      alert.id.slice(0, 12),
      new Date(alert.sinceMs).toISOString().slice(0, 16),
      alert.level,
      alert.service,
      alert.rule,
      aboutOf(alert),
    ]),
  );
}
