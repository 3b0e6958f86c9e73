/** A whole service under its budget, by the daemon's own evidence: 20 inputs x 4 segments, two models, windows of a minute. */

import {
  configureEvidence,
  createEvidence,
  type Evidence,
  stepEvidence,
  tellEvidence,
} from '../../../src/flow/evidence.ts';
import { type Layer, layered } from '../../../src/metric/reference.ts';
import { type ConfusionState, createConfusion } from '../../../src/profile/confusion.ts';
import { createNumeric } from '../../../src/profile/numeric.ts';
import type { TrackState, Tracks } from '../../../src/profile/registry.ts';
import type {
  Alert,
  CategoricalBaseline,
  NumericBaseline,
  ServiceSpec,
  TrackBaseline,
} from '../../../src/records.ts';
import { input, output, service } from '../../metric/support.ts';
import { type Group, type Mode, median, numberText, type Size } from '../group.ts';
import { binomial, multinomial, type Random, randomOf } from '../random.ts';

const MINUTE = 60_000;
const DAY_MS = 86_400_000;
const SEGMENTS = ['a', 'b', 'c', 'd'].map((name) => `s=${name}`);
const NUMERIC = 14;
const CATEGORICAL = [2, 3, 4, 6, 8, 12];
const MODELS = ['primary', 'shadow'];
/** Rows of the reference in each segment, and labels of it. */
const REFERENCE = 10_000;
const LABELS = 5_000;
const ERROR_RATES = [0.1, 0.12];
const MISSING = 0.01;

/** Simulated days of each seed, and seeds. */
const DAYS: Record<Size, number> = { quick: 0.2, default: 1, full: 30 };
const SEEDS: Record<Size, number> = { quick: 2, default: 10, full: 50 };
const POWER_SEEDS: Record<Size, number> = { quick: 2, default: 10, full: 50 };
/** Rows of a segment in a window. */
const SIZES = [200, 1_000];
/** Of the long run without drift. */
const NULL_SIZES: Record<Size, readonly number[]> = { quick: SIZES, default: SIZES, full: [200] };
const FEW_DAYS = ' So few days say little of the budget of 30; `--full` has 1,500 of them.';
const daysOf = ({ size, days }: Mode): number => days ?? DAYS[size];
const BUDGETS: Readonly<Record<string, number>> = { '1 per 30d': 30, '1 per 1d': 1 };

/** Rows go through a quantile cell of ten; shares fall by a law of Zipf for categories. */
const sharesOf = (i: number): number[] => {
  if (i < NUMERIC) return new Array<number>(10).fill(0.1);
  const raw = Array.from({ length: CATEGORICAL[i - NUMERIC]! }, (_, k) => 1 / (k + 1));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((share) => share / sum);
};
const SHARES = Array.from({ length: NUMERIC + CATEGORICAL.length }, (_, i) => sharesOf(i));
const SUBJECTS = SHARES.map((_, i) => `x${i}`);

/** Half of the cells gain what the others lose, so that PSI is about `size`. */
function movedShares(shares: readonly number[], size: number): number[] {
  const step = Math.sqrt(size);
  const moved = shares.map((share, i) => share * (1 + (i % 2 === 0 ? step : -step)));
  const sum = moved.reduce((a, b) => a + b, 0);
  return moved.map((share) => share / sum);
}

const numericBaseline = (counts: number[], missing: number): NumericBaseline => ({
  ...{ type: 'numeric', n: counts.reduce((a, b) => a + b, 0), missing, invalid: 0, mean: 0, std: 1 },
  ...{ min: 0, max: 10, edges: [1, 2, 3, 4, 5, 6, 7, 8, 9], counts: [0, ...counts, 0], sketch: [] },
});
const categoricalBaseline = (counts: number[], missing: number): CategoricalBaseline => ({
  ...{ type: 'categorical', n: counts.reduce((a, b) => a + b, 0), missing, invalid: 0 },
  counts: Object.fromEntries(counts.map((count, k) => [`k${k}`, count])),
});

function confusionOf(random: Random, n: number, rate: number): ConfusionState {
  const state = createConfusion(2);
  const wrong = binomial(random, n, rate);
  const missed = binomial(random, wrong, 0.5);
  const positive = binomial(random, n - wrong, 0.3);
  state.counts.set([n - wrong - positive, missed, wrong - missed, positive]);
  return state;
}

/** The counts that rows fall into, which is all that evidence sees of them. */
interface World {
  spec: ServiceSpec;
  evidence: Evidence;
  references: Layer[];
  random: Random;
  rows: number;
}

function createWorld(seed: number, rows: number, days: number): World {
  const random = randomOf(seed);
  const spec = service({
    streams: (['requests', 'labels'] as const).map((stream) => ({
      ...service().streams[0]!,
      stream,
      topic: stream,
    })),
    inputs: SUBJECTS.map((name, i) => input(name, i < NUMERIC ? 'numeric' : 'categorical')),
    outputs: [output('y', 'classifier', { classes: ['no', 'yes'], positive: 'yes' })],
    segments: [['s']],
    baseline: { format: 'telltale-baseline/2', service: 'fraud', n: REFERENCE, tracks: {} },
    budget: { alarms: 1, periodMs: days * DAY_MS, tolerance: {} },
  });
  const references = ['*', ...SEGMENTS].map((segment): Layer => {
    const n = segment === '*' ? SEGMENTS.length * REFERENCE : REFERENCE;
    const labels = segment === '*' ? SEGMENTS.length * LABELS : LABELS;
    const tracks = new Map<string, TrackBaseline>();
    SUBJECTS.forEach((name, i) => {
      const missing = binomial(random, n, MISSING);
      const counts = multinomial(random, n - missing, SHARES[i]!);
      tracks.set(name, (i < NUMERIC ? numericBaseline : categoricalBaseline)(counts, missing));
    });
    const states = new Map<string, TrackState>(
      MODELS.map((model, k) => [
        `performance/${model}/y`,
        { kind: 'confusion', state: confusionOf(random, labels, ERROR_RATES[k]!) },
      ]),
    );
    return { baseline: (track) => tracks.get(track), state: (key) => states.get(key) };
  });
  const evidence = createEvidence();
  configureEvidence(evidence, spec, 0);
  return { spec, evidence, references, random, rows };
}

/** Shares of an input, and the error rate of the models, in a window of a segment. */
interface Law {
  shares(segment: string, input: number): readonly number[];
  error(segment: string, model: number): number;
}
const CALM: Law = { shares: (_, i) => SHARES[i]!, error: (_, k) => ERROR_RATES[k]! };

/** Evidence reads of a numeric state what it counts; its sums and its sketch stay empty. */
const EMPTY = createNumeric({ borders: new Float64Array(0), low: 0, high: 0 });

function inputTrack(i: number, counts: number[], missing: number): TrackState {
  const n = counts.reduce((a, b) => a + b, 0);
  if (i < NUMERIC) {
    const cells = Float64Array.from([0, ...counts, 0]);
    return { kind: 'numeric', state: { ...EMPTY, n, missing, cells } };
  }
  const known = new Map(counts.map((count, k) => [`k${k}`, count]));
  const state = {
    n,
    missing,
    invalid: 0,
    known,
    unknown: new Map<string, number>(),
    other: 0,
    categoriesMax: 200,
  };
  return { kind: 'categorical', state };
}

/** One window of both source groups; the whole traffic is the sum of the segments. */
function step(world: World, minute: number, law: Law): Alert[] {
  const { random, rows, spec, evidence, references } = world;
  const inputs = new Map<string, Tracks>([['*', new Map()]]);
  const joined = new Map<string, Tracks>([['*', new Map()]]);
  const sums = SHARES.map((shares) => ({ counts: shares.map(() => 0), missing: 0 }));
  const errors = MODELS.map(() => createConfusion(2));
  for (const segment of SEGMENTS) {
    const own: Tracks = new Map();
    SUBJECTS.forEach((name, i) => {
      const missing = binomial(random, rows, MISSING);
      const counts = multinomial(random, rows - missing, law.shares(segment, i));
      own.set(`input//${name}`, inputTrack(i, counts, missing));
      sums[i]!.missing += missing;
      for (let k = 0; k < counts.length; k++) sums[i]!.counts[k]! += counts[k]!;
    });
    inputs.set(segment, own);
    const labelled: Tracks = new Map();
    MODELS.forEach((model, k) => {
      const state = confusionOf(random, rows, law.error(segment, k));
      labelled.set(`performance/${model}/y`, { kind: 'confusion', state });
      for (let c = 0; c < 4; c++) errors[k]!.counts[c]! += state.counts[c]!;
    });
    joined.set(segment, labelled);
  }
  SUBJECTS.forEach((name, i) => {
    inputs.get('*')!.set(`input//${name}`, inputTrack(i, sums[i]!.counts, sums[i]!.missing));
  });
  MODELS.forEach((model, k) => {
    joined.get('*')!.set(`performance/${model}/y`, { kind: 'confusion', state: errors[k]! });
  });
  const endMs = (minute + 1) * MINUTE;
  const due = { dueMs: endMs, endMs, revision: 0 };
  const alerts: Alert[] = [];
  for (const [group, cells] of [
    ['requests', inputs],
    ['events', joined],
  ] as const) {
    const about = { isOwn: true, source: 'file', absence: '' } as const;
    const all = ['*', ...SEGMENTS].map((segment, s) => ({
      segment,
      tracks: cells.get(segment)!,
      reference: layered([references[s]!], about),
    }));
    alerts.push(...stepEvidence(evidence, spec, group, { cells: all, results: [], due }));
  }
  // Those of labels wait for the inputs; here both have come.
  for (const { alert } of tellEvidence(evidence, spec, endMs)) alerts.push(alert);
  return alerts.filter(({ state }) => state === 'firing');
}

const POWER: Readonly<Record<string, Partial<Law>>> = {
  'PSI 0.25 of one input in one segment': {
    shares: (s, i) => (s === SEGMENTS[0] && i === 0 ? movedShares(SHARES[0]!, 0.25) : SHARES[i]!),
  },
  'PSI 0.10 of one input in one segment': {
    shares: (s, i) => (s === SEGMENTS[0] && i === 0 ? movedShares(SHARES[0]!, 0.1) : SHARES[i]!),
  },
  'PSI 0.05 of one input in all segments': {
    shares: (_, i) => (i === 0 ? movedShares(SHARES[0]!, 0.05) : SHARES[i]!),
  },
  'errors of one model 0.10 to 0.15 in one segment': {
    error: (s, k) => (s === SEGMENTS[0] && k === 0 ? 0.15 : ERROR_RATES[k]!),
  },
};
const POWER_BEFORE = 30;
const POWER_HORIZON = 300;

interface NullFound {
  rows: number;
  seed: number;
  windows: number;
  /** By budget. */
  pages: Record<string, number>;
}
interface PowerFound {
  power: string;
  rows: number;
  delays: (number | null)[];
  first: string[];
}

/**
 * Up to the first page evidence is the same under every budget, and a smaller budget has a higher boundary. So a run without a page under the
 * largest one is a run without a page under all.
 */
function runNull(rows: number, seed: number, mode: Mode): NullFound {
  const windows = Math.round(daysOf(mode) * 24 * 60);
  const pages: Record<string, number> = {};
  let isCalm = false;
  for (const [budget, days] of Object.entries(BUDGETS).sort(([, a], [, b]) => a - b)) {
    pages[budget] = 0;
    if (isCalm) continue;
    const world = createWorld(1_000 * rows + seed, rows, days);
    for (let minute = 0; minute < windows; minute++) pages[budget] += step(world, minute, CALM).length;
    isCalm = pages[budget] === 0;
  }
  return { rows, seed, windows, pages };
}

function runPower(power: string, rows: number, mode: Mode): PowerFound {
  const law: Law = { ...CALM, ...POWER[power]! };
  const delays: (number | null)[] = [];
  const first: string[] = [];
  for (let seed = 0; seed < POWER_SEEDS[mode.size]; seed++) {
    const world = createWorld(500_000 + 1_000 * rows + seed, rows, 30);
    let delay: number | null = null;
    for (let minute = 0; minute < POWER_BEFORE + POWER_HORIZON && delay === null; minute++) {
      const alerts = step(world, minute, minute < POWER_BEFORE ? CALM : law);
      if (alerts.length === 0 || minute < POWER_BEFORE) continue;
      delay = minute - POWER_BEFORE + 1;
      first.push(`${alerts[0]!.metric} ${alerts[0]!.subject} ${alerts[0]!.segment}`);
    }
    delays.push(delay);
  }
  return { power, rows, delays, first };
}

export const SERVICE_GROUP: Group = {
  name: 'service',
  description: 'a whole service under its budget: false pages without drift, and the delay of real ones',
  tasks: (mode) => [
    ...NULL_SIZES[mode.size].flatMap((rows) =>
      Array.from({ length: SEEDS[mode.size] }, (_, seed) => `null//${rows}/${seed}`),
    ),
    ...SIZES.flatMap((rows) => Object.keys(POWER).map((power) => `power/${power}/${rows}`)),
  ],
  run(task, mode) {
    const [kind, name, rows, seed] = task.split('/') as [string, string, string, string];
    return kind === 'null' ? runNull(Number(rows), Number(seed), mode) : runPower(name, Number(rows), mode);
  },
  tables(results, mode) {
    const nulls = (results as (NullFound | PowerFound)[]).filter((one): one is NullFound => 'pages' in one);
    const powers = (results as (NullFound | PowerFound)[]).filter((one): one is PowerFound => 'power' in one);
    return [
      {
        title: 'A whole service without drift',
        text: `${SUBJECTS.length} inputs x ${SEGMENTS.length} segments and the whole, two models with labels, windows of a minute over ${daysOf(mode)} days, ${SEEDS[mode.size]} seeds; references of ${REFERENCE} rows and ${LABELS} labels a segment. Pages in 30 days, against the budget.${daysOf(mode) >= 30 ? '' : FEW_DAYS}`,
        head: ['budget', 'rows a segment and window', 'days in all', 'false pages', 'in 30 days', 'allowed'],
        rows: Object.keys(BUDGETS).flatMap((budget) =>
          NULL_SIZES[mode.size].map((rows) => {
            const own = nulls.filter((one) => one.rows === rows);
            const days = own.reduce((sum, { windows }) => sum + windows, 0) / (24 * 60);
            const pages = own.reduce((sum, one) => sum + one.pages[budget]!, 0);
            const allowed = 30 / BUDGETS[budget]!;
            return [
              budget,
              String(rows),
              numberText(days),
              String(pages),
              numberText((30 * pages) / days),
              String(allowed),
            ];
          }),
        ),
      },
      {
        title: 'The same service, one change',
        text: `Budget 1 per 30d. Median of the windows from the change to the page, over ${POWER_SEEDS[mode.size]} seeds; right: the page leads with what has moved.`,
        head: ['change', ...SIZES.flatMap((rows) => [`delay, ${rows} rows`, 'missed', 'right'])],
        rows: Object.keys(POWER).map((power) => [
          power,
          ...SIZES.flatMap((rows) => {
            const own = powers.find((one) => one.power === power && one.rows === rows)!;
            const known = own.delays.flatMap((delay) => (delay === null ? [] : [delay]));
            const wanted = power.startsWith('errors') ? /^accuracy y|^concept_drift y/ : /^psi x0 /;
            const right = own.first.filter((name) => wanted.test(name)).length;
            return [
              numberText(median(known)),
              String(own.delays.length - known.length),
              `${right} of ${own.first.length}`,
            ];
          }),
        ]),
      },
    ];
  },
};
