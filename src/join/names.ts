/** Lists of names that many rows share, such as the segments of a request, as small numbers; forgotten with their last row. */

import { assert } from '../errors.ts';

export interface Names {
  byText: Map<string, number>;
  /** By number; null: free. */
  lists: (string[] | null)[];
  uses: number[];
  free: number[];
}

export const createNames = (): Names => ({ byText: new Map(), lists: [], uses: [], free: [] });

/** JSON, since any character may stand in a name. */
const textOf = (list: readonly string[]): string => JSON.stringify(list);

/** The number of a list, with one more use. */
export function useNames(names: Names, list: readonly string[]): number {
  const text = textOf(list);
  let index = names.byText.get(text);
  if (index === undefined) {
    index = names.free.pop() ?? names.lists.length;
    names.byText.set(text, index);
    names.lists[index] = [...list];
    names.uses[index] = 0;
  }
  names.uses[index]!++;
  return index;
}

export function namesOf(names: Names, index: number): readonly string[] {
  const list = names.lists[index];
  assert(list, 'a list that is used is known');
  return list;
}

/** One use less. */
export function releaseNames(names: Names, index: number): void {
  if (--names.uses[index]! > 0) return;
  names.byText.delete(textOf(namesOf(names, index)));
  names.lists[index] = null;
  names.free.push(index);
}
