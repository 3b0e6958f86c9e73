import { messageOf } from '../errors.ts';
import type { Baseline, BaselinePart, TrackBaseline } from '../records.ts';
import { baselineFileShape, type TrackShape } from './baseline-shape.ts';
import type { Registries, StateFacts } from './types.ts';
import { keyOf } from './words.ts';

export const CURE = 'build it again with `telltale baseline build`';

/** What was read of the states of a part, by key text. */
export type Facts = ReadonlyMap<string, StateFacts>;

/** A baseline with the facts of its states: of the whole traffic, and by the place of each other part. */
export interface ReadBaseline {
  baseline: Baseline;
  whole: Facts;
  parts: ReadonlyMap<string, Facts>;
}

/** The configuration goes through the log as one record, of which a broker takes 1 MB. */
export const BASELINE_BYTES_MAX = 700_000;

const noReader = (): never => {
  throw new Error('states cannot be read here');
};

/**
 * Reads the text of a baseline file of either format.
 *
 * @returns the baseline, with the sketch of each numeric track; or all faults, each to be put behind the file's name
 */
export function parseBaseline(
  text: string,
  readState: Registries['readState'] = noReader,
  bytesMax = BASELINE_BYTES_MAX,
): ReadBaseline | { faults: string[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { faults: [`is not JSON: ${messageOf(error)}`] };
  }
  const parsed = baselineFileShape.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = keyOf(issue.path as (string | number)[]);
    return { faults: [`is not a baseline: ${key === '' ? 'top' : key}: ${issue.message}; ${CURE}`] };
  }
  const { tracks, ...rest } = parsed.data;
  const size = JSON.stringify(parsed.data).length;
  if (size > bytesMax) {
    const cure = 'build it without --segments or --season, or for fewer segments';
    return { faults: [`has ${size} bytes, allowed: ${bytesMax}; ${cure}`] };
  }
  const faults: string[] = [];
  const factsOf = (states: BaselinePart['states'] | undefined, place: string): Facts => {
    const facts = new Map<string, StateFacts>();
    for (const [key, packed] of Object.entries(states ?? {})) {
      try {
        facts.set(key, readState(key, packed));
      } catch (error) {
        faults.push(`has no readable state at ${place}states["${key}"]: ${messageOf(error)}; ${CURE}`);
      }
    }
    return facts;
  };
  const whole = factsOf(rest.states, '');
  const parts = new Map<string, Facts>();
  const partsOf = (found: Record<string, BaselinePart> | undefined, list: string): void => {
    for (const [name, { states }] of Object.entries(found ?? {})) {
      const place = `${list}["${name}"]`;
      parts.set(place, factsOf(states, `${place}.`));
    }
  };
  partsOf(rest.segments, 'segments');
  partsOf(rest.season?.parts, 'season.parts');
  const filled: Record<string, TrackBaseline> = {};
  for (const [name, track] of Object.entries(tracks)) {
    const found = withSketch(track, whole.get(`input//${name}`));
    if (typeof found === 'string') faults.push(`is not whole: tracks.${name} ${found}; ${CURE}`);
    else filled[name] = found;
  }
  return faults.length > 0 ? { faults } : { baseline: { ...rest, tracks: filled }, whole, parts };
}

/** Of the second format the sketch stands in the state of the track; or what is wrong. */
function withSketch(track: TrackShape, facts: StateFacts | undefined): TrackBaseline | string {
  if (facts !== undefined && facts.n !== track.n)
    return `has ${track.n} values and its state ${facts.n}; was it edited?`;
  if (track.type !== 'numeric') return track;
  const sketch = track.sketch ?? facts?.sketch ?? null;
  return sketch === null ? 'has neither a sketch nor a state' : { ...track, sketch };
}
