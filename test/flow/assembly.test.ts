import { expect, test } from 'vitest';
import { refreshPartitions } from '../../src/flow/assembly.ts';
import { partitionsOf, type Runtime, topicNames } from '../../src/flow/runtime.ts';

const runtimeOf = (answers: Map<string, number>[]): Runtime =>
  ({
    topics: topicNames('t.'),
    services: new Map(),
    partitions: new Map(),
    log: { partitions: async () => answers.shift()! },
  }) as unknown as Runtime;

test('a topic that metadata leaves out for a moment keeps its partitions, and new ones are seen', async () => {
  const runtime = runtimeOf([
    new Map([
      ['t.slots', 4],
      ['t.events', 2],
    ]),
    new Map([['t.events', 3]]),
  ]);
  await refreshPartitions(runtime);
  await refreshPartitions(runtime);
  expect(partitionsOf(runtime, 't.slots')).toBe(4);
  expect(partitionsOf(runtime, 't.events')).toBe(3);
});
