/** Drift detection by McDiarmid's bound on exponentially weighted averages. */

import { type DetectorKind, type Options, restart, unitOf } from './detector.ts';
import { HDDM_OPTIONS } from './hddm-a.ts';

/** A weighted average and the sum of its squared weights, by which the bound is computed. */
type Weighted = { mean: number; squares: number; started: boolean };

export interface HddmWState {
  total: Weighted;
  /** Up to and after the cut where the upper bound of the average was lowest; null: no cut yet. */
  upCut: number | null;
  upBefore: Weighted;
  upAfter: Weighted;
  downCut: number | null;
  downBefore: Weighted;
  downAfter: Weighted;
}

const createWeighted = (): Weighted => ({ mean: 0, squares: 1, started: false });

function add(sample: Weighted, x: number, lambda: number): void {
  if (!sample.started) {
    sample.mean = x;
    sample.squares = 1;
    sample.started = true;
    return;
  }
  sample.mean = lambda * x + (1 - lambda) * sample.mean;
  sample.squares = lambda * lambda + (1 - lambda) * (1 - lambda) * sample.squares;
}

const mcdiarmid = (squares: number, delta: number): number => Math.sqrt((squares * Math.log(1 / delta)) / 2);

const rose = (before: Weighted, after: Weighted, delta: number): boolean =>
  before.started &&
  after.started &&
  after.mean - before.mean > mcdiarmid(before.squares + after.squares, delta);

function moveCuts(state: HddmWState, x: number, options: Options): void {
  const bound = mcdiarmid(state.total.squares, options.drift!);
  if (state.upCut === null || state.total.mean + bound < state.upCut) {
    state.upCut = state.total.mean + bound;
    state.upBefore = { ...state.total };
    state.upAfter = createWeighted();
  } else add(state.upAfter, x, options.lambda!);
  if (state.downCut === null || state.total.mean - bound > state.downCut) {
    state.downCut = state.total.mean - bound;
    state.downBefore = { ...state.total };
    state.downAfter = createWeighted();
  } else add(state.downAfter, x, options.lambda!);
}

export const HDDM_W: DetectorKind<HddmWState> = {
  name: 'hddm_w',
  title: 'HDDM-W',
  description: "The weighted average after a cut exceeds the one before it by more than McDiarmid's bound.",
  paper:
    "I. Frias-Blanco et al. 2014, Online and non-parametric drift detection methods based on Hoeffding's bounds, IEEE TKDE 27",
  input: 'unit',
  options: {
    ...HDDM_OPTIONS,
    lambda: { default: 0.05, description: 'weight of the newest value', min: 1e-6, max: 1 },
  },
  create: () => ({
    total: createWeighted(),
    upCut: null,
    upBefore: createWeighted(),
    upAfter: createWeighted(),
    downCut: null,
    downBefore: createWeighted(),
    downAfter: createWeighted(),
  }),
  step(state, options, value) {
    const x = unitOf(value);
    add(state.total, x, options.lambda!);
    moveCuts(state, x, options);
    const both = options.direction === 0;
    const at = (delta: number): boolean =>
      rose(state.upBefore, state.upAfter, delta) || (both && rose(state.downAfter, state.downBefore, delta));
    if (at(options.drift!)) return restart(HDDM_W, state, options);
    return at(options.warning!) ? 'warning' : 'none';
  },
};
