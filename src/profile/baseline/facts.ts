/** What can be checked of a packed state without knowing its kind. */

import { assert } from '../../errors.ts';
import { bucketsOf } from '../sketch.ts';
import { keyOf, keyText, TRACK_ROLES, type TrackKey } from '../track.ts';
import { stateOfText } from './states.ts';

export interface StateFacts extends TrackKey {
  kind: string;
  /** Values or rows; null: the kind does not count them. */
  n: number | null;
  /** Size of a table or set of classes; null: it has none. */
  classes: number | null;
  /** Categories that are never dropped; null: none are known by name. */
  known: [category: string, count: number][] | null;
  /** Quantile sketch as pairs; null: it has none. */
  sketch: [number, number][] | null;
}

/**
 * @param key key text of the track
 * @param text as `textOfState` makes it
 * @throws Error with what is wrong with either
 */
export function factsOfState(key: string, text: string): StateFacts {
  const { role, model, subject } = keyOf(key);
  const isKey = TRACK_ROLES.includes(role) && keyText({ role, model, subject }) === key;
  assert(isKey, 'the key begins with a known role, as in input//amount');
  const { kind, state } = stateOfText(text);
  const has = <K extends string>(name: K): boolean => name in state;
  const sized = state as { n?: unknown; classes?: unknown };
  return {
    role,
    model,
    subject,
    kind,
    n: has('n') && typeof sized.n === 'number' ? sized.n : null,
    classes: typeof sized.classes === 'number' ? sized.classes : null,
    known: kind === 'categorical' && state.known.size > 0 ? [...state.known] : null,
    sketch: kind === 'numeric' ? bucketsOf(state.sketch) : null,
  };
}
