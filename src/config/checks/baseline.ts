import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import type { Baseline } from '../../records.ts';
import type { Report } from '../document.ts';
import { tracksOf } from '../tracks.ts';
import type { View } from '../view.ts';
import { keyOf } from '../words.ts';
import type { Files } from './streams.ts';

const count = z.int().min(0);
const trackShape = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('numeric'),
      n: count,
      missing: count,
      invalid: count,
      mean: z.number(),
      std: z.number().min(0),
      min: z.number(),
      max: z.number(),
      edges: z
        .array(z.number())
        .refine(
          (edges) => edges.every((edge, i) => i === 0 || edge > edges[i - 1]!),
          'edges that rise strictly',
        ),
      counts: z.array(count),
      sketch: z.array(z.tuple([z.int(), z.number().min(0)])),
    })
    .refine((track) => track.counts.length === track.edges.length + 3, {
      error: 'three more counts than edges',
      path: ['counts'],
    }),
  z.strictObject({
    type: z.literal('categorical'),
    n: count,
    missing: count,
    invalid: count,
    counts: z.record(z.string(), count),
  }),
]);
const baselineShape = z.strictObject({
  format: z.literal('telltale-baseline/1'),
  service: z.string(),
  n: count,
  tracks: z.record(z.string(), trackShape),
});

const CURE = 'build it again with `telltale baseline build`';

/**
 * Reads the baseline that the service names and checks that it is one of these inputs. Inputs without a
 * track, and tracks of inputs that are gone, are let pass; not a single common track is an error.
 */
export function checkBaseline(view: View, files: Files, report: Report): Baseline | null {
  if (view.baseline === null) return null;
  const say = (message: string): null => {
    report(['baseline'], { message });
    return null;
  };
  const text = files.read(files.resolve(view.baseline));
  if (text === null) return say(`no such file: '${view.baseline}' (paths are relative to the service file)`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return say(`'${view.baseline}' is not JSON: ${messageOf(error)}`);
  }
  const parsed = baselineShape.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = keyOf(issue.path as (string | number)[]);
    return say(
      `'${view.baseline}' is not a baseline: ${key === '' ? 'top' : key}: ${issue.message}; ${CURE}`,
    );
  }
  checkFit(parsed.data, view, say);
  return parsed.data;
}

function checkFit(baseline: Baseline, view: View, say: (message: string) => null): void {
  const broken = [...view.inputs].some(([, input]) => input === null);
  const wanted = [...view.inputs].flatMap(([name, input]) =>
    input === null ? [] : tracksOf(name, input.type),
  );
  let common = 0;
  for (const { track, type } of wanted) {
    const found = Object.hasOwn(baseline.tracks, track) ? baseline.tracks[track] : undefined;
    if (found === undefined) continue;
    common++;
    if (found.type !== type) {
      say(`'${view.baseline}' has '${track}' as ${found.type}, but the input is ${type}; ${CURE}`);
    }
  }
  if (common > 0 || broken) return;
  const theirs = Object.keys(baseline.tracks).join(', ') || 'none';
  const ours = wanted.map(({ track }) => track).join(', ') || 'none';
  say(`'${view.baseline}' is of other inputs: it has ${theirs}; the service has ${ours}`);
}
