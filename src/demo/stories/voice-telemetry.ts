/**
 * Figures of the two hosts that serve the voice search, as the OpenTelemetry Collector's Kafka exporter writes
 * them with `encoding: otlp_json`: one ExportMetricsServiceRequest in the JSON mapping of OTLP a record.
 */
import { arrival, type Happening } from './arrivals.ts';
import type { Random } from './random.ts';
import { jsonValue, round } from './story.ts';

/** The Collector reads the hosts this often. */
export const SCRAPE_MS = 15_000;

const HOSTS = ['voice-1', 'voice-2'];

interface Gauge {
  name: string;
  unit: string;
  value: number;
}

/** One record for each host; `load` is the traffic since the last scrape over the usual traffic. */
export function scrapeHosts(random: Random, atMs: number, load: number): Happening {
  const arrivals = HOSTS.map((host) => {
    const value = jsonValue(exportRequest(host, atMs, drawGauges(random, load)));
    return arrival(random, { stream: 'telemetry', key: host, timeMs: atMs, value });
  });
  return { atMs, arrivals };
}

function drawGauges(random: Random, load: number): Gauge[] {
  const share = (mean: number, std: number) => round(Math.min(1, Math.max(0, random.normal(mean, std))), 4);
  const cpu = share(0.3 + 0.15 * load, 0.03);
  return [
    { name: 'system.cpu.utilization', unit: '1', value: cpu },
    { name: 'system.memory.utilization', unit: '1', value: share(0.58 + 0.02 * load, 0.01) },
    { name: 'hw.gpu.utilization', unit: '1', value: share(0.35 + 0.2 * load, 0.05) },
    { name: 'system.cpu.load_average.1m', unit: '{thread}', value: round(8 * cpu + random.uniform(), 2) },
  ];
}

function exportRequest(host: string, atMs: number, gauges: Gauge[]): unknown {
  // Nanoseconds pass 2^53, so OTLP-JSON carries them as decimal text.
  const timeUnixNano = `${atMs}000000`;
  const metrics = gauges.map(({ name, unit, value }) => ({
    name,
    unit,
    gauge: { dataPoints: [{ timeUnixNano, asDouble: value }] },
  }));
  const attributes = [
    { key: 'host.name', value: { stringValue: host } },
    { key: 'service.name', value: { stringValue: 'voice-search' } },
  ];
  const scope = { name: 'otelcol/hostmetricsreceiver', version: '0.140.0' };
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope, metrics }] }] };
}
