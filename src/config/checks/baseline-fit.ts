import type { Baseline, Season, TrackBaseline } from '../../records.ts';
import { CURE, type ReadBaseline } from '../baseline-file.ts';
import type { Report } from '../document.ts';
import type { InputShape, OutputShape } from '../model-shape.ts';
import { tracksOf } from '../tracks.ts';
import type { Path, StateFacts } from '../types.ts';
import type { View } from '../view.ts';

/** How a misfit is told. */
export interface Telling {
  report: Report;
  /** Where the file is named. */
  at: Path;
  say(message: string): void;
}

/** Whether a baseline is of this service, its inputs, outputs, models, segments and season. */
export function checkFit({ baseline, whole, parts }: ReadBaseline, view: View, telling: Telling): void {
  if (view.service !== '' && baseline.service !== view.service)
    telling.say(`is of the service '${baseline.service}', this is '${view.service}'; name its own file`);
  checkTracks(baseline, view, telling);
  for (const [key, facts] of whole) checkState(`states["${key}"]`, facts, view, telling);
  for (const [place, states] of parts)
    for (const [key, facts] of states) checkState(`${place}.states["${key}"]`, facts, view, telling);
  checkSegments(baseline, view, telling);
  checkSeason(baseline, view, telling);
}

function checkTracks(baseline: Baseline, view: View, { say }: Telling): void {
  const missing: string[] = [];
  for (const [name, input] of view.inputs) {
    if (input === null) continue;
    for (const { track, type } of tracksOf(name, input.type)) {
      const found = Object.hasOwn(baseline.tracks, track) ? baseline.tracks[track] : undefined;
      if (found === undefined) missing.push(track);
      else if (found.type !== type) say(`has '${track}' as ${found.type}, but the input is ${type}; ${CURE}`);
      else checkCategories(track, found, input, say);
    }
  }
  // What the file does not know is learned.
  if (missing.length === 0 || view.baseline?.learn !== undefined) return;
  const theirs = Object.keys(baseline.tracks).join(', ') || 'none';
  say(`has no track ${missing.map((track) => `'${track}'`).join(', ')}; it has ${theirs}; ${CURE}`);
}

function checkCategories(track: string, found: TrackBaseline, input: InputShape, say: Telling['say']): void {
  if (found.type !== 'categorical' || input.type !== 'categorical' || input.categories === undefined) return;
  const declared = new Set(input.categories);
  const unknown = input.categories.filter((category) => !Object.hasOwn(found.counts, category));
  // Rows may hold others; one without a row was declared when the file was built.
  const gone = Object.keys(found.counts).filter(
    (category) => found.counts[category] === 0 && !declared.has(category),
  );
  if (unknown.length > 0)
    say(`was built before '${track}' had the categories ${unknown.join(', ')}; ${CURE}`);
  if (gone.length > 0)
    say(`was built when '${track}' had the categories ${gone.join(', ')}, which are not declared; ${CURE}`);
}

/** Answers of the system that is watched, where no model of ours gives them. */
const EXTERNAL = 'external';

function checkState(place: string, facts: StateFacts, view: View, { say }: Telling): void {
  if (facts.model === '') return;
  const models: (string | null)[] = [...view.modelNames];
  if (view.streams.has('predictions')) models.push(EXTERNAL);
  if (!models.includes(facts.model) && !models.includes(null)) {
    const names = models.join(', ') || 'none';
    say(`has ${place} of the model '${facts.model}'; the service has ${names}; ${CURE}`);
    return;
  }
  // Behind # stands what of the output is kept.
  const name = facts.subject.replace(/#.*$/, '');
  const output = view.outputs.get(name);
  if (output === undefined && name !== '') {
    const names = [...view.outputs.keys()].join(', ') || 'none';
    say(`has ${place} of the output '${name}'; the service has ${names}; ${CURE}`);
  } else if (output) checkClasses(place, facts, output, say);
}

function checkClasses(place: string, facts: StateFacts, output: OutputShape, say: Telling['say']): void {
  const classes = 'classes' in output ? output.classes : [];
  if (facts.classes !== null && facts.classes !== classes.length)
    say(`has ${place} of ${facts.classes} classes; the output has ${classes.length}; ${CURE}`);
  if (facts.role !== 'class' || facts.known === null) return;
  const theirs = facts.known.map(([name]) => name);
  if (theirs.length === classes.length && theirs.every((name) => classes.includes(name))) return;
  say(`has ${place} of the classes ${theirs.join(', ')}; the output has ${classes.join(', ')}; ${CURE}`);
}

/** Whether a segment is of inputs that the service is segmented by: `country=de,channel=card`. */
function isSegmentOf(names: readonly string[], segment: string): boolean {
  const [first, second] = names;
  if (!segment.startsWith(`${first}=`)) return false;
  return second === undefined || segment.includes(`,${second}=`);
}

function checkSegments({ segments = {} }: Baseline, view: View, { say }: Telling): void {
  const declared = view.segments;
  if (declared === null) return;
  const strange = Object.keys(segments).filter(
    (segment) => !declared.some((names) => isSegmentOf(names, segment)),
  );
  if (strange.length === 0) return;
  const theirs = declared.map((names) => names.join(',')).join('; ') || 'none';
  say(`has the segment '${strange[0]}', but the service has segments by ${theirs}; ${CURE}`);
}

const PARTS_OF: Record<Season, number> = { hour_of_day: 24, hour_of_week: 168 };

function checkSeason({ season }: Baseline, view: View, { report, at, say }: Telling): void {
  const wanted = view.baseline?.season;
  if (season !== undefined) {
    const strange = Object.keys(season.parts).find((part) => Number(part) >= PARTS_OF[season.of]);
    if (strange !== undefined) say(`has a part ${strange} of season ${season.of}; ${CURE}`);
  }
  if (wanted === season?.of) return;
  if (wanted !== undefined) {
    const theirs = season === undefined ? 'not seasonal' : season.of;
    report(['baseline', 'season'], {
      message: `found ${wanted}, but the file is ${theirs}; build it again with \`telltale baseline build --season ${wanted}\`, or leave season away`,
    });
    return;
  }
  report(at, { message: `the file is seasonal; write baseline: { file: ..., season: ${season!.of} }` });
}
