/** References of a service's cells. */

import { baselineOfState, stateOfText } from '../profile/baseline/states.ts';
import type { TrackState } from '../profile/registry.ts';
import { keyText } from '../profile/track.ts';
import type { Baseline, BaselinePart, ServiceSpec, TrackBaseline } from '../records.ts';
import { NO_BASELINE, type Reference } from './metric.ts';

/** Something that knows the reference of some tracks. */
export type Layer = Pick<Reference, 'baseline' | 'state'>;

/** What was unpacked of a table of states; a configuration lives long and is asked often. */
const unpacked = new WeakMap<object, Map<string, TrackState>>();

function stateIn(texts: Readonly<Record<string, string>>, key: string): TrackState | undefined {
  if (!Object.hasOwn(texts, key)) return undefined;
  let states = unpacked.get(texts);
  if (states === undefined) {
    states = new Map();
    unpacked.set(texts, states);
  }
  let state = states.get(key);
  if (state === undefined) {
    state = stateOfText(texts[key]!);
    states.set(key, state);
  }
  return state;
}

const derived = new WeakMap<TrackState, TrackBaseline>();

/** The distribution that a state tells; undefined where there is no state, no value in it, or it is of another kind. */
export function distributionOf(state: TrackState | undefined): TrackBaseline | undefined {
  if (state === undefined) return undefined;
  let baseline = derived.get(state);
  if (baseline === undefined) {
    baseline = baselineOfState(state);
    if (baseline !== undefined) derived.set(state, baseline);
  }
  return baseline;
}

/** The layer of states by key text: the distribution of an input is told by its state. */
export const layerOfStates = (state: (key: string) => TrackState | undefined): Layer => ({
  state,
  baseline: (track) => distributionOf(state(keyText({ role: 'input', model: '', subject: track }))),
});

export const layerOfPart = ({ states }: BaselinePart): Layer => layerOfStates((key) => stateIn(states, key));

/** The whole traffic of a baseline file. */
export const layerOfFile = ({ tracks, states = {} }: Baseline): Layer => ({
  state: (key) => stateIn(states, key),
  // A track may have the name of something that every object inherits.
  baseline: (track) => (Object.hasOwn(tracks, track) ? tracks[track] : undefined),
});

/** The first layer that knows a track is asked. */
export const layered = (
  layers: readonly Layer[],
  about: Omit<Reference, 'baseline' | 'state'>,
): Reference => ({
  ...about,
  state(key) {
    for (const layer of layers) {
      const found = layer.state(key);
      if (found !== undefined) return found;
    }
    return undefined;
  },
  baseline(track) {
    for (const layer of layers) {
      const found = layer.baseline(track);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});

/** The baseline file of the service: its part of the segment, or the whole traffic where it has none. */
export function fileReference({ baseline }: ServiceSpec, segment = '*'): Reference {
  const isWhole = segment === '*';
  if (baseline === null) return layered([], { isOwn: isWhole, source: 'none', absence: NO_BASELINE });
  const own = baseline.segments ?? {};
  if (!isWhole && Object.hasOwn(own, segment))
    return layered([layerOfPart(own[segment]!)], { isOwn: true, source: 'file', absence: NO_BASELINE });
  return layered([layerOfFile(baseline)], { isOwn: isWhole, source: 'file', absence: NO_BASELINE });
}
