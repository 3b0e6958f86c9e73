import { messageOf } from '../../errors.ts';
import type { Baseline, BaselinePart, TrackBaseline } from '../../records.ts';
import { baselineFileShape, type TrackShape } from '../baseline-shape.ts';
import type { Report } from '../document.ts';
import type { Path, Registries, StateFacts } from '../types.ts';
import type { View } from '../view.ts';
import { keyOf } from '../words.ts';
import { CURE, checkFit, type Facts, type Read } from './baseline-fit.ts';
import { checkLearning } from './baseline-learning.ts';
import type { Files } from './streams.ts';

/** The configuration goes through the log as one record, of which a broker takes 1 MB. */
const BYTES_MAX = 700_000;

/**
 * Reads the baseline that the service names and checks that it is of this service, its inputs, outputs, models,
 * segments and season. Tracks of inputs that are gone are let pass.
 */
export function checkBaseline(
  view: View,
  files: Files,
  registries: Registries,
  report: Report,
): Baseline | null {
  const { baseline: wanted } = view;
  if (wanted === null) return null;
  checkLearning(view, report);
  if (wanted.file === undefined) return null;
  const at: Path = view.isBaselineText ? ['baseline'] : ['baseline', 'file'];
  const read = readBaseline(wanted.file, at, { files, readState: registries.readState ?? noReader, report });
  if (read === null) return null;
  const { file } = wanted;
  checkFit(read, view, { report, at, say: (message) => report(at, { message: `'${file}' ${message}` }) });
  return read.baseline;
}

interface Around {
  files: Files;
  readState: NonNullable<Registries['readState']>;
  report: Report;
}

const noReader = (): never => {
  throw new Error('states cannot be read here');
};

function readBaseline(file: string, at: Path, { files, readState, report }: Around): Read | null {
  const refuse = (message: string): null => {
    report(at, { message });
    return null;
  };
  const text = files.read(files.resolve(file));
  if (text === null) return refuse(`no such file: '${file}' (paths are relative to the service file)`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(`'${file}' is not JSON: ${messageOf(error)}`);
  }
  const parsed = baselineFileShape.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = keyOf(issue.path as (string | number)[]);
    return refuse(`'${file}' is not a baseline: ${key === '' ? 'top' : key}: ${issue.message}; ${CURE}`);
  }
  const { tracks, ...rest } = parsed.data;
  const size = JSON.stringify(rest).length + JSON.stringify(tracks).length;
  if (size > BYTES_MAX) {
    return refuse(
      `'${file}' has ${size} bytes, allowed: ${BYTES_MAX}; build it without --segments or --season, or for fewer segments`,
    );
  }
  let sound = true;
  const factsOf = (states: BaselinePart['states'] | undefined, where: string): Facts => {
    const facts = new Map<string, StateFacts>();
    for (const [key, packed] of Object.entries(states ?? {})) {
      try {
        facts.set(key, readState(key, packed));
      } catch (error) {
        sound = false;
        refuse(`'${file}' has no readable state at ${where}states["${key}"]: ${messageOf(error)}; ${CURE}`);
      }
    }
    return facts;
  };
  const whole = factsOf(rest.states, '');
  const parts = new Map<string, Facts>();
  for (const [name, part] of Object.entries(rest.segments ?? {}))
    parts.set(`segments["${name}"]`, factsOf(part.states, `segments["${name}"].`));
  for (const [name, part] of Object.entries(rest.season?.parts ?? {}))
    parts.set(`season.parts["${name}"]`, factsOf(part.states, `season.parts["${name}"].`));
  const filled: Record<string, TrackBaseline> = {};
  for (const [name, track] of Object.entries(tracks)) {
    const found = withSketch(track, whole.get(`input//${name}`));
    if (typeof found === 'string') {
      sound = false;
      refuse(`'${file}' is not whole: tracks.${name} ${found}; ${CURE}`);
    } else filled[name] = found;
  }
  return sound ? { baseline: { ...rest, tracks: filled }, whole, parts } : null;
}

/** Of the second format the sketch stands in the state of the track; or what is wrong. */
function withSketch(track: TrackShape, facts: StateFacts | undefined): TrackBaseline | string {
  if (facts !== undefined && facts.n !== track.n)
    return `has ${track.n} values and its state ${facts.n}; was it edited?`;
  if (track.type !== 'numeric') return track;
  const sketch = track.sketch ?? facts?.sketch ?? null;
  return sketch === null ? 'has neither a sketch nor a state' : { ...track, sketch };
}
