/** Which tracks an input is profiled as, and the parameters of their states. */

import { IMAGE_MEASURES, type InputSpec, type ServiceSpec, type TrackBaseline } from '../records.ts';
import type { CategoricalParameters } from './categorical.ts';
import type { NumericParameters } from './numeric.ts';

/** The series that are measured of one input, in the order in which they are reported. */
export function tracksOfInput(input: InputSpec): { track: string; kind: 'numeric' | 'categorical' }[] {
  switch (input.type) {
    case 'numeric':
    case 'categorical':
      return [{ track: input.name, kind: input.type }];
    case 'text':
      return [{ track: `${input.name}.length`, kind: 'numeric' }];
    case 'embedding':
      return [{ track: `${input.name}.norm`, kind: 'numeric' }];
    case 'image':
      return IMAGE_MEASURES.map((name) => ({ track: `${input.name}.${name}`, kind: 'numeric' }));
  }
}

/** The service's baseline of a track, undefined where there is none. */
export function baselineOf(spec: ServiceSpec, track: string): TrackBaseline | undefined {
  const tracks = spec.baseline?.tracks;
  // A track may have the name of something that every object inherits.
  return tracks !== undefined && Object.hasOwn(tracks, track) ? tracks[track] : undefined;
}

/** Cells of the track's baseline, and the allowed range where the track is a numeric input itself. */
export function numericParametersOf(spec: ServiceSpec, track: string): NumericParameters {
  const baseline = baselineOf(spec, track);
  const input = spec.inputs.find(({ name, type }) => name === track && type === 'numeric');
  const [low, high] = input?.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const borders = baseline?.type === 'numeric' ? [baseline.min, ...baseline.edges, baseline.max] : [];
  return { borders: Float64Array.from(borders), low, high };
}

/** The categories that are never dropped: the declared ones and those of the baseline. */
export function categoricalParametersOf(spec: ServiceSpec, track: string): CategoricalParameters {
  const baseline = baselineOf(spec, track);
  const input = spec.inputs.find(({ name }) => name === track);
  const seen = baseline?.type === 'categorical' ? Object.keys(baseline.counts) : [];
  return {
    known: [...new Set([...(input?.categories ?? []), ...seen])],
    categoriesMax: spec.limits.categoriesMax,
  };
}
