import { expect, test } from 'vitest';
import { createIncidentStates } from '../../src/alarm/incident/state.ts';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { writeCommandOf } from '../../src/flow/commands.ts';
import { createEmbedded } from '../../src/flow/embedded.ts';
import { createJudgeTask } from '../../src/flow/judge-task.ts';
import type { Runtime } from '../../src/flow/runtime.ts';
import { shownOf } from '../../src/flow/shown.ts';
import { type Judges, silenceViewsOf } from '../../src/flow/silence-views.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { MINUTE, specOf, T0 } from '../scenario/support.ts';
import { openRuntime, quiet } from './runtime.ts';

const HOUR_MS = 3_600_000;
const shop = specOf('{ service: shop, streams: { requests: { topic: shop.requests } } }');
const silence = (untilMs: number, match = {}) => JSON.stringify({ match, fromMs: T0, untilMs });
/** Of pages that know how far a service is. */
const viewsAt = (eventTimeMs: number | null, judges: Judges = null) =>
  silenceViewsOf(
    {
      services: () => [
        {
          ...{ name: 'shop', description: '', light: 'grey', eventTimeMs },
          ...{ counts: {}, firing: [], openIncidents: 0, streams: [] },
        },
      ],
    },
    judges,
  );
const write = (runtime: Runtime, kind: 'silence.add' | 'silence.expire', target: string) =>
  writeCommandOf(runtime, runtime.log, { service: 'shop', kind, target, by: 'ann', reason: 'r' });

test('those that are judged here are known when the judge has taken the command, until they are over or ended', async () => {
  const log = createMemoryLog({ now: () => T0 });
  log.createTopic('shop.requests', 1);
  const embedded = await createEmbedded({
    ...{ log, partitions: 1, group: 'g', prefix: 't.', services: [shop] },
    ...{ schemas: null, nowMs: () => 0, counts: NO_COUNTS, logger: quiet },
    scoring: { threads: 1, shadowTimeoutMs: 1, shadowFailuresMax: 1 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
  });
  const { runtime } = embedded;
  await embedded.pump();
  const later = await write(runtime, 'silence.add', silence(T0 + 2 * HOUR_MS, { rule: ['drift'] }));
  const first = await write(runtime, 'silence.add', silence(T0 + HOUR_MS));
  const views = viewsAt(T0 + MINUTE);
  expect(await views(runtime)).toEqual([]);
  await embedded.pump();
  expect(await views(runtime)).toEqual([
    { id: first.id, service: 'shop', match: {}, ...times(1), by: 'ann', reason: 'r' },
    { id: later.id, service: 'shop', match: { rule: ['drift'] }, ...times(2), by: 'ann', reason: 'r' },
  ]);
  expect(await viewsAt(T0 + HOUR_MS)(runtime)).toMatchObject([{ id: later.id }]);
  await write(runtime, 'silence.expire', later.id);
  await embedded.pump();
  expect(await views(runtime)).toMatchObject([{ id: first.id }]);
  await embedded.end();
  expect(await views(runtime), 'nobody else judges it after the end').toMatchObject([{ id: first.id }]);
  await write(runtime, 'silence.expire', first.id);
  await embedded.pump();
  expect(await views(runtime)).toEqual([]);
  await embedded.close();
});
const times = (hours: number) => ({ fromMs: T0, untilMs: T0 + hours * HOUR_MS });

test('a partition that is lost is asked no more, and one that comes back only when its new judge knows', async () => {
  const runtime = await openRuntime(createMemoryLog(), { services: [shop], nowMs: () => nowMs });
  let nowMs = 0;
  let judged = [{ topic: 't.slots', partition: 0 }];
  const views = viewsAt(null, { get: () => ({ assigned: () => judged }) });
  await write(runtime, 'silence.add', silence(T0 + HOUR_MS));
  createJudgeTask(runtime, 0, { commit: async () => {} });
  const stale = createIncidentStates();
  runtime.incidents.set('shop', stale);
  expect(await views(runtime)).toEqual([]);
  judged = [];
  expect(await views(runtime)).toHaveLength(1);
  judged = [{ topic: 't.slots', partition: 0 }];
  createJudgeTask(runtime, 1, { commit: async () => {} });
  expect(runtime.incidents.get('shop'), 'of another partition').toBe(stale);
  const task = createJudgeTask(runtime, 0, { commit: async () => {} });
  expect(runtime.incidents.has('shop')).toBe(false);
  expect(await views(runtime)).toHaveLength(1);
  await task.open(async () => {});
  await task.handle(await runtime.log.read('t.slots', 0, 0, 10, 0), async () => {});
  expect(runtime.incidents.has('shop')).toBe(true);
  nowMs += 5_000;
  await write(runtime, 'silence.add', silence(T0 + 2 * HOUR_MS));
  expect(await views(runtime), 'only the judge is asked').toEqual([]);
});

test('those that others judge are read from the log, at most once in five seconds; an end holds at once, also of old data', async () => {
  let nowMs = T0 + 10 * HOUR_MS;
  const log = createMemoryLog({ now: () => nowMs });
  let reads = 0;
  const counted = {
    ...log,
    read: (...args: Parameters<typeof log.read>) => {
      if (args[0] === 't.slots') reads++;
      return log.read(...args);
    },
  };
  const runtime = await openRuntime(counted, { services: [shop], nowMs: () => nowMs });
  const ended = await write(runtime, 'silence.add', silence(T0 + HOUR_MS));
  const running = await write(runtime, 'silence.add', silence(T0 + 2 * HOUR_MS));
  await write(runtime, 'silence.expire', ended.id);
  const views = viewsAt(null);
  const found = await Promise.all([views(runtime), views(runtime)]);
  for (const own of found) expect(own).toMatchObject([{ id: running.id, service: 'shop' }]);
  expect(found[0]![0]).not.toHaveProperty('isEnded');
  const once = reads;
  await write(runtime, 'silence.expire', running.id);
  expect(await views(runtime)).toHaveLength(1);
  expect(reads).toBe(once);
  nowMs += 5_000;
  expect(await views(runtime)).toEqual([]);
  runtime.incidents.set('shop', createIncidentStates());
  const known = reads;
  nowMs += 5_000;
  expect(await views(runtime)).toEqual([]);
  expect(reads, 'it is judged here now').toBe(known);
});

test('a log that cannot be read is a failure, and is asked anew', async () => {
  const log = createMemoryLog();
  let isAway = false;
  const partitions: typeof log.partitions = async (topics) => {
    if (isAway) throw new Error('away');
    return log.partitions(topics);
  };
  const runtime = await openRuntime({ ...log, partitions }, { services: [shop] });
  const before = shownOf(() => null, { services: () => [] });
  await expect(before.silences()).rejects.toThrow('has not started yet');
  const views = viewsAt(null);
  isAway = true;
  await expect(views(runtime)).rejects.toThrow('away');
  isAway = false;
  expect(await views(runtime)).toEqual([]);
});
