/**
 * Watermarks of several sources (rule R7). A source is a partition of a topic; what it last reported is a
 * record of the log, so the combined watermark is a function of the log and not of a clock.
 */

/**
 * Before all time. Twice this is still a safe integer: Avro's zigzag doubles a long, and avsc turns a
 * larger negative one into a positive one without a word.
 */
export const TIME_MIN_MS = -4_000_000_000_000_000;
/** After all time: the source has ended. */
export const TIME_MAX_MS = 4_000_000_000_000_000;

export interface SourceMark {
  watermarkMs: number;
  /** Nothing came for a while: do not wait for this source. */
  idle: boolean;
  /** Offset through which the source had been read; -1: nothing yet. */
  upTo: number;
}

export interface TopicMarks {
  /** Partitions of the topic as its readers see it; 0: the topic does not exist. */
  partitions: number;
  marks: Record<number, SourceMark>;
}

/** By topic. */
export type Watermarks = Record<string, TopicMarks>;

/**
 * Takes a mark in; the watermark of a source never goes back. Whether it is idle says who has read furthest: a
 * member that was thought dead and writes once more must not call a source idle that flows elsewhere.
 */
export function setMark(
  watermarks: Watermarks,
  topic: string,
  partition: number,
  partitions: number,
  mark: SourceMark,
): void {
  watermarks[topic] ??= { partitions, marks: {} };
  const own = watermarks[topic];
  // A topic that was missing and then made has marks of its own; it never shrinks again.
  own.partitions = Math.max(own.partitions, partitions);
  if (partition < 0) return;
  const before = own.marks[partition];
  if (before === undefined) {
    own.marks[partition] = mark;
    return;
  }
  const { idle, upTo } = mark.upTo >= before.upTo ? mark : before;
  own.marks[partition] = { watermarkMs: Math.max(before.watermarkMs, mark.watermarkMs), idle, upTo };
}

/**
 * The event time through which all given topics are complete. TIME_MIN_MS until each partition of each
 * topic has reported. Idle sources are not waited for; when all are idle the furthest of them leads,
 * so that silent streams still close their windows.
 */
export function combinedWatermark(watermarks: Watermarks, topics: readonly string[]): number {
  let active = TIME_MAX_MS;
  let idle = TIME_MIN_MS;
  let anyActive = false;
  for (const topic of topics) {
    const own = watermarks[topic];
    if (own === undefined) return TIME_MIN_MS;
    for (let p = 0; p < own.partitions; p++) {
      const mark = own.marks[p];
      if (mark === undefined) return TIME_MIN_MS;
      if (mark.idle) {
        idle = Math.max(idle, mark.watermarkMs);
      } else {
        anyActive = true;
        active = Math.min(active, mark.watermarkMs);
      }
    }
  }
  return anyActive ? active : idle;
}
