/** The demo with a clock: the stories side by side in accelerated event time, and the live page. */

import { isLoopback } from '../config/loopback.ts';
import { redact } from '../config/redact.ts';
import { createConsole } from '../console/server.ts';
import { createConsoleState } from '../console/state.ts';
import { writeCommandOf } from '../flow/commands.ts';
import { openPredictions } from '../flow/predicting.ts';
import { shownOf } from '../flow/shown.ts';
import { createPredictions } from '../predict/predictions.ts';
import { predictRoutes } from '../predict/routes.ts';
import { START_MS, type Story, type StoryRecord } from './stories/story.ts';
import type { World } from './world.ts';

const STEP_MS = 250;
const PREDICTION_MS_MAX = 10_000;
const PREDICTIONS_IN_FLIGHT_MAX = 100;

export interface LiveOptions {
  seed: number;
  /** Seconds of event time in one second. */
  speed: number;
  host: string;
  port: number;
  signal: AbortSignal;
  /** Called when the page can be opened. */
  onOpen(url: string): void;
  onEnd(): void;
}

interface Player {
  story: Story;
  records: AsyncGenerator<StoryRecord>;
  next: StoryRecord | null;
}

/** Runs until the signal is aborted. */
export async function runLive(world: World, stories: readonly Story[], options: LiveOptions): Promise<void> {
  const state = createConsoleState(world.config.services);
  const { runtime } = world.embedded;
  const players: Player[] = stories.map((story) => ({
    story,
    records: story.records(options.seed),
    next: null,
  }));
  /** Those that are not configured yet. */
  const candidates = stories
    .flatMap(({ service, candidates }) => (candidates ?? []).map((one) => ({ ...one, service })))
    .sort((a, b) => a.atMs - b.atMs);
  for (const player of players) player.next = await nextOf(player);
  let busy = Promise.resolve();
  // Requests to /predict have the time of the last step: later ones would close windows before the story's records come.
  let storyMs = START_MS;
  const predictions = createPredictions({ timeoutMs: PREDICTION_MS_MAX });
  openPredictions(runtime, predictions, world.tables, () => storyMs);
  const collect = async (): Promise<void> => {
    await world.embedded.pump();
    // Nobody reads these here; kept, they would grow for as long as the demo is asked.
    for (const topic of [runtime.topics.decisions, runtime.topics.review]) await world.embedded.drain(topic);
    const { results, alerts, incidents, retrains, rollouts } = await world.published();
    for (const result of results) state.apply({ result });
    for (const alert of alerts) state.apply({ alert });
    for (const incident of incidents) state.apply({ incident });
    for (const retrain of retrains) state.apply({ retrain });
    for (const rollout of rollouts) state.apply({ rollout });
  };
  const embedded = {
    name: 'log',
    ok: true,
    needed: 'ready' as const,
    detail: 'embedded, in this process; nothing is kept',
    since: new Date().toISOString(),
  };
  const page = await createConsole(
    {
      ...state,
      ...shownOf(() => runtime, state),
      config: () => redact(world.config),
      health: () => ({ live: true, ready: true, degraded: false, checks: [embedded] }),
      command: (asked) => {
        const written = busy.then(async () => {
          const command = await writeCommandOf(runtime, world.embedded, asked);
          await collect();
          return command;
        });
        busy = written.then(
          () => {},
          () => {},
        );
        return written;
      },
    },
    {
      host: options.host,
      port: options.port,
      extend: predictRoutes(predictions, {
        enabled: isLoopback(options.host),
        inFlightMax: PREDICTIONS_IN_FLIGHT_MAX,
        counted: () => {},
        log: (event, facts) => runtime.logger.warn(facts, event),
      }),
    },
  );
  options.onOpen(page.url);
  const startedMs = performance.now();
  const playTo = async (untilMs: number): Promise<void> => {
    storyMs = untilMs;
    const batch = [];
    for (const player of players) {
      while (player.next !== null && player.next.timeMs <= untilMs) {
        const { service } = player.story;
        batch.push(world.appendOf(service, player.next));
        state.count(service, player.next.stream, 1);
        state.stream(service, player.next.stream, 'flowing');
        player.next = await nextOf(player);
      }
    }
    if (batch.length > 0) await world.embedded.append(batch);
    await collect();
  };
  const step = async (): Promise<void> => {
    const nowMs = START_MS + (performance.now() - startedMs) * options.speed;
    // A configuration comes at its own time, however long a step is.
    while (candidates[0] !== undefined && candidates[0].atMs <= nowMs) {
      const { service, atMs, candidate } = candidates.shift()!;
      await playTo(atMs);
      await world.rollOut(service, candidate);
    }
    await playTo(nowMs);
  };
  let ended = false;
  while (!options.signal.aborted) {
    busy = busy.then(step);
    await busy;
    if (!ended && players.every((player) => player.next === null)) {
      ended = true;
      await world.embedded.end();
      await collect();
      options.onEnd();
    }
    await pause(STEP_MS, options.signal);
  }
  await page.close();
}

async function nextOf(player: Player): Promise<StoryRecord | null> {
  const { value, done } = await player.records.next();
  return done ? null : value;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
