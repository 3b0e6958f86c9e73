import { expect, it } from 'vitest';
import { z } from 'zod';
import { voiceSearch } from '../../src/demo/stories/voice-search.ts';
import { tell } from './support.ts';

/** ExportMetricsServiceRequest in OTLP's JSON mapping, as far as gauges need it; 64-bit integers are text. */
const point = z.strictObject({ timeUnixNano: z.string().regex(/^\d{19}$/), asDouble: z.number() });
const metric = z.strictObject({
  name: z.string(),
  unit: z.string(),
  gauge: z.strictObject({ dataPoints: z.array(point).min(1) }),
});
const attribute = z.strictObject({ key: z.string(), value: z.strictObject({ stringValue: z.string() }) });
const exportRequest = z.strictObject({
  resourceMetrics: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(attribute) }),
      scopeMetrics: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          metrics: z.array(metric),
        }),
      ),
    }),
  ),
});

it('tells four figures of two hosts every 15 seconds, as the Collector writes them', async () => {
  const { records } = await tell(voiceSearch, 4);
  const times = new Map<string, number[]>();
  const values = new Map<string, number[]>();
  for (const { stream, key, timeMs, value } of records) {
    if (stream !== 'telemetry') continue;
    const parsed = exportRequest.parse(JSON.parse(value.toString()));
    times.set(key, [...(times.get(key) ?? []), timeMs]);
    const resource = parsed.resourceMetrics[0]!;
    expect(resource.resource.attributes).toContainEqual({ key: 'host.name', value: { stringValue: key } });
    for (const { name, gauge } of resource.scopeMetrics[0]!.metrics) {
      const [data] = gauge.dataPoints;
      expect(data!.timeUnixNano).toBe(`${timeMs}000000`);
      values.set(name, [...(values.get(name) ?? []), data!.asDouble]);
    }
  }
  expect([...times.keys()].sort()).toEqual(['voice-1', 'voice-2']);
  for (const list of times.values()) {
    const sorted = list.sort((a, b) => a - b);
    expect(sorted.slice(1).every((timeMs, i) => timeMs - sorted[i]! === 15_000)).toBe(true);
    expect(sorted.length).toBeGreaterThan(700);
  }
  expect([...values.keys()].sort()).toEqual([
    'hw.gpu.utilization',
    'system.cpu.load_average.1m',
    'system.cpu.utilization',
    'system.memory.utilization',
  ]);
  for (const [name, list] of values) {
    expect(Math.min(...list), name).toBeGreaterThanOrEqual(0);
    if (name.endsWith('utilization')) expect(Math.max(...list), name).toBeLessThanOrEqual(1);
  }
});
