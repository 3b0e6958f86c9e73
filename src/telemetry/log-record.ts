import { type LogRecord, SeverityNumber } from '@opentelemetry/api-logs';

/** Pino's levels and those of OpenTelemetry's data model of logs. */
const SEVERITIES: Record<number, [SeverityNumber, string]> = {
  10: [SeverityNumber.TRACE, 'TRACE'],
  20: [SeverityNumber.DEBUG, 'DEBUG'],
  30: [SeverityNumber.INFO, 'INFO'],
  40: [SeverityNumber.WARN, 'WARN'],
  50: [SeverityNumber.ERROR, 'ERROR'],
  60: [SeverityNumber.FATAL, 'FATAL'],
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * One line of the logger as a record for OTLP; null for a line that is no JSON. Trace and span are those that are active
 * when it is written, and need not be copied.
 */
export function logRecordOf(line: string): LogRecord | null {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { level, time, msg, trace_id: _trace, span_id: _span, trace_flags: _flags, ...fields } = entry;
  const [severityNumber, severityText] = SEVERITIES[Number(level)] ?? SEVERITIES[30]!;
  return {
    timestamp: typeof time === 'string' ? Date.parse(time) : undefined,
    severityNumber,
    severityText,
    body: String(msg ?? ''),
    attributes: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value)])),
  };
}
