/** Baselines of parts of the reference data as one: the bits do not depend on how the data were split. */

import { assert, TelltaleError } from '../../errors.ts';
import type { Baseline, BaselinePart, NumericBaseline, TrackBaseline } from '../../records.ts';
import { addUp, mergeTracks, type Tracks } from '../registry.ts';
import { keyText } from '../track.ts';
import { baselineOfState, categoricalBaselineOf, countedOver, stateOfText, textOfState } from './states.ts';

type Part = Pick<BaselinePart, 'n' | 'states'>;

/** @param left gets the keys of states that are of other parameters in each part, such as of other means; they do not add up */
function mergeParts(parts: readonly Part[], left: Set<string>): Part {
  const merged: Tracks = new Map();
  let n = 0;
  for (const part of parts) {
    n += part.n;
    for (const [key, text] of Object.entries(part.states)) {
      const state = stateOfText(text);
      const own = merged.get(key);
      if (own === undefined || addUp(own, state)) mergeTracks(merged, new Map([[key, state]]));
      else left.add(key);
    }
  }
  for (const key of left) merged.delete(key);
  const keys = [...merged.keys()].sort();
  return { n, states: Object.fromEntries(keys.map((key) => [key, textOfState(merged.get(key)!)])) };
}

function mergeByName(
  lists: readonly (Record<string, BaselinePart> | undefined)[],
  left: Set<string>,
): Record<string, BaselinePart> {
  const names = new Set(lists.flatMap((list) => Object.keys(list ?? {})));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      mergeParts(
        lists.flatMap((list) => (list !== undefined && Object.hasOwn(list, name) ? [list[name]!] : [])),
        left,
      ),
    ]),
  );
}

const bordersOf = ({ min, edges, max, cut }: NumericBaseline): string =>
  JSON.stringify([min, edges, max, cut ?? 'values']);

/** Counts are added up where the cells are the same; otherwise the cells are cut anew, from the sketch. */
function mergeTrack(
  name: string,
  found: readonly TrackBaseline[],
  states: Part['states'],
): {
  track: TrackBaseline;
  isRecut: boolean;
} {
  const state = stateOfText(states[keyText({ role: 'input', model: '', subject: name })]!);
  if (state.kind === 'categorical') return { track: categoricalBaselineOf(state.state), isRecut: false };
  const numeric = found.filter((track) => track.type === 'numeric');
  const [first] = numeric;
  assert(state.kind === 'numeric' && first !== undefined, `${name} is a numeric track`);
  if (numeric.every((track) => bordersOf(track) === bordersOf(first))) {
    const counts = first.counts.map((_, i) => numeric.reduce((sum, track) => sum + track.counts[i]!, 0));
    return { track: countedOver(state.state, first, counts), isRecut: false };
  }
  return { track: baselineOfState(state)!, isRecut: true };
}

const refuse = (message: string): never => {
  throw new TelltaleError('baseline_invalid', message);
};

/** What makes files no parts of one baseline. */
function checkParts(parts: readonly Baseline[]): void {
  const [first] = parts;
  assert(first !== undefined, 'there is something to merge');
  for (const part of parts) {
    if (part.service !== first.service)
      refuse(
        `one baseline is of '${first.service}', another of '${part.service}'; merge those of one service`,
      );
    if (part.season?.of !== first.season?.of)
      refuse(
        'one baseline is seasonal and another is not, or by other hours; build all with the same --season',
      );
    for (const [name, track] of Object.entries(part.tracks)) {
      const key = keyText({ role: 'input', model: '', subject: name });
      if (!Object.hasOwn(part.states ?? {}, key))
        refuse(`a baseline has no state of '${name}', as files of telltale-baseline/1; build it again`);
      const other = Object.hasOwn(first.tracks, name) ? first.tracks[name] : undefined;
      if (other !== undefined && other.type !== track.type)
        refuse(`'${name}' is ${other.type} in one baseline and ${track.type} in another; build them again`);
    }
  }
}

export interface Merged {
  baseline: Baseline;
  /** Tracks whose cells differed and were cut anew. */
  recut: string[];
  /** Keys of states that do not add up and were left out. */
  left: string[];
}

/**
 * @param parts of the same service, with states
 * @throws TelltaleError baseline_invalid where the parts do not belong together
 */
export function mergeBaselines(parts: readonly Baseline[]): Merged {
  checkParts(parts);
  const { service, season } = parts[0]!;
  const left = new Set<string>();
  const { n, states } = mergeParts(
    parts.map((part) => ({ n: part.n, states: part.states ?? {} })),
    left,
  );
  const names = [...new Set(parts.flatMap(({ tracks }) => Object.keys(tracks)))];
  const recut: string[] = [];
  const tracks = names.map((name): [string, TrackBaseline] => {
    const found = parts.flatMap((part) => (Object.hasOwn(part.tracks, name) ? [part.tracks[name]!] : []));
    const { track, isRecut } = mergeTrack(name, found, states);
    if (isRecut) recut.push(name);
    return [name, track];
  });
  const segments = mergeByName(
    parts.map((part) => part.segments),
    left,
  );
  const seasons = mergeByName(
    parts.map((part) => part.season?.parts),
    left,
  );
  return {
    recut,
    left: [...left].sort(),
    baseline: {
      format: 'telltale-baseline/2',
      service,
      n,
      tracks: Object.fromEntries(tracks),
      states,
      ...(Object.keys(segments).length === 0 ? {} : { segments }),
      ...(season === undefined ? {} : { season: { of: season.of, parts: seasons } }),
    },
  };
}
