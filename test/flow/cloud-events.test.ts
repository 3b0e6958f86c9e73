import { expect, test } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { cloudEventHeaders, type PublicOutput } from '../../src/flow/cloud-events.ts';
import { appendsOf } from '../../src/flow/outbox.ts';
import type { Runtime } from '../../src/flow/runtime.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, T0 } from '../sink/records.ts';
import { openRuntime } from './runtime.ts';

const runtimeOf = (cloudEvents?: boolean): Promise<Runtime> =>
  openRuntime(createMemoryLog(), cloudEvents === undefined ? {} : { cloudEvents });

const OUTPUTS: PublicOutput[] = [
  { type: 'result', record: makeResult() },
  { type: 'alert', record: makeAlert() },
  { type: 'incident', record: makeIncident() },
  { type: 'retrain', record: makeRetrain() },
  { type: 'rollout', record: makeRollout() },
];
const CE_TIME = new Date(T0 + HOUR_MS).toISOString();

test.each(OUTPUTS)(
  '$type: headers of its own, and the key and value that it has without them',
  async (output) => {
    const [plain, off, on] = [await runtimeOf(), await runtimeOf(false), await runtimeOf(true)].map(
      (runtime) => appendsOf(runtime, output, 'fraud')[0]!,
    ) as [ReturnType<typeof appendsOf>[0], ReturnType<typeof appendsOf>[0], ReturnType<typeof appendsOf>[0]];
    expect(plain).not.toHaveProperty('headers');
    expect(off).toEqual(plain);
    const { headers, ...rest } = on;
    expect(rest).toEqual(plain);
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: output.record.id,
      ce_source: '/telltale/fraud',
      ce_type: `telltale.${output.type}.v1`,
      ce_time: CE_TIME,
      'content-type': 'application/avro',
    });
  },
);

test('with a registry the value keeps its Confluent header', async () => {
  const runtime = await runtimeOf(true);
  runtime.publicIds = { result: 7, alert: 8, incident: 10, retrain: 9, rollout: 11 };
  const [append] = appendsOf(runtime, OUTPUTS[1]!, 'fraud');
  expect([...append!.value!.subarray(0, 5)]).toEqual([0, 0, 0, 0, 8]);
});

test.each([
  [0, '1970-01-01T00:00:00.000Z'],
  [Date.parse('9999-12-31T23:59:59.999Z'), '9999-12-31T23:59:59.999Z'],
  [Date.parse('0000-01-01T00:00:00Z'), '0000-01-01T00:00:00.000Z'],
  [Date.parse('0000-01-01T00:00:00Z') - 1, undefined],
  [1e15, undefined],
  [-1e15, undefined],
  [9e15, undefined],
])('the time %d is %s: what RFC 3339 cannot say is left out', (windowEndMs, time) => {
  expect(cloudEventHeaders({ type: 'alert', record: makeAlert({ windowEndMs }) }).ce_time).toBe(time);
});

test('dead letters and internal records have none of them', async () => {
  const runtime = await runtimeOf(true);
  const mark = { service: 's', group: 'requests', topic: 'x', partition: 0, partitions: 1 } as const;
  const record = { ...mark, writer: 'w', upTo: 0, watermarkMs: 0, idle: false };
  for (const append of appendsOf(runtime, { type: 'mark', record }, 's'))
    expect(append.headers).toBeUndefined();
});

test('is off by default', () => {
  const files = { resolve: (path: string) => path, exists: () => true, read: () => null };
  const read = (text: string) => readDaemon(text, 'telltale.yaml', { env: {}, files });
  expect(read('').config!.topics.cloudEvents).toBe(false);
  expect(read('topics: { cloudevents: true }').config!.topics.cloudEvents).toBe(true);
  const { problems } = read('topics: { cloudevents: avro }').source;
  expect(problems).toMatchObject([{ key: 'topics.cloudevents', allowed: ['true or false'], line: 1 }]);
});
