/** How long breaches last against `for`, and how large windows are against `min_n`. */

import { median, quantileSorted } from 'simple-statistics';
import { durationText, durationWritten } from '../../alarm/words.ts';
import { count, percent, plural } from '../results/blocks.ts';
import { type Finding, nearestLevel, type RuleView, totalOf, wouldFire } from './finding.ts';

const SPELLS_MIN = 5;
const JUDGED_WINDOWS_MIN = 20;
/** Alarms that are gone after a window or two, as a share of all that fired. */
const SHORT_SHARE = 0.8;
const RARE_SHARE = 0.5;

/** Whether another `for` would have been better. */
export function forOf(view: RuleView): Finding[] {
  const { rule, hopMs } = view;
  const { forMs } = rule;
  // What a detector says has no `for`.
  if (rule.detector !== undefined) return [];
  const { judged, holds, told } = totalOf(view, nearestLevel(rule));
  if (holds.list.length < SPELLS_MIN) return [];
  const lasted = holds.list.map(({ lastedMs }) => lastedMs).sort((a, b) => a - b);
  const fired = lasted.filter((ms) => ms >= forMs);
  const about = { windows: judged };
  const breaches = `${count(holds.count)} breaches in ${plural(judged, 'window')}`;
  if (fired.length === 0) {
    const evidence = `${breaches}, the longest of ${durationText(lasted.at(-1)!)}, and \`for\` asks for ${durationText(forMs)}: it never fired`;
    return [{ ...about, kind: 'for too long', evidence, change: { for: durationWritten(median(lasted)) } }];
  }
  // As they were told: what is kept firing, or silent while it flaps, does not come and go.
  const brief = told.list.filter(({ lastedMs }) => lastedMs <= hopMs).length;
  if (told.list.length >= SPELLS_MIN && brief >= SHORT_SHARE * told.list.length) {
    // The shortest that would have left out the brief ones, in whole hops.
    const wantedMs = quantileSorted(fired, SHORT_SHARE) + hopMs;
    const left = wouldFire(view, { ...rule, forMs: wantedMs }).alarms;
    const evidence =
      `${breaches}: ${percent(brief / told.list.length)} of ${plural(told.count, 'alarm')} were over after one or two ` +
      `windows. With the suggested \`for\` ${plural(left, 'alarm')} would be left, each ` +
      `${durationText(wantedMs - forMs)} later`;
    return [{ ...about, kind: 'flapping', evidence, change: { for: durationWritten(wantedMs) } }];
  }
  if (forMs > 0 && fired.length === lasted.length) {
    const evidence = `${breaches}, and every one lasted for ${durationText(forMs)}: waiting only makes the alarm late`;
    return [{ ...about, kind: 'for without use', evidence, change: { for: '0s' } }];
  }
  return [];
}

/** Two significant digits, downward. */
function roundedDown(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / step) * step;
}

/** Whether windows are large enough for the rule to be judged, and there is something to compare them with. */
export function minNOf(view: RuleView): Finding[] {
  const { rule, ns } = view;
  const { few, alone, judged, all } = totalOf(view, nearestLevel(rule));
  if (all < JUDGED_WINDOWS_MIN) return [];
  if (rule.burn !== undefined) {
    if (judged > 0) return [];
    const evidence = `in none of ${plural(all, 'window')} the long stretch had ${plural(rule.nMin, 'row')}, which min_n asks for`;
    return [{ kind: 'never judged', evidence, change: null, windows: all }];
  }
  if (alone > RARE_SHARE * all) {
    const kind = judged === 0 ? 'never judged' : 'rarely judged';
    const evidence = `${count(alone)} of ${plural(all, 'window')} have nothing of min_n ${count(rule.nMin)} to be compared with`;
    return [{ kind, evidence, change: null, windows: all }];
  }
  if (few <= RARE_SHARE * all) return [];
  const usual = quantileSorted(ns, 0.05);
  const kind = judged === 0 ? 'never judged' : 'rarely judged';
  const seen = `${count(few)} of ${plural(all, 'window')} have fewer samples than min_n ${count(rule.nMin)}`;
  const size = `95 % of them have ${count(usual)} or more, the largest ${count(ns.at(-1) ?? 0)}`;
  if (usual < 1) return [{ kind, evidence: `${seen}; ${size}`, change: null, windows: all }];
  const more = 'A smaller sample makes the metric noisier: look at the threshold too, or take longer windows';
  return [
    { kind, evidence: `${seen}; ${size}. ${more}`, change: { min_n: roundedDown(usual) }, windows: all },
  ];
}
