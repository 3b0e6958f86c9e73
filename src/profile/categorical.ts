/**
 * Counts of categories. Bounded without depending on order: beyond the bound the categories with the
 * smallest hashes stay and the rest is counted as `other` (rule R13), so that the survivors of any merge
 * were survivors in every part and their counts are exact. Known categories (of the baseline or the
 * config) never leave.
 */

import { hash32 } from '../math/hash.ts';
import { CELL_MISSING, CELL_OK } from '../records.ts';
import type { ProfileKind } from './track.ts';

export interface CategoricalParameters {
  known: readonly string[];
  categoriesMax: number;
}

export interface CategoricalState {
  n: number;
  missing: number;
  invalid: number;
  /** Rows in categories that are not kept. */
  other: number;
  known: Map<string, number>;
  unknown: Map<string, number>;
  categoriesMax: number;
}

export const createCategorical = (parameters: CategoricalParameters): CategoricalState => ({
  n: 0,
  missing: 0,
  invalid: 0,
  other: 0,
  known: new Map(parameters.known.map((category) => [category, 0])),
  unknown: new Map(),
  categoriesMax: parameters.categoriesMax,
});

const before = (a: string, b: string): number => {
  const [ha, hb] = [hash32(a), hash32(b)];
  return ha !== hb ? ha - hb : a < b ? -1 : a > b ? 1 : 0;
};

function trim(state: CategoricalState): void {
  if (state.unknown.size <= state.categoriesMax) return;
  const ordered = [...state.unknown.keys()].sort(before);
  for (const category of ordered.slice(state.categoriesMax)) {
    state.other += state.unknown.get(category)!;
    state.unknown.delete(category);
  }
}

function add(state: CategoricalState, category: string, count: number): void {
  const known = state.known.get(category);
  if (known !== undefined) state.known.set(category, known + count);
  else state.unknown.set(category, (state.unknown.get(category) ?? 0) + count);
}

/** Folds rows of a dictionary-coded column; see updateNumeric for `rows`. */
export function updateCategorical(
  state: CategoricalState,
  codes: Int32Array,
  dictionary: readonly string[],
  states: Uint8Array,
  rows: Int32Array,
  count: number,
): void {
  const counts = new Int32Array(dictionary.length);
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const cellState = states[row]!;
    if (cellState === CELL_OK) counts[codes[row]!]!++;
    else if (cellState === CELL_MISSING) state.missing++;
    else state.invalid++;
  }
  for (let code = 0; code < counts.length; code++) {
    const found = counts[code]!;
    if (found === 0) continue;
    state.n += found;
    add(state, dictionary[code]!, found);
  }
  // With some room, so that a flood of new categories does not sort at every batch; pack trims the rest.
  if (state.unknown.size > 4 * state.categoriesMax) trim(state);
}

export const categorical: ProfileKind<CategoricalState> = {
  name: 'categorical',
  description: 'counts of known and of new categories, bounded by a hash of the category',
  merge(into, from) {
    into.n += from.n;
    into.missing += from.missing;
    into.invalid += from.invalid;
    into.other += from.other;
    for (const [category, count] of from.known) {
      if (!into.known.has(category)) {
        into.known.set(category, into.unknown.get(category) ?? 0);
        into.unknown.delete(category);
      }
      add(into, category, count);
    }
    for (const [category, count] of from.unknown) add(into, category, count);
    into.categoriesMax = Math.min(into.categoriesMax, from.categoriesMax);
    trim(into);
  },
  pack(state, out) {
    trim(state);
    for (const count of [state.n, state.missing, state.invalid, state.other, state.categoriesMax])
      out.uint(count);
    for (const counts of [state.known, state.unknown]) {
      out.uint(counts.size);
      for (const category of [...counts.keys()].sort()) {
        out.text(category);
        out.uint(counts.get(category)!);
      }
    }
  },
  unpack(from) {
    const [n, missing, invalid, other] = [from.uint(), from.uint(), from.uint(), from.uint()];
    const categoriesMax = from.uint();
    const [known, unknown] = [new Map<string, number>(), new Map<string, number>()];
    for (const counts of [known, unknown]) {
      for (let left = from.count(2); left > 0; left--) counts.set(from.text(), from.uint());
    }
    return { n, missing, invalid, other, known, unknown, categoriesMax };
  },
};
