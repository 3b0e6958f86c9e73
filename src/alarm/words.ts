import type { DetectorRule, Level, Result, RuleSpec, Threshold } from '../records.ts';
import { type AlarmState, sinceOf } from './state.ts';
import { isBeyond, thresholdText } from './threshold.ts';
import type { Firing } from './transitions.ts';

const UNITS: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** '1h 30m'; '0s' for nothing. */
export function durationText(durationMs: number): string {
  let restMs = Math.round(durationMs);
  const parts: string[] = [];
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(restMs / unitMs);
    if (count > 0) parts.push(`${count}${unit}`);
    restMs -= count * unitMs;
  }
  return parts.length > 0 ? parts.join(' ') : '0s';
}

/**
 * Four significant digits, or all before the point if there are more; unless rounding would move the value
 * over a threshold that it is compared with.
 */
function valueText(value: number, thresholds: readonly (Threshold | null)[]): string {
  const short = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
  const isSame = thresholds.every((t) => t === null || isBeyond(t, short) === isBeyond(t, value));
  return String(isSame ? short : value);
}

/** Thousands are grouped by hand: the locale of the machine must not change an output's bytes. */
function rowsText(n: number): string {
  return `${String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',')} ${n === 1 ? 'row' : 'rows'}`;
}

/** Metric, subject, model and segment, as far as they say something. */
function measureText(result: Result, value: number, rule: RuleSpec): string {
  const subject = result.subject === '' ? '' : ` of ${result.subject}`;
  const model = result.model === '' ? '' : ` by ${result.model}`;
  const segment = result.segment === '*' ? '' : ` in ${result.segment}`;
  return `${result.metric}${subject}${model}${segment} is ${valueText(value, [rule.warning, rule.critical])}`;
}

function breachText(rule: RuleSpec, alarm: AlarmState, level: Level, windowEndMs: number): string {
  const threshold = rule[level];
  const sinceMs = sinceOf(alarm, level);
  if (threshold === null || sinceMs === null) return level;
  const lastedMs = windowEndMs - sinceMs;
  return `${thresholdText(level, threshold)}${lastedMs > 0 ? ` for ${durationText(lastedMs)}` : ''}`;
}

/** Why a level that was firing fires no more. */
function easedText(rule: RuleSpec, alarm: AlarmState, level: Level, windowEndMs: number): string {
  const threshold = rule[level];
  if (threshold === null) return `and the rule has no ${level} threshold any more`;
  const sinceMs = sinceOf(alarm, level);
  if (sinceMs === null) return `no longer beyond ${thresholdText(level, threshold)}`;
  const breach = `beyond ${thresholdText(level, threshold)} for ${durationText(windowEndMs - sinceMs)}`;
  return `${breach}, but the rule asks for ${durationText(rule.forMs)} now`;
}

function detectionText({ name, holdWindows, warns }: DetectorRule, from: Firing, to: Firing): string {
  const quiet = `${name} has found no change for ${holdWindows} ${holdWindows === 1 ? 'window' : 'windows'}`;
  if (to === 'ok') return from === 'ok' ? `${name} finds no change` : quiet;
  if (to === 'warning' && warns)
    return from === 'critical' ? `${quiet}, but warns of one` : `${name} warns of a change`;
  return `${name} finds a change`;
}

/**
 * Why an alarm went from one level to another, in words. `alarm` holds the times after this window;
 * `value` is the finite value of the result.
 */
export function reasonOf(
  rule: RuleSpec,
  alarm: AlarmState,
  from: Firing,
  to: Firing,
  result: Result,
  value: number,
): string {
  const measure = measureText(result, value, rule);
  const rows = rowsText(result.n);
  const endMs = result.windowEndMs;
  if (rule.detector !== undefined) return `${measure}, ${detectionText(rule.detector, from, to)} (${rows})`;
  if (to === 'ok') {
    const eased = from === 'ok' ? '' : `, ${easedText(rule, alarm, from, endMs)}`;
    return `${measure}${eased} (${rows})`;
  }
  const breach = breachText(rule, alarm, to, endMs);
  if (from === 'critical') {
    return `${measure}, ${easedText(rule, alarm, from, endMs)}, still beyond ${breach} (${rows})`;
  }
  return `${measure}, beyond ${breach} (${rows})`;
}
