/** An error rate of 0.1 that becomes 0.2 at sample 5,000: as they come, and at equal false-alarm rates. */

import type { Options } from '../../../src/detect/detector.ts';
import { DETECTORS } from '../../../src/detect/registry.ts';
import { type Group, type Mode, median, numberText, type Size } from '../group.ts';
import { randomOf } from '../random.ts';
import { BASELINE, NAMES, optionsFor, streamsFor } from '../rules/detectors.ts';

const STREAMS: Record<Size, number> = { quick: 100, default: 1_000, full: 4_000 };
/** Null streams are long, so that what happens once in 100,000 is seen often enough. */
const NULL_STREAMS: Record<Size, number> = { quick: 2, default: 20, full: 100 };
const NULL_ROWS = 100_000;
const CHANGE_AT = 5_000;
const HORIZON = 5_000;

/**
 * One option of each that makes its false alarms as rare as one in 100,000. Found by `calibrate` on null streams of other seeds; what rate they have is
 * measured anew each time. EWMA has none: while it learns, a stretch without errors makes its standard error 0 and the next error
 * an alarm, at any threshold. KSWIN is for numbers.
 */
export const EQUAL: Record<string, Options> = {
  e_sr: { arl: 42_800 },
  e_cusum: { arl: 1868 },
  adwin: { delta: 0.0724 },
  page_hinkley: { threshold: 73.5 },
  cusum: { threshold: 16.25 },
  ddm: { drift: 2.93 },
  eddm: { beta: 0.733 },
  hddm_a: { drift: 0.00443 },
  hddm_w: { drift: 0.00895 },
};

interface Found {
  detector: string;
  isEqual: boolean;
  nullAlarms: number;
  nullRows: number;
  before: number;
  delays: (number | null)[];
}

function watchAll(
  detector: string,
  more: Options,
  mode: Mode,
  base: number,
): Omit<Found, 'detector' | 'isEqual'> {
  const kind = DETECTORS[detector]!;
  const found = { nullAlarms: 0, nullRows: 0, before: 0, delays: [] as (number | null)[] };
  const knownOf = (random: ReturnType<typeof randomOf>): number => {
    let known = 0;
    for (let i = 0; i < BASELINE; i++) if (random.uniform() < 0.1) known++;
    return known;
  };
  for (let seed = 0; seed < streamsFor(detector, NULL_STREAMS[mode.size]); seed++) {
    const random = randomOf(base + 7_000_000 + seed);
    const options = optionsFor(kind, knownOf(random), more);
    const state = kind.create(options);
    for (let i = 0; i < NULL_ROWS; i++)
      if (kind.step(state, options, random.uniform() < 0.1 ? 1 : 0) === 'drift') found.nullAlarms++;
    found.nullRows += NULL_ROWS;
  }
  for (let seed = 0; seed < streamsFor(detector, STREAMS[mode.size]); seed++) {
    const random = randomOf(base + seed);
    const options = optionsFor(kind, knownOf(random), more);
    const state = kind.create(options);
    let delay: number | null = null;
    for (let i = 0; i < CHANGE_AT + HORIZON && delay === null; i++) {
      const error = random.uniform() < (i < CHANGE_AT ? 0.1 : 0.2) ? 1 : 0;
      if (kind.step(state, options, error) !== 'drift') continue;
      if (i < CHANGE_AT) found.before++;
      else delay = i - CHANGE_AT + 1;
    }
    found.delays.push(delay);
  }
  return found;
}

/** The value of an option at which null streams alarm `per` times in 100,000. For people who change a detector. */
export function calibrate(
  detector: string,
  option: string,
  low: number,
  high: number,
  isLog: boolean,
): number {
  const kind = DETECTORS[detector]!;
  const rateAt = (value: number): number => {
    let alarms = 0;
    for (let seed = 0; seed < 20; seed++) {
      const random = randomOf(90_000_000 + seed);
      const options = optionsFor(kind, 500, { [option]: value });
      const state = kind.create(options);
      for (let i = 0; i < NULL_ROWS; i++)
        if (kind.step(state, options, random.uniform() < 0.1 ? 1 : 0) === 'drift') alarms++;
    }
    return alarms / 20;
  };
  let [from, to] = isLog ? [Math.log(low), Math.log(high)] : [low, high];
  const optionAt = (x: number): number => (isLog ? Math.exp(x) : x);
  const rises = rateAt(optionAt(to)) > rateAt(optionAt(from));
  for (let k = 0; k < 12; k++) {
    const middle = (from + to) / 2;
    if (rateAt(optionAt(middle)) > 1 === rises) to = middle;
    else from = middle;
  }
  return optionAt(rises ? from : to);
}

export const BERNOULLI_GROUP: Group = {
  name: 'bernoulli',
  description: 'an error rate of 0.1 that becomes 0.2 at sample 5,000',
  tasks: () => [
    ...NAMES.map((name) => `${name}/default`),
    ...Object.keys(EQUAL).map((name) => `${name}/equal`),
  ],
  run(task, mode) {
    const [detector, variant] = task.split('/') as [string, string];
    const isEqual = variant === 'equal';
    return {
      detector,
      isEqual,
      ...watchAll(detector, isEqual ? EQUAL[detector]! : {}, mode, 0),
    } satisfies Found;
  },
  tables(results, mode) {
    const found = results as Found[];
    const rowOf = ({ detector, isEqual, nullAlarms, nullRows, before, delays }: Found): string[] => {
      const known = delays.flatMap((delay) => (delay === null ? [] : [delay])).sort((a, b) => a - b);
      const options = isEqual
        ? Object.entries(EQUAL[detector]!).map(([k, v]) => `${k} ${numberText(v)}`)
        : [];
      return [
        detector,
        ...(isEqual ? [options.join(', ')] : []),
        numberText((100_000 * nullAlarms) / nullRows),
        numberText((100_000 * before) / delays.length / CHANGE_AT),
        numberText(median(known)),
        numberText(known[Math.floor(0.9 * known.length)] ?? null),
        String(delays.length - known.length),
      ];
    };
    const text = `${NULL_STREAMS[mode.size]} null streams of ${NULL_ROWS}, ${STREAMS[mode.size]} streams with the change; the baseline rate is estimated from ${BASELINE} labels. KSWIN sees a tenth of the streams.`;
    const head = [
      'alarms in 100,000 without change',
      'in the 5,000 before it, per 100,000',
      'median delay',
      '90 %',
      'missed',
    ];
    return [
      {
        title: 'Bernoulli 0.1 to 0.2, default options',
        text,
        head: ['detector', ...head],
        rows: found.filter(({ isEqual }) => !isEqual).map(rowOf),
      },
      {
        title: 'Bernoulli 0.1 to 0.2, at equal false-alarm rates',
        text: `One option of each brings it to about one false alarm in 100,000. ${text}`,
        head: ['detector', 'option', ...head],
        rows: found.filter(({ isEqual }) => isEqual).map(rowOf),
      },
    ];
  },
};
