/** Named whole-number counts, such as rows, late rows, clicks or matched boxes. */

import type { ProfileKind } from './track.ts';

export type Counters = Map<string, number>;

export const count = (state: Counters, name: string, by: number): void => {
  if (by !== 0) state.set(name, (state.get(name) ?? 0) + by);
};

export const counters: ProfileKind<Counters> = {
  name: 'counters',
  description: 'named counts',
  merge(into, from) {
    for (const [name, by] of from) count(into, name, by);
  },
  pack(state, out) {
    out.uint(state.size);
    for (const name of [...state.keys()].sort()) {
      out.text(name);
      out.uint(state.get(name)!);
    }
  },
  unpack(from) {
    const state: Counters = new Map();
    for (let left = from.count(2); left > 0; left--) state.set(from.text(), from.uint());
    return state;
  },
};
