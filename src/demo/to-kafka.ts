/** The traffic generator of the docker composition: the stories into real topics, at the chosen speed. */

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../config/load.ts';
import type { Registries } from '../config/types.ts';
import { openKafka } from '../flow/connect.ts';
import type { Append } from '../records.ts';
import { START_MS, type Story } from './stories/story.ts';

const PARTITIONS = 2;
const STEP_MS = 250;

export interface GenerateOptions {
  seed: number;
  speed: number;
  signal: AbortSignal;
  say(line: string): void;
}

/** Creates the input topics where they are missing and plays the stories once. */
export async function generateToKafka(
  configDir: string,
  registries: Registries,
  stories: readonly Story[],
  options: GenerateOptions,
): Promise<void> {
  const config = await loadConfig(configDir, registries);
  const log = await openKafka(config, {
    signal: options.signal,
    onUnavailable: ({ message }) => options.say(`${message}; trying again`),
    refusalIsFinal: true,
  });
  const topicOf = new Map<string, string>();
  for (const { service, streams } of config.services) {
    for (const { stream, topic } of streams) topicOf.set(`${service}/${stream}`, topic);
  }
  await log.admin().create(
    [...topicOf.values()].map((name) => ({
      name,
      partitions: PARTITIONS,
      replication: config.topics.replication,
      config: {},
    })),
  );
  // One waiting story each.
  setMaxListeners(stories.length + 10, options.signal);
  options.say(`generating traffic of ${stories.map((story) => story.service).join(', ')}`);
  const startedMs = performance.now();
  const play = async (story: Story): Promise<void> => {
    let batch: Append[] = [];
    let nextWriteMs = START_MS;
    for await (const record of story.records(options.seed)) {
      if (options.signal.aborted) return;
      if (record.timeMs >= nextWriteMs) {
        if (batch.length > 0) await log.append(batch);
        batch = [];
        nextWriteMs = record.timeMs + STEP_MS * options.speed;
        const dueMs = (record.timeMs - START_MS) / options.speed;
        const waitMs = Math.max(0, dueMs - (performance.now() - startedMs));
        await delay(waitMs, undefined, { signal: options.signal }).catch(() => {});
      }
      const topic = topicOf.get(`${story.service}/${record.stream}`);
      if (topic !== undefined)
        batch.push({ topic, key: record.key, value: record.value, headers: record.headers });
    }
    if (batch.length > 0) await log.append(batch);
  };
  await Promise.all(stories.map(play));
  options.say('the stories have ended');
  await log.close();
}
