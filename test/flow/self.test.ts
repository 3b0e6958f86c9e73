import { afterEach, expect, test } from 'vitest';
import {
  createSelfMonitor,
  DEAD_SHARE,
  type SelfMonitor,
  selfEveryMs,
  selfService,
} from '../../src/flow/self.ts';
import { METRICS } from '../../src/metric/registry.ts';

const registries = { metrics: new Map(Object.entries(METRICS)) };
let monitor: SelfMonitor | undefined;
afterEach(() => monitor?.stop());

test('the built-in service has the rule about dead letters, unless it is switched off', () => {
  const wanted = { rateMax: 0.05, minRecords: 10, windowMs: 4_000 };
  const spec = selfService('t.', registries, wanted);
  expect(spec.windows.sizeMs).toBe(4_000);
  expect(spec.rules).toMatchObject([
    { name: 'dead-letters', subject: DEAD_SHARE, critical: { op: '>', value: 0.05 }, nMin: 0 },
  ]);
  expect(selfEveryMs(wanted)).toBe(1_000);
  const off = selfService('t.', registries, null);
  expect([off.rules, off.windows.sizeMs, selfEveryMs(null)]).toEqual([[], 60_000, 15_000]);
  // Very small limits are written in a form that the threshold of a rule can read.
  expect(selfService('t.', registries, { ...wanted, rateMax: 0.0001 }).rules[0]!.critical!.value).toBe(
    0.0001,
  );
});

test('a sample holds the share only where there is one', () => {
  monitor = createSelfMonitor('one');
  const gaugesOf = (dead: { count?: number; share?: number }): Map<string, number> => {
    const { resourceMetrics } = JSON.parse(monitor!.sample(1_000, new Map([['a', 3]]), dead).toString());
    const metrics: { name: string; gauge: { dataPoints: { asDouble: number }[] } }[] =
      resourceMetrics[0].scopeMetrics[0].metrics;
    return new Map(metrics.map(({ name, gauge }) => [name, gauge.dataPoints[0]!.asDouble]));
  };
  const quiet = gaugesOf({});
  expect(quiet.get('telltale.lag')).toBe(3);
  expect([...quiet.keys()].filter((name) => name.includes('dead'))).toEqual([]);
  const busy = gaugesOf({ count: 0, share: 0 });
  expect([busy.get(DEAD_SHARE), busy.get('telltale.dead_letters')]).toEqual([0, 0]);
});
