/** What the commands over recorded results read of a stretch, wherever it was recorded. */

import { type Alert, LEVELS, type Result } from '../../records.ts';

/** InfluxDB does not have the start of a window, so it may be unknown. */
export type ReadResult = Omit<Result, 'id' | 'windowStartMs'> & { windowStartMs: number | null };

export type ReadAlert = Pick<
  Alert,
  'service' | 'rule' | 'metric' | 'subject' | 'model' | 'segment' | 'state' | 'level' | 'windowEndMs'
>;

/** Takes what a source reads, in its order: results of a series by the end of their windows. */
export interface Taker {
  result(result: ReadResult): void;
  alert(alert: ReadAlert): void;
  /** A record or line that is neither. */
  stranger(): void;
}

export interface Source {
  /** In words, for messages: 'topic telltale.results'. */
  name: string;
  /** Reads all there is; the taker sorts out what is wanted. */
  read(taker: Taker, range: TimeRange): Promise<void>;
}

/** By the end of the window: fromMs < end <= toMs. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const numberOrNull = (value: unknown): number | null => (isNumber(value) ? value : null);

const areTexts = (fields: Record<string, unknown>, names: readonly string[]): boolean =>
  names.every((name) => isText(fields[name]));

const ABOUT = ['service', 'metric', 'subject', 'model', 'segment'] as const;

/** The result that the fields say, or null where they are not one. Fields of newer versions may be absent. */
export function resultOf(fields: Record<string, unknown>): ReadResult | null {
  const { windowEndMs, revision, n, final } = fields;
  if (!areTexts(fields, [...ABOUT, 'family', 'reason'])) return null;
  if (!isNumber(windowEndMs) || !isNumber(revision) || !isNumber(n) || typeof final !== 'boolean')
    return null;
  return {
    ...(fields as unknown as ReadResult),
    windowStartMs: numberOrNull(fields.windowStartMs),
    value: numberOrNull(fields.value),
    low: numberOrNull(fields.low),
    high: numberOrNull(fields.high),
    p: numberOrNull(fields.p),
    coverage: numberOrNull(fields.coverage),
    expected: numberOrNull(fields.expected),
  };
}

export function alertOf(fields: Record<string, unknown>): ReadAlert | null {
  const { windowEndMs, state, level } = fields;
  if (!areTexts(fields, [...ABOUT, 'rule']) || !isNumber(windowEndMs)) return null;
  if (state !== 'firing' && state !== 'resolved') return null;
  if (!LEVELS.some((known) => known === level)) return null;
  return fields as unknown as ReadAlert;
}
