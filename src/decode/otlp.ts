import type { DeadCode } from '../errors.ts';
import type { LogRecord, ServiceSpec } from '../records.ts';
import { judgeTime } from './rows.ts';

/** Data points of one run of records, a row each. */
export interface Points {
  offsets: number[];
  times: number[];
  metrics: string[];
  values: number[];
}

/** What OpenTelemetry allows for the name of an instrument; a name is the key of a track, and those have to stay small. */
const NAME_CHARS_MAX = 255;

/**
 * Adds the data points of an ExportMetricsServiceRequest in OTLP-JSON. Gauges and sums give their value; histograms,
 * exponential histograms and summaries the mean sum / count. Points without a finite value are passed over, as
 * OTLP's own flag "no recorded value" asks. Returns why points were refused, otherwise null.
 */
export function addPoints(
  points: Points,
  request: unknown,
  record: LogRecord,
  spec: ServiceSpec,
): DeadCode | null {
  const resources = listOf(request, 'resourceMetrics');
  if (resources === null) return 'otlp';
  let refused: DeadCode | null = null;
  for (const resource of resources) {
    for (const scope of listOf(resource, 'scopeMetrics') ?? []) {
      for (const metric of listOf(scope, 'metrics') ?? []) {
        const name = property(metric, 'name');
        if (typeof name !== 'string' || name === '' || name.length > NAME_CHARS_MAX) {
          refused = 'otlp';
          continue;
        }
        for (const point of pointsOf(metric)) {
          const value = pointValue(point);
          if (!Number.isFinite(value)) continue;
          const time = pointTime(point);
          const code = judgeTime(spec, record, time);
          if (code !== null) {
            refused = code;
            continue;
          }
          points.offsets.push(record.offset);
          points.times.push(time);
          points.metrics.push(name);
          points.values.push(value);
        }
      }
    }
  }
  return refused;
}

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

function pointsOf(metric: unknown): unknown[] {
  return KINDS.flatMap((kind) => listOf(property(metric, kind), 'dataPoints') ?? []);
}

/** 64-bit integers are strings in OTLP-JSON; some writers send numbers. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function pointValue(point: unknown): number {
  const double = property(point, 'asDouble');
  if (double !== undefined) return numberOf(double);
  const int = property(point, 'asInt');
  if (int !== undefined) return numberOf(int);
  const count = numberOf(property(point, 'count'));
  return count > 0 ? numberOf(property(point, 'sum')) / count : Number.NaN;
}

function pointTime(point: unknown): number {
  const nanos = numberOf(property(point, 'timeUnixNano'));
  // OTLP writes an unknown time as 0. Whole milliseconds, since times become longs on the log.
  return nanos === 0 ? Number.NaN : Math.floor(nanos / 1e6);
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function listOf(value: unknown, name: string): unknown[] | null {
  const list = property(value, name);
  return Array.isArray(list) ? (list as unknown[]) : null;
}
