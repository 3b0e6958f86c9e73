import type { Level, RuleSpec, Threshold } from '../records.ts';

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

/**
 * Levels that a finite value reaches. Critical includes warning, where the rule has one, so that an alarm
 * that eases from critical to warning counts its time from the beginning.
 */
export function reachedBy(rule: RuleSpec, value: number): Record<Level, boolean> {
  const critical = rule.critical !== null && isBeyond(rule.critical, value);
  return { critical, warning: rule.warning !== null && (critical || isBeyond(rule.warning, value)) };
}
