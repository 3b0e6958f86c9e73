import {
  type DetectorRule,
  LEVELS,
  type Level,
  type Result,
  type RuleSpec,
  type Threshold,
  type Watched,
} from '../records.ts';
import { rankOf, thresholdOf } from './levels.ts';
import type { Signal } from './signal.ts';
import type { AlarmState } from './state.ts';
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

/** As it would be written in a file, in one unit: '90m', '0s'. */
export function durationWritten(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, unitMs] = UNITS.find(([, size]) => ms % size === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
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

/** Four significant digits. */
export const shortText = (value: number): string => String(Number(value.toPrecision(4)));

/** Thousands are grouped by hand: the locale of the machine must not change an output's bytes. */
function rowsText(n: number): string {
  return `${String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',')} ${n === 1 ? 'row' : 'rows'}`;
}

/** Metric, subject, model and segment, as far as they say something. */
export function measuredText({ metric, subject, model, segment }: Watched): string {
  const of = subject === '' ? '' : ` of ${subject}`;
  const by = model === '' ? '' : ` by ${model}`;
  return `${metric}${of}${by}${segment === '*' ? '' : ` in ${segment}`}`;
}

function measureText(result: Result, value: number, rule: RuleSpec): string {
  return `${measuredText(result)} is ${valueText(
    value,
    LEVELS.map((level) => thresholdOf(rule, level)),
  )}`;
}

function breachText(rule: RuleSpec, alarm: AlarmState, level: Level, windowEndMs: number): string {
  const threshold = thresholdOf(rule, level);
  const times = alarm.times[level];
  if (threshold === null || times === undefined) return level;
  const lastedMs = windowEndMs - times.sinceMs;
  const counted = rule.hits === undefined ? '' : ` in ${rule.hits.of} of ${rule.hits.windows} windows`;
  return `${thresholdText(level, threshold)}${counted}${lastedMs > 0 ? ` for ${durationText(lastedMs)}` : ''}`;
}

/** Why a level that was firing fires no more. */
function easedText(rule: RuleSpec, alarm: AlarmState, level: Level, windowEndMs: number): string {
  const threshold = thresholdOf(rule, level);
  if (threshold === null) return `and the rule has no ${level} threshold any more`;
  const times = alarm.times[level];
  const reset = rule.reset?.[level];
  if (times === undefined) {
    const left = reset === undefined ? '' : ` and ${reset.op} ${reset.value}`;
    const kept = rule.keepMs === undefined ? '' : ` for ${durationText(rule.keepMs)}`;
    return `no longer beyond ${thresholdText(level, threshold)}${left}${kept}`;
  }
  const breach = `beyond ${thresholdText(level, threshold)} for ${durationText(windowEndMs - times.sinceMs)}`;
  return `${breach}, but the rule asks for ${durationText(rule.forMs)} now`;
}

function detectionText({ name, holdWindows, warns }: DetectorRule, from: Firing, to: Firing): string {
  const quiet = `${name} has found no change for ${holdWindows} ${holdWindows === 1 ? 'window' : 'windows'}`;
  if (to === 'ok') return from === 'ok' ? `${name} finds no change` : quiet;
  if (to === 'warning' && warns)
    return from === 'critical' ? `${quiet}, but warns of one` : `${name} warns of a change`;
  return `${name} finds a change`;
}

/** Why an alarm fires, or fires no more, whose results have stayed away. */
export function silenceText(alarm: AlarmState, atMs: number, state: 'firing' | 'resolved'): string {
  const { metric, subject, model, segment, lastWindowEndMs } = alarm;
  const of = measuredText({ metric, subject, model, segment });
  const lasted = durationText(atMs - lastWindowEndMs);
  return `${of} has had no value for ${lasted}${state === 'firing' ? '' : ', which the rule takes for ok'}`;
}

/** What it was before the window. */
export interface Before {
  from: Firing;
  wasSilent: boolean;
}

/**
 * Why an alarm went from one level to another, in words. `alarm` holds the times after this window.
 */
export function reasonOf(
  rule: RuleSpec,
  alarm: AlarmState,
  { from, wasSilent }: Before,
  result: Result,
  { value, n, words }: Signal,
): string {
  const measure = words ?? measureText(result, value, rule);
  const rows = rowsText(n);
  const endMs = result.windowEndMs;
  const to = alarm.firing;
  if (rule.detector !== undefined) return `${measure}, ${detectionText(rule.detector, from, to)} (${rows})`;
  if (rule.burn !== undefined)
    return `${measure}${wasSilent && to === 'ok' ? ', data have come back' : ''} (${rows})`;
  const isLess = from !== 'ok' && rankOf(to) < rankOf(from);
  const eased = !isLess
    ? ''
    : wasSilent
      ? ', data have come back'
      : `, ${easedText(rule, alarm, from, endMs)}`;
  if (to === 'ok') return `${measure}${eased} (${rows})`;
  const breach = breachText(rule, alarm, to, endMs);
  return `${measure}${eased}, ${isLess ? 'still ' : ''}beyond ${breach} (${rows})`;
}
