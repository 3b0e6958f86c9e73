/** Rules with a detector: it is given one value a window, and its drift fires the alarm for a while. */

import type { DetectorRule, Level } from '../records.ts';
import type { AlarmState } from './state.ts';
import type { Firing } from './transitions.ts';

/** What a detector says of a value. */
export type Signal = 'none' | 'warning' | 'drift';

/** How detectors are made and stepped; the flow gives it, since this stage does not see theirs. */
export interface Detecting {
  create(rule: DetectorRule): object;
  /** Steps the state in place. */
  step(state: object, rule: DetectorRule, value: number): Signal;
}

function none(): never {
  throw new Error('assertion failed: no detectors were given to a rule that has one');
}
/** Of callers whose rules have thresholds alone. */
export const NO_DETECTORS: Detecting = { create: none, step: none };

/** The state of a detector of one alarm. Plain JSON: it is part of the judge's snapshot. */
export interface Detection {
  /** Name and options that it was made with: with others it begins again. */
  of: string;
  state: object;
  /** Judged windows that the last drift, and the last warning, still count for; 0: none. */
  driftLeft: number;
  warningLeft: number;
}

/** Name and options, in an order that does not depend on how they were written. */
function makeOf({ name, options }: DetectorRule): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted]);
}

/**
 * Steps the detector of an alarm and says which level holds: from the window of a drift on, for
 * `holdWindows` judged windows, and anew with each further drift. A detector begins again after a drift, so it
 * cannot say that the change has gone. New options or another detector begin with an empty state; what
 * fires then runs out.
 */
export function detectedLevel(
  alarm: AlarmState,
  rule: DetectorRule,
  value: number,
  detecting: Detecting,
): Firing {
  const of = makeOf(rule);
  let detection = alarm.detection;
  if (detection === undefined || detection.of !== of) {
    const { driftLeft = 0, warningLeft = 0 } = detection ?? {};
    detection = { of, state: detecting.create(rule), driftLeft, warningLeft };
    alarm.detection = detection;
  }
  const signal = detecting.step(detection.state, rule, value);
  const left = (windows: number, isNew: boolean): number =>
    isNew ? rule.holdWindows : Math.min(rule.holdWindows, Math.max(0, windows - 1));
  detection.driftLeft = left(detection.driftLeft, signal === 'drift');
  detection.warningLeft = left(detection.warningLeft, signal === 'warning');
  if (detection.driftLeft > 0) return rule.level;
  return rule.warns && detection.warningLeft > 0 ? 'warning' : 'ok';
}

/** 'warning by adwin'; null: the rule has no such level. */
export function detectorText({ name, level: own, warns }: DetectorRule, level: Level): string | null {
  return level === own || (warns && level === 'warning') ? `${level} by ${name}` : null;
}
