/**
 * Puts the records of a story into the order in which they reach the log: every record waits on a heap until
 * no record that is generated later can arrive before it.
 */
import type { Random } from './random.ts';
import { DISORDER_MS_MAX, MINUTE_MS, type StoryRecord } from './story.ts';

/** Records that one cause (a request, a scrape of a host) brings about, now or later. */
export interface Happening {
  /** Rises from one happening to the next; no arrival is earlier. */
  atMs: number;
  arrivals: Arrival[];
}

export interface Arrival {
  arriveMs: number;
  record: StoryRecord;
}

/** A record that is under way for up to `DISORDER_MS_MAX`. */
export function arrival(random: Random, record: StoryRecord): Arrival {
  return { arriveMs: record.timeMs + random.uniform() * DISORDER_MS_MAX, record };
}

/** Event times of a Poisson process with the given rate, whole milliseconds. */
export function* requestTimes(
  random: Random,
  startMs: number,
  endMs: number,
  perMinute: number,
): Generator<number> {
  let atMs = startMs;
  for (;;) {
    atMs += random.exponential(MINUTE_MS / perMinute);
    if (atMs >= endMs) return;
    yield Math.floor(atMs);
  }
}

/** All records with an event time before endMs, in the order of arrival; ties keep the order of generation. */
export function* inArrivalOrder(happenings: Iterable<Happening>, endMs: number): Generator<StoryRecord> {
  const heap: HeapEntry[] = [];
  let sequence = 0;
  for (const happening of happenings) {
    while (heap.length > 0 && heap[0]!.arriveMs < happening.atMs) yield pop(heap).record;
    for (const { arriveMs, record } of happening.arrivals) {
      if (record.timeMs < endMs) push(heap, { arriveMs, sequence: sequence++, record });
    }
  }
  while (heap.length > 0) yield pop(heap).record;
}

interface HeapEntry extends Arrival {
  sequence: number;
}

function isBefore(a: HeapEntry, b: HeapEntry): boolean {
  return a.arriveMs < b.arriveMs || (a.arriveMs === b.arriveMs && a.sequence < b.sequence);
}

function push(heap: HeapEntry[], entry: HeapEntry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(entry, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
}

/** Takes the earliest entry; the heap must not be empty. */
function pop(heap: HeapEntry[]): HeapEntry {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}

const LABEL_DELAY_MS_MEAN = 10 * MINUTE_MS;
/** A little below the `max_delay` of 30 minutes of the services, so that a label never comes just too late. */
const LABEL_DELAY_MS_MAX = 29 * MINUTE_MS;
/** Longer than the disorder, so that a label arrives after its request. */
const LABEL_DELAY_MS_MIN = 10_000;

/** How long after its request a label is known: exponential with a mean of ten minutes, 10 s at least, 29 minutes at most. */
export function labelDelayMs(random: Random): number {
  const delayMs = Math.floor(random.exponential(LABEL_DELAY_MS_MEAN));
  return Math.min(LABEL_DELAY_MS_MAX, Math.max(LABEL_DELAY_MS_MIN, delayMs));
}
