// How far a group is behind the end of a topic, in records and in time.
import { setTimeout as delay } from 'node:timers/promises';
import { committedOf } from './world.mjs';

const EVERY_MS = 100;
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/**
 * Looks every 100 ms, until `stop` is called, at the end of the topic and at the group's commits. A sample has `lag`, the
 * records between them, and `delayMs`, how long ago the end of the topic stood where the commits stand now.
 */
export function watchLag({ admin, topic }, group) {
  const samples = [];
  let stopped = false;
  const look = async () => {
    while (!stopped) {
      const ends = await admin.fetchTopicOffsets(topic);
      const committed = sum([...(await committedOf(admin, group, topic)).values()]);
      const end = sum(ends.map(({ high }) => Number(high)));
      const atMs = performance.now();
      const reached = samples.find((sample) => sample.end >= committed);
      samples.push({ atMs, end, committed, lag: end - committed, delayMs: atMs - (reached?.atMs ?? atMs) });
      await delay(EVERY_MS);
    }
  };
  const done = look();
  return {
    samples,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}
