/** What the windows of a service are compared with: its baseline file, and what the judge has learned. */

import { NO_BASELINE } from '../metric/metric.ts';
import {
  fileReference,
  type Layer,
  layered,
  layerOfFile,
  layerOfPart,
  layerOfStates,
} from '../metric/reference.ts';
import type { Reference } from '../metric/registry.ts';
import { stateOfOwnText } from '../profile/baseline/states.ts';
import type { TrackState } from '../profile/registry.ts';
import type { LearnSpec, ServiceSpec } from '../records.ts';
import { mergedOrNewer } from './blocks.ts';
import {
  blockSize,
  type GroupReferences,
  hourOf,
  isLearnt,
  isOther,
  type Learned,
  partOf,
  type References,
  wholeBlocks,
  windowsOf,
} from './learned.ts';
import type { SourceGroup } from './messages.ts';

/** Merged states of what was learned, made when asked for; a restored judge makes the same ones again. */
const merged = new WeakMap<Learned, { version: number; states: Map<string, TrackState | null> }>();

function learnedState(learned: Learned, learn: LearnSpec, key: string): TrackState | undefined {
  let memo = merged.get(learned);
  if (memo === undefined || memo.version !== learned.version) {
    memo = { version: learned.version, states: new Map() };
    merged.set(learned, memo);
  }
  let state = memo.states.get(key);
  if (state === undefined) {
    state = null;
    for (const { states } of wholeBlocks(learned, learn)) {
      const text = states !== null && Object.hasOwn(states, key) ? states[key] : undefined;
      if (text === undefined) continue;
      const own = stateOfOwnText(text);
      state = state === null ? own : mergedOrNewer(state, own);
    }
    memo.states.set(key, state);
  }
  return state ?? undefined;
}

/** What was learned for a window, or why it cannot be used. */
function learnedLayer(
  own: GroupReferences | undefined,
  spec: ServiceSpec,
  learn: LearnSpec,
  segment: string,
  endMs: number,
): Layer | string {
  if (isOther(segment)) return NO_BASELINE;
  if (!isLearnt(own, segment)) return 'no baseline: baseline.learn.bytes_max is reached';
  const learned = own?.segments[segment]?.[partOf(spec, endMs)];
  const found = learned === undefined ? 0 : windowsOf(learned);
  const needed = learn.kind === 'first' ? learn.windows : blockSize(learn);
  if (learned !== undefined && found >= needed)
    return layerOfStates((key) => learnedState(learned, learn, key));
  const hour = spec.season === undefined ? '' : ' of this hour';
  return `baseline is being learned (${found} of ${needed} windows${hour})`;
}

/** What the file says of the very segment, or hour of the whole traffic. */
function fileLayer({ baseline, season }: ServiceSpec, segment: string, startMs: number): Layer | null {
  if (baseline === null) return null;
  if (season !== undefined && baseline.season !== undefined) {
    const { parts } = baseline.season;
    const hour = String(hourOf(season, startMs));
    return segment === '*' && Object.hasOwn(parts, hour) ? layerOfPart(parts[hour]!) : null;
  }
  if (segment === '*') return layerOfFile(baseline);
  const segments = baseline.segments ?? {};
  return Object.hasOwn(segments, segment) ? layerOfPart(segments[segment]!) : null;
}

/** The reference of the window of a segment and source group that ends at `endMs`. */
export function referenceOf(
  references: References,
  spec: ServiceSpec,
  group: SourceGroup,
  segment: string,
  endMs: number,
): Reference {
  const { learn, season, baseline } = spec;
  if (learn === undefined && season === undefined) return fileReference(spec, segment);
  const startMs = endMs - spec.windows.sizeMs;
  const file = fileLayer(spec, segment, startMs);
  const layers = file === null ? [] : [file];
  let source: Reference['source'] = file === null ? 'none' : season === undefined ? 'file' : 'seasonal';
  if (learn !== undefined) {
    const learned = learnedLayer(references.groups[group], spec, learn, segment, endMs);
    const isReady = typeof learned !== 'string';
    if (isReady) layers.push(learned);
    if (file === null && isReady) source = season === undefined ? learn.kind : 'seasonal';
    return layered(layers, { isOwn: true, source, absence: isReady ? NO_BASELINE : learned });
  }
  const whole = file === null && segment !== '*' ? fileLayer(spec, '*', startMs) : null;
  if (whole !== null) return layered([whole], { isOwn: false, source: 'seasonal', absence: NO_BASELINE });
  const absence = baseline === null || file !== null ? NO_BASELINE : 'no baseline for this hour';
  return layered(layers, { isOwn: segment === '*', source, absence });
}
