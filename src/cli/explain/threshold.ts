import type { Alert } from '../../records.ts';

const COMPARISON = /([<>])=?\s*(-?\d+\.?\d*(?:[eE][+-]?\d+)?)/;

/** The number that the value has passed; null: the alarm is not of a threshold of its values, as those of a budget. */
export function thresholdOf({ threshold, evidence }: Alert): number | null {
  const match = evidence === null ? COMPARISON.exec(threshold) : null;
  return match === null ? null : Number(match[2]);
}

/** Whether larger values are the worse ones, where the threshold does not say otherwise. */
export const isWorseHigh = (alert: Alert): boolean =>
  alert.evidence !== null || COMPARISON.exec(alert.threshold)?.[1] !== '<';
