/** The default rules of the peers on windows of inputs, beside the budget of the daemon. */

import { configureEvidence, createEvidence, stepEvidence } from '../../../src/flow/evidence.ts';
import { fileReference } from '../../../src/metric/registry.ts';
import type { Tracks } from '../../../src/profile/registry.ts';
import type { NumericBaseline, ServiceSpec } from '../../../src/records.ts';
import { input, numbers, service } from '../../metric/support.ts';
import { type Group, type Mode, median, numberText, type Size, shareText } from '../group.ts';
import { type Random, randomOf } from '../random.ts';
import { PEER_RULES } from '../rules/peers.ts';

const SEEDS: Record<Size, number> = { quick: 1, default: 10, full: 50 };
const NULL_WINDOWS: Record<Size, number> = { quick: 20, default: 100, full: 200 };
const INPUTS = 10;
const REFERENCE = 5_000;
const BEFORE = 20;
const HORIZON = 60;
const SIZES = [50, 200, 1_000];
/** One false alarm in 1,000 windows. */
const BUDGET_WINDOWS = 1_000;
const BUDGET = 'Telltale, 1 per 1,000 windows';
const MINUTE = 60_000;

/** One of ten inputs moves: its mean by a share of its standard deviation, or its spread. */
const SHIFTS: Readonly<Record<string, (random: Random) => number>> = {
  none: (random) => random.normal(),
  'mean + 0.2 sd': (random) => 0.2 + random.normal(),
  'mean + 0.5 sd': (random) => 0.5 + random.normal(),
  'sd x 1.3': (random) => 1.3 * random.normal(),
};

type Decide = (window: Float64Array[], index: number) => boolean;

/** Deciles of the reference, as a baseline file has them. */
function baselineOf(values: Float64Array): NumericBaseline {
  const ranked = Float64Array.from(values).sort();
  const at = (k: number): number => ranked[Math.floor((k * ranked.length) / 10)]!;
  const edges = Array.from({ length: 9 }, (_, k) => at(k + 1));
  const [min, max] = [ranked[0]!, ranked.at(-1)!];
  const counts = new Array<number>(12).fill(0);
  for (const value of values) counts[1 + edges.filter((edge) => value >= edge).length]!++;
  return {
    type: 'numeric',
    n: values.length,
    missing: 0,
    invalid: 0,
    mean: 0,
    std: 1,
    min,
    max,
    edges,
    counts,
    sketch: [],
  };
}

/** The daemon's own evidence and pages. */
function budgetOf(references: readonly Float64Array[]): Decide {
  const names = references.map((_, i) => `x${i}`);
  const tracks = Object.fromEntries(names.map((name, i) => [name, baselineOf(references[i]!)]));
  const spec: ServiceSpec = service({
    inputs: names.map((name) => input(name, 'numeric')),
    baseline: { format: 'telltale-baseline/2', service: 'fraud', n: REFERENCE, tracks },
    budget: { alarms: 1, periodMs: BUDGET_WINDOWS * MINUTE, tolerance: {} },
  });
  const evidence = createEvidence();
  configureEvidence(evidence, spec, 0);
  return (window, index) => {
    const endMs = (index + 1) * MINUTE;
    const own: Tracks = new Map(
      window.map((values, i) => [`input//x${i}`, numbers([...values], spec, `x${i}`)]),
    );
    const cells = [{ segment: '*', tracks: own, reference: fileReference(spec) }];
    const alerts = stepEvidence(evidence, spec, 'requests', {
      cells,
      results: [],
      due: { dueMs: endMs, endMs, revision: 0 },
    });
    return alerts.some(({ state }) => state === 'firing');
  };
}

function decidersOf(references: readonly Float64Array[], rows: number): Map<string, Decide> {
  const deciders = new Map<string, Decide>();
  for (const rule of PEER_RULES) {
    const perInput = references.map((reference) => rule.create(reference, rows));
    deciders.set(rule.name, (window, index) => window.some((values, i) => perInput[i]!({ values, index })));
  }
  deciders.set(BUDGET, budgetOf(references));
  return deciders;
}

interface Found {
  rows: number;
  shift: string;
  /** By rule: windows with an alarm before the change, of how many, and the delays after it. */
  rules: Record<string, { alarms: number; windows: number; delays: (number | null)[] }>;
}

function run(task: string, mode: Mode): Found {
  const [size, shift] = task.split('/') as [string, string];
  const rows = Number(size);
  const found: Found = { rows, shift, rules: {} };
  const isNull = shift === 'none';
  for (let seed = 0; seed < SEEDS[mode.size]; seed++) {
    const random = randomOf(10_000 * rows + 100 * Object.keys(SHIFTS).indexOf(shift) + seed);
    const draw = (n: number, of: (random: Random) => number): Float64Array =>
      Float64Array.from({ length: n }, () => of(random));
    // Chunks of 1,000 rows need ten times as many.
    const references = Array.from({ length: INPUTS }, () =>
      draw(Math.max(REFERENCE, 10 * rows), SHIFTS.none!),
    );
    const waiting = decidersOf(references, rows);
    const delays = new Map<string, number | null>([...waiting.keys()].map((name) => [name, null]));
    const windows = isNull ? NULL_WINDOWS[mode.size] : BEFORE + HORIZON;
    for (let index = 0; index < windows; index++) {
      const isAfter = !isNull && index >= BEFORE;
      const window = references.map((_, i) => draw(rows, isAfter && i === 0 ? SHIFTS[shift]! : SHIFTS.none!));
      for (const [name, decide] of waiting) {
        found.rules[name] ??= { alarms: 0, windows: 0, delays: [] };
        const own = found.rules[name];
        const fires = decide(window, index);
        if (!isAfter) {
          own.windows++;
          if (fires) own.alarms++;
        } else if (fires) {
          delays.set(name, index - BEFORE + 1);
          waiting.delete(name);
        }
      }
      if (waiting.size === 0) break;
    }
    if (!isNull) for (const [name, delay] of delays) found.rules[name]!.delays.push(delay);
  }
  return found;
}

export const INPUT_GROUP: Group = {
  name: 'inputs',
  description: "the peers' default rules on windows of ten inputs, beside the budget",
  tasks: () => SIZES.flatMap((size) => Object.keys(SHIFTS).map((shift) => `${size}/${shift}`)),
  run,
  tables(results, mode) {
    const found = results as Found[];
    const names = Object.keys(found[0]!.rules);
    const of = (rows: number, shift: string): Found =>
      found.find((one) => one.rows === rows && one.shift === shift)!;
    const nulls = {
      title: 'Windows of ten inputs without drift',
      text: `Share of the windows in which the rule alarms for any of ${INPUTS} normal inputs; ${SEEDS[mode.size]} x ${NULL_WINDOWS[mode.size]} windows, references of ${REFERENCE} rows (10,000 for windows of 1,000).`,
      head: ['rule', ...SIZES.map((size) => `${size} rows`)],
      rows: names.map((name) => [
        name,
        ...SIZES.map((size) => {
          const { alarms, windows } = of(size, 'none').rules[name]!;
          return shareText(alarms, windows);
        }),
      ]),
    };
    const shifts = Object.keys(SHIFTS).filter((shift) => shift !== 'none');
    const delays = {
      title: 'Windows until one moved input of ten is noticed',
      text: `Median over ${SEEDS[mode.size]} streams of the windows from the change to the first alarm; a rule that alarms all the time has the delay 1. Missed: none within ${HORIZON} windows.`,
      head: ['rule', ...SIZES.flatMap((size) => shifts.map((shift) => `${shift}, ${size} rows`))],
      rows: names.map((name) => [
        name,
        ...SIZES.flatMap((size) =>
          shifts.map((shift) => {
            const all = of(size, shift).rules[name]!.delays;
            const known = all.flatMap((delay) => (delay === null ? [] : [delay]));
            const missed = all.length - known.length;
            return `${numberText(median(known))}${missed > 0 ? ` (${missed} of ${all.length} missed)` : ''}`;
          }),
        ),
      ]),
    };
    return [nulls, delays];
  },
};
