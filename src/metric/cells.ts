/** A window's track and its baseline as two tables of counts over the same cells. */

import type { CategoricalState } from '../profile/categorical.ts';
import { countCells } from '../profile/cells.ts';
import type { TrackState } from '../profile/registry.ts';
import { bucketsOf } from '../profile/sketch.ts';
import type { CategoricalBaseline, NumericBaseline, TrackBaseline } from '../records.ts';
import { NO_BASELINE } from './metric.ts';

export interface CellCounts {
  /** What each cell holds, for people; MUST NOT be changed: `< 10`, `10..20`, `> 90`, `card`, `(other)`. */
  names: string[];
  /** Counts of the baseline; missing and invalid values are in no cell. */
  reference: number[];
  /** Counts of the window, in the same cells. */
  current: number[];
  /** Values of the window, the sum of its cells. */
  n: number;
}

/** Why a track has no cells, with the size of its sample. */
export interface NoCells {
  reason: string;
  n: number;
}

/** The cell of all categories that neither side knows by name. */
const OTHER = '(other)';

/**
 * Cells of a numeric track are those of its baseline: below its minimum, its quantile bins, above its maximum. Those of a
 * categorical one are the categories that either side knows, in their order, and last of all others. The order
 * is fixed, as the rounding of a sum depends on it. Null for tracks of other kinds.
 */
export function cellCounts(
  track: TrackState,
  baseline: TrackBaseline | undefined,
): CellCounts | NoCells | null {
  if (track.kind !== 'numeric' && track.kind !== 'categorical') return null;
  const { n } = track.state;
  if (baseline === undefined || baseline.type !== track.kind) return { reason: NO_BASELINE, n };
  if (n === 0) return { reason: 'no values', n };
  if (baseline.n === 0) return { reason: 'no values in the baseline', n };
  if (track.kind === 'categorical')
    return baseline.type === 'categorical' ? categoricalCells(track.state, baseline) : null;
  if (baseline.type !== 'numeric') return null;
  const current =
    baseline.cut === 'sketch' ? countCells(bucketsOf(track.state.sketch), baseline) : [...track.state.cells];
  // The window began before the baseline was given or changed.
  if (current.length !== baseline.counts.length) return { reason: 'counted for another baseline', n };
  return { names: namesOf(baseline), reference: baseline.counts, current, n };
}

/** A baseline lives as long as its configuration, and is asked for every window. */
const namesKnown = new WeakMap<NumericBaseline, string[]>();

function namesOf(baseline: NumericBaseline): string[] {
  let names = namesKnown.get(baseline);
  if (names !== undefined) return names;
  const borders = [baseline.min, ...baseline.edges, baseline.max].map((border) => String(border));
  names = [
    `< ${borders[0]}`,
    ...borders.slice(1).map((next, i) => `${borders[i]}..${next}`),
    `> ${borders.at(-1)}`,
  ];
  namesKnown.set(baseline, names);
  return names;
}

function categoricalCells(state: CategoricalState, baseline: CategoricalBaseline): CellCounts {
  const before = new Map(Object.entries(baseline.counts));
  const cells: CellCounts = { names: [], reference: [], current: [], n: state.n };
  let [referenceOther, currentOther] = [baseline.n, state.n];
  for (const category of [...new Set([...state.known.keys(), ...before.keys()])].sort()) {
    const was = before.get(category) ?? 0;
    const is = state.known.get(category) ?? state.unknown.get(category) ?? 0;
    cells.names.push(category);
    cells.reference.push(was);
    cells.current.push(is);
    referenceOther -= was;
    currentOther -= is;
  }
  cells.names.push(OTHER);
  cells.reference.push(referenceOther);
  cells.current.push(currentOther);
  return cells;
}
