import type { Level, Threshold } from '../records.ts';

/** Whether a finite value is at or beyond the threshold. */
export function isBeyond(threshold: Threshold, value: number): boolean {
  switch (threshold.op) {
    case '>':
      return value > threshold.value;
    case '>=':
      return value >= threshold.value;
    case '<':
      return value < threshold.value;
    case '<=':
      return value <= threshold.value;
  }
}

/** 'critical > 0.25' */
export function thresholdText(level: Level, threshold: Threshold): string {
  return `${level} ${threshold.op} ${threshold.value}`;
}
