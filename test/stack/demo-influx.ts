/** The demo in memory, with what it publishes, and figures of people who decide, written to a real InfluxDB by the daemon's own sink. */

import { wiring } from '../../src/cli/wiring.ts';
import { runOnce } from '../../src/demo/once.ts';
import { STORIES } from '../../src/demo/stories/index.ts';
import { INJECT_AT_MS } from '../../src/demo/stories/story.ts';
import { createWorld } from '../../src/demo/world.ts';
import { influxSink } from '../../src/sink/influx.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { makeResult } from '../sink/records.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

export async function fillByDemo(url: string, database: string): Promise<void> {
  const sink = await influxSink.create({ url, database }, { log: quiet });
  const world = await createWorld(null, wiring.registries, quiet);
  const written = {
    ...world,
    async published() {
      const found = await world.published();
      await sink.write([
        ...found.results.map((result) => ({ result })),
        ...found.alerts.map((alert) => ({ alert })),
        ...found.incidents.map((incident) => ({ incident })),
        ...found.retrains.map((retrain) => ({ retrain })),
        ...found.rollouts.map((rollout) => ({ rollout })),
      ]);
      return found;
    },
  };
  try {
    await runOnce(written, STORIES, 1, () => {});
    await writeDecided(sink);
  } finally {
    await world.embedded.close();
    await sink.close();
  }
}

/** What the demo has none of, since no person decides in its stories. */
const DECIDED = [
  ...['decided_share', 'deferral_rate', 'override_rate', 'over_reliance', 'under_reliance'],
  ...['human_error', 'model_error', 'decided_error', 'team_error'],
];

async function writeDecided(sink: Sink): Promise<void> {
  const about = { family: 'reliance', subject: 'fraud', model: 'mlp', windowEndMs: INJECT_AT_MS } as const;
  await sink.write(
    DECIDED.map((metric) => ({ result: makeResult({ id: metric, ...about, metric, value: 0.1 }) })),
  );
}
