/** How long breaches last against `for`, and how large windows are against `min_n`. */

import { median, quantileSorted } from 'simple-statistics';
import { durationText, durationWritten } from '../../alarm/words.ts';
import { count, percent, plural } from '../results/blocks.ts';
import { type Finding, nearestLevel, type RuleView, totalOf } from './finding.ts';

const SPELLS_MIN = 5;
const JUDGED_WINDOWS_MIN = 20;
/** Alarms that are gone after a window or two, as a share of all that fired. */
const SHORT_SHARE = 0.8;
const RARE_SHARE = 0.5;

/** Whether another `for` would have been better. */
export function forOf(view: RuleView): Finding[] {
  const { rule, watches, hopMs, fired: alerts } = view;
  const { forMs } = rule;
  const lasted = watches.flatMap((watch) =>
    watch.levels[nearestLevel(rule)].spells.map(({ lastedMs }) => lastedMs),
  );
  const { judged } = totalOf(view, nearestLevel(rule));
  if (lasted.length < SPELLS_MIN) return [];
  lasted.sort((a, b) => a - b);
  const fired = lasted.filter((ms) => ms >= forMs);
  const about = { windows: judged };
  const breaches = `${count(lasted.length)} breaches in ${plural(judged, 'window')}`;
  if (fired.length === 0) {
    const evidence = `${breaches}, the longest of ${durationText(lasted.at(-1)!)}, and \`for\` asks for ${durationText(forMs)}: it never fired`;
    return [{ ...about, kind: 'for too long', evidence, change: { for: durationWritten(median(lasted)) } }];
  }
  const brief = fired.filter((ms) => ms - forMs <= hopMs).length;
  if (fired.length >= SPELLS_MIN && brief >= SHORT_SHARE * fired.length) {
    // The shortest that would have left out the brief ones, in whole hops.
    const wantedMs = quantileSorted(fired, SHORT_SHARE) + hopMs;
    const left = fired.filter((ms) => ms >= wantedMs).length;
    const evidence =
      `${breaches}: ${percent(brief / fired.length)} of ${plural(fired.length, 'alarm')} were over after one or two ` +
      `windows (${plural(alerts, 'recorded alert')}). With the suggested \`for\` ${plural(left, 'alarm')} would be left, each ` +
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

/** Whether windows are large enough for the rule to be judged. */
export function minNOf(view: RuleView): Finding[] {
  const { rule, ns } = view;
  const { few, judged, all } = totalOf(view, nearestLevel(rule));
  if (all < JUDGED_WINDOWS_MIN || few <= RARE_SHARE * all) return [];
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
