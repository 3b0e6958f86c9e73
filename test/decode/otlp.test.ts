import { describe, expect, it } from 'vitest';
import { codes, decode, json, NOW, record, service, stream } from './helpers.ts';

const telemetry = stream({ stream: 'telemetry', encoding: 'otlp_json' });
const nanos = (ms: number) => `${ms}000000`;
const request = (...metrics: unknown[]) => ({
  resourceMetrics: [{ resource: {}, scopeMetrics: [{ metrics }] }],
});
const points = (...dataPoints: unknown[]) => ({ dataPoints });

describe('telemetry', () => {
  it('takes gauges, sums and the means of histograms, a row each', async () => {
    const timeUnixNano = nanos(NOW);
    const one = request(
      { name: 'cpu', gauge: points({ timeUnixNano, asDouble: 0.5 }, { timeUnixNano, asDouble: 0.75 }) },
      { name: 'memory', sum: points({ timeUnixNano: nanos(NOW - 1000), asInt: '4096' }) },
      {
        name: 'latency',
        histogram: points({ timeUnixNano, count: '4', sum: 10 }, { timeUnixNano, count: '0', sum: 0 }),
      },
      { name: 'gone', gauge: points({ timeUnixNano, flags: 1 }) },
    );
    const batch = await decode(
      service(),
      telemetry,
      json(one, request({ name: 'cpu', gauge: points({ timeUnixNano, asDouble: 1 }) })),
    );
    expect(batch.dead).toEqual([]);
    expect(batch.telemetry!.metrics).toEqual(['cpu', 'cpu', 'memory', 'latency', 'cpu']);
    expect([...batch.telemetry!.values]).toEqual([0.5, 0.75, 4096, 2.5, 1]);
    expect([...batch.offsets]).toEqual([0, 0, 0, 0, 1]);
    expect([...batch.times]).toEqual([NOW, NOW, NOW - 1000, NOW, NOW]);
    expect(batch.n).toBe(5);
  });

  it('gives whole milliseconds: times become longs on the log', async () => {
    const point = (timeUnixNano: string) =>
      request({ name: 'cpu', gauge: points({ timeUnixNano, asDouble: 1 }) });
    const batch = await decode(service(), telemetry, json(point(`${NOW}390123`), point(`${NOW - 1}000001`)));
    expect([...batch.times]).toEqual([NOW, NOW - 1]);
  });

  it('refuses other JSON, what is not JSON, and points of the wrong time', async () => {
    const gauge = (timeUnixNano: unknown) =>
      request({ name: 'cpu', gauge: points({ timeUnixNano, asDouble: 1 }) });
    const records = [
      ...json(
        { metrics: [] },
        [],
        gauge(undefined),
        gauge(nanos(Date.UTC(2100, 0, 1))),
        request({ gauge: points() }),
      ),
      record(Buffer.from('{'), 5),
      record(null, 6),
    ];
    const batch = await decode(service(), telemetry, records);
    expect(batch.n).toBe(0);
    expect(codes(batch)).toEqual(['otlp', 'otlp', 'time_missing', 'time_future', 'otlp', 'json', 'empty']);
  });
});
