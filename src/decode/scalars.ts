/** Reading of the single values of a row: id, event time, latency, error flag. All are total functions. */

/** Plain numbers below it are epoch seconds: as milliseconds they would lie before March 1973. */
const SECONDS_BELOW = 1e11;
const ISO_8601 =
  /^[+-]?\d{4,6}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** Longer ids are refused: an id is the key of a record and stands in every event, whose size the broker limits. */
const ID_CHARS_MAX = 1_024;

/** An id as a string; undefined: there is none; null: the value cannot be an id. */
export function readId(value: unknown): string | null | undefined {
  if (typeof value === 'string') {
    if (value.length > ID_CHARS_MAX) return null;
    return value === '' ? undefined : value;
  }
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  return typeof value === 'bigint' ? String(value) : null;
}

/**
 * Milliseconds since the epoch, or NaN. `perMs` is how many units of a logical time stamp make one
 * millisecond (0: the value carries no unit, and small numbers are seconds). A time without a zone is UTC:
 * the zone of the machine that reads must not move events.
 */
export function readTime(value: unknown, perMs: number): number {
  if (typeof value === 'number' || typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isFinite(number)) return Number.NaN;
    if (perMs > 0) return number / perMs;
    return Math.abs(number) < SECONDS_BELOW ? number * 1000 : number;
  }
  if (typeof value !== 'string') return Number.NaN;
  const match = ISO_8601.exec(value);
  if (match === null) return Number.NaN;
  let text = value
    .replace(',', '.')
    .replace(/^(.{10,13}?)[ t]/, '$1T')
    .replace(/\s/, '')
    .replace('z', 'Z');
  if (text.includes('T')) {
    if (match[1] === undefined) text += 'Z';
    else if (/[+-]\d\d$/.test(match[1])) text += ':00';
    else if (/[+-]\d{4}$/.test(match[1])) text = `${text.slice(0, -2)}:${text.slice(-2)}`;
  }
  return Date.parse(text);
}

/** A duration in milliseconds, NaN where it is absent or not one. */
export function readLatency(value: unknown): number {
  const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : Number.NaN;
  return number >= 0 && number < Number.POSITIVE_INFINITY ? number : Number.NaN;
}

/** 1 where an error flag or an error text says that the service failed. */
export function readFailed(value: unknown): 0 | 1 {
  return value === undefined ||
    value === null ||
    value === '' ||
    value === false ||
    value === 0 ||
    value === 0n
    ? 0
    : 1;
}
