import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LoggerOptions {
  level: LogLevel;
  /** Where lines go; standard error when absent, so that standard output stays free for output. */
  stream?: DestinationStream & { isTTY?: boolean };
  /** Lines for people in place of JSON; default: when the stream is a terminal. */
  pretty?: boolean;
  /** Goes over every line before it is written, to take secrets out that stand in the texts of others. */
  hide?: (line: string) => string;
  /** Gets every line too, as JSON and without secrets. */
  also?: (line: string) => void;
}

/** Keys whose values never reach a log, on the first three levels of what is logged. */
const SECRET_KEYS = [
  ...['password', 'passphrase', 'keyPassphrase', 'token', 'accessToken', 'secret', 'clientSecret'],
  ...['authorization', 'apiKey', 'api_key', 'sasl'],
];
const REDACT_PATHS = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

const LEVEL_NAMES: Record<number, string> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
};

/** Escapes that could steer a terminal come from data, and are shown instead of obeyed. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => JSON.stringify(char).slice(1, -1));
}

function fieldOf(value: unknown): string {
  if (typeof value === 'string')
    return visible(/^[\w.:/*+@=-]+$/.test(value) ? value : JSON.stringify(value));
  return visible(JSON.stringify(value) ?? 'undefined');
}

function errorOf(value: unknown): { message: string; stack: string } | null {
  if (typeof value !== 'object' || value === null || !('message' in value)) return null;
  const stack = 'stack' in value && typeof value.stack === 'string' ? value.stack : '';
  return { message: String(value.message), stack };
}

/**
 * One line of pino's JSON as a line for people: time in UTC, level, message, fields as key=value. The
 * stack of an error follows on lines of its own. A line that is not JSON is returned as it is.
 */
export function prettyLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, err, ...fields } = entry;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const name = LEVEL_NAMES[Number(level)] ?? String(level);
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${fieldOf(value)}`);
  const error = errorOf(err);
  if (error) pairs.push(`error=${fieldOf(error.message)}`);
  const head = [clock, name, visible(String(msg ?? '')), ...pairs].filter((part) => part !== '').join(' ');
  const stack = error && Number(level) >= 50 ? error.stack.split('\n').slice(1) : [];
  return `${[head, ...stack.map(visible)].join('\n')}\n`;
}

/** Names of the OpenTelemetry data model for logs in other formats. Empty where nothing is traced. */
function traceFields(): object {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (spanContext === undefined) return {};
  const { traceId, spanId, traceFlags } = spanContext;
  return { trace_id: traceId, span_id: spanId, trace_flags: traceFlags.toString(16).padStart(2, '0') };
}

/** The one logger of the process: JSON lines for machines, or single lines for a person at a terminal. */
export function createLogger(options: LoggerOptions): Logger {
  const stream = options.stream ?? process.stderr;
  const pretty = options.pretty ?? stream.isTTY === true;
  const hide = options.hide ?? ((line: string) => line);
  const destination: DestinationStream = {
    write: (line) => {
      const shown = hide(line);
      stream.write(pretty ? prettyLine(shown) : shown);
      options.also?.(shown);
    },
  };
  return pino(
    {
      level: options.level,
      base: null,
      mixin: traceFields,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: REDACT_PATHS, censor: '[secret]' },
    },
    destination,
  );
}
