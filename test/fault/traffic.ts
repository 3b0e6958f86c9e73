/**
 * What the producer writes, window by window, as a function of the seed alone. Numbers are multiples of 1/64, so
 * that plain sums of them are exact and the oracle may demand equality.
 */
import { createRandom, type Random } from './random.ts';
import { MINUTE_MS, STREAMS, type StreamName, type StreamPlan, T0 } from './services.ts';

export interface Planned {
  service: string;
  stream: StreamName;
  partition: number;
  key: string;
  value: string;
  /** The moment of event time at which it is written; later than its own time by a bounded disorder, or very late. */
  emitMs: number;
}

const SHOP_ROWS = 180;
const METER_ROWS = 80;
/** Below the lateness of 10 s: nothing is late by this. */
const DISORDER_MS_MAX = 8_000;
/** The event times of the closing records lie so far beyond all others that every window and every join ends. */
const CLOSING_AFTER_MS = 120 * MINUTE_MS;
/** The longest that anything is written after its window. */
const TAIL_WINDOWS = 15;
/** Alarms of input rules that ask for retraining lie this far apart, see `isShifted`. */
const SHIFT_EVERY_WINDOWS = 60;
const CYCLE_WINDOWS = 12;

/** FNV-1a: records of one id stay in one partition of their topic. */
function partitionOf(id: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  return hash % partitions;
}

const planOf = (service: string, stream: StreamName): StreamPlan =>
  STREAMS.find((own) => own.service === service && own.stream === stream)!;

/** Windows in which inputs are shifted, and the alarm asks for retraining. */
const isShifted = (window: number): boolean => [4, 5, 6].includes(window % SHIFT_EVERY_WINDOWS);

const missingShare = (window: number): number => ({ 2: 0.45, 3: 0.8 })[window % CYCLE_WINDOWS] ?? 0.08;
const rightShare = (window: number): number => ([7, 8].includes(window % CYCLE_WINDOWS) ? 0.2 : 0.92);
const errorOf = (window: number, random: Random): number =>
  [9, 10].includes(window % CYCLE_WINDOWS) ? random.int(256, 512) : random.int(-32, 32);

const said = (yes: boolean): string => (yes ? 'yes' : 'no');
const fraction = (random: Random, wholes: number): number => random.int(0, wholes * 64) / 64;

export interface Traffic {
  /** What is to be written until the end of the window, in the order of writing; windows are asked for in turn. */
  next(window: number): Planned[];
  /** All that is still to come after `windows` windows, the closing records of every partition last. */
  finish(windows: number): Planned[];
}

export function createTraffic(seed: number): Traffic {
  let waiting: Planned[] = [];
  const take = (untilMs: number): Planned[] => {
    // The sort is stable, so that records of equal moments stay in the order of their making.
    waiting.sort((a, b) => a.emitMs - b.emitMs);
    const count = waiting.findIndex((own) => own.emitMs >= untilMs);
    return waiting.splice(0, count < 0 ? waiting.length : count);
  };
  return {
    next(window) {
      const random = createRandom(seed, 1_000 + window);
      const put = putInto(waiting, random);
      shopWindow(window, random, put);
      meterWindow(window, random, put);
      deadRecords(window, random, put);
      return take(T0 + (window + 1) * MINUTE_MS);
    },
    finish(windows) {
      const rest = take(T0 + (windows + TAIL_WINDOWS) * MINUTE_MS);
      waiting = [];
      closingRecords(T0 + windows * MINUTE_MS + CLOSING_AFTER_MS, putInto(waiting, createRandom(seed, 1)));
      return [...rest, ...waiting];
    },
  };
}

type Put = (
  service: string,
  stream: StreamName,
  id: string,
  timeMs: number,
  value: Record<string, unknown> | string,
  afterMs?: number,
  partition?: number,
) => void;

const putInto =
  (waiting: Planned[], random: Random): Put =>
  (service, stream, id, timeMs, value, afterMs, partition) => {
    const text = typeof value === 'string' ? value : JSON.stringify({ id, time: timeMs, ...value });
    waiting.push({
      service,
      stream,
      partition: partition ?? partitionOf(id, planOf(service, stream).partitions),
      key: id,
      value: text,
      emitMs: timeMs + (afterMs ?? random.int(0, DISORDER_MS_MAX)),
    });
  };

/** Later than the window and the lateness allow, and still within the delay of the joins. */
const LATE_MS = { shop: [3 * MINUTE_MS, 4 * MINUTE_MS], meter: [90_000, 2 * MINUTE_MS] } as const;

function shopWindow(window: number, random: Random, put: Put): void {
  for (let i = 0; i < SHOP_ROWS; i++) {
    const id = `s${window}-${i}`;
    const timeMs = T0 + window * MINUTE_MS + random.int(0, MINUTE_MS - 1);
    const country = random.chance(0.03) ? null : random.pick(['de', 'de', 'fr', 'us']);
    const x = fraction(random, 1) + (isShifted(window) ? 8 : 0);
    const y = random.chance(missingShare(window)) ? null : random.chance(0.02) ? 'many' : fraction(random, 4);
    const late = random.chance(0.01) ? random.int(...LATE_MS.shop) : undefined;
    put('shop', 'requests', id, timeMs, { x, y, country }, late);
    if (late === undefined && random.chance(0.01))
      put('shop', 'requests', id, timeMs + 1, { x: 0, y: 0, country }, DISORDER_MS_MAX);
    const yes = random.chance(0.5);
    shopAnswers(window, id, timeMs, yes, random, put);
    if (random.chance(0.4)) {
      const kind = random.pick(['click', 'click', 'redo', 'typed', 'swipe']);
      const atMs = timeMs + random.int(1_000, 40_000);
      put('shop', 'feedback', id, atMs, { kind });
      if (random.chance(0.05)) put('shop', 'feedback', id, atMs + 500, { kind: 'click' });
    }
  }
}

function shopAnswers(
  window: number,
  id: string,
  timeMs: number,
  yes: boolean,
  random: Random,
  put: Put,
): void {
  const failed = random.chance(0.02);
  const answer = failed
    ? { answer: null, error: 'timeout' }
    : { answer: said(yes), score: random.int(0, 64) / 64 };
  const late = random.chance(0.005) ? random.int(...LATE_MS.shop) : undefined;
  put(
    'shop',
    'predictions',
    id,
    timeMs + random.int(5, 2_000),
    { ...answer, ms: random.int(8, 4_000) },
    late,
  );
  if (random.chance(0.3)) return;
  const truth = random.chance(rightShare(window)) ? yes : !yes;
  const tooLate = random.chance(0.03);
  const afterMs = tooLate ? random.int(7 * MINUTE_MS, 9 * MINUTE_MS) : random.int(10_000, 2 * MINUTE_MS);
  put('shop', 'labels', id, timeMs + afterMs, { answer: said(truth) });
  // The first label of an id counts, the second says the opposite.
  if (random.chance(0.05))
    put('shop', 'labels', id, timeMs + afterMs + 20_000, { answer: said(!truth) }, DISORDER_MS_MAX);
  if (random.chance(0.01)) put('shop', 'labels', `nobody-${id}`, timeMs + 1, { answer: 'yes' });
}

function meterWindow(window: number, random: Random, put: Put): void {
  for (let i = 0; i < METER_ROWS; i++) {
    const id = `m${window}-${i}`;
    const timeMs = T0 + window * MINUTE_MS + random.int(0, MINUTE_MS - 1);
    const value = fraction(random, 16);
    const late = random.chance(0.01) ? random.int(...LATE_MS.meter) : undefined;
    put('meter', 'predictions', id, timeMs, { value }, late);
    if (random.chance(0.2)) continue;
    const truth = value + errorOf(window, random) / 64;
    put('meter', 'labels', id, timeMs + random.int(5_000, 90_000), { value: truth });
  }
}

/** Records that nobody can use: not JSON, without a time, from the far future, with a truth that does not exist. */
function deadRecords(window: number, random: Random, put: Put): void {
  const timeMs = (): number => T0 + window * MINUTE_MS + random.int(0, MINUTE_MS - 1);
  for (const { service, stream } of STREAMS) {
    for (let i = random.int(0, 3); i > 0; i--) {
      const id = `dead-${service}-${stream}-${window}-${i}`;
      const fields = { x: 1, answer: 'yes', value: 1, kind: 'click' };
      const value = random.pick([
        `{"id":"${id}","time":`,
        JSON.stringify({ id, ...fields }),
        JSON.stringify({ id, time: Date.parse('2100-01-01T00:00:00Z'), ...fields }),
        stream === 'labels' ? JSON.stringify({ id, time: timeMs(), answer: null, value: null }) : `["${id}"]`,
      ]);
      put(service, stream, id, timeMs(), value);
    }
  }
}

/** One record in every partition of every stream, later than everything. */
function closingRecords(timeMs: number, put: Put): void {
  const fields = { x: 0, y: 0, country: 'de', answer: 'yes', value: 0, kind: 'click' };
  for (const { service, stream, partitions } of STREAMS) {
    for (let partition = 0; partition < partitions; partition++) {
      put(service, stream, `end-${stream}-${partition}`, timeMs, fields, 0, partition);
    }
  }
}
