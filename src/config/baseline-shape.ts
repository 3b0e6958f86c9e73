import { z } from 'zod';
import { SEASONS } from '../records.ts';
import { instant, text } from './scalar-shapes.ts';

const count = z.int().min(0);
const numericTrack = z
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
    sketch: z.array(z.tuple([z.int(), z.number().min(0)])).optional(),
    cut: z.literal('sketch').optional(),
  })
  .refine((track) => track.counts.length === track.edges.length + 3, {
    error: 'three more counts than edges',
    path: ['counts'],
  });
const trackShape = z.discriminatedUnion('type', [
  numericTrack,
  z.strictObject({
    type: z.literal('categorical'),
    n: count,
    missing: count,
    invalid: count,
    counts: z.record(z.string(), count),
  }),
]);
const states = z.record(z.string(), z.string());
const partShape = z.strictObject({ n: count, states });

/** A baseline file. */
export const baselineFileShape = z
  .strictObject({
    format: z.enum(['telltale-baseline/1', 'telltale-baseline/2']),
    service: z.string(),
    n: count,
    tracks: z.record(z.string(), trackShape),
    states: states.optional(),
    segments: z.record(z.string(), partShape).optional(),
    season: z
      .strictObject({ of: z.enum(SEASONS), parts: z.record(z.string().regex(/^\d{1,3}$/), partShape) })
      .optional(),
  })
  .refine(
    ({ segments, season }) => segments === undefined || season === undefined,
    'either segments or season',
  );

const WINDOWS_MAX = 100_000;
const BYTES_DEFAULT = 33_554_432;

export const learnShape = z
  .strictObject({
    first: z.int().min(1).max(WINDOWS_MAX).optional().describe('the first so many windows; or rolling'),
    rolling: z.int().min(1).max(WINDOWS_MAX).optional().describe('the last so many windows; or first'),
    lag: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe(
        'windows between the newest of a rolling reference and the one that is compared; by default 1',
      ),
    since: instant.optional().describe('earlier windows are left out; a new value begins anew'),
    bytes_max: z
      .int()
      .min(100_000)
      .prefault(BYTES_DEFAULT)
      .describe(
        'memory of what is learned, in bytes, for each source of windows; beyond it segments give way',
      ),
  })
  .refine(({ first, rolling }) => (first === undefined) !== (rolling === undefined), {
    error: 'either first: N or rolling: N, a number of windows',
  });

const season = z.enum(SEASONS);

/** `baseline` of a service: a file, or a mapping. */
export const baselineShape = z.union([
  text,
  z
    .strictObject({
      file: text.optional().describe('file of telltale baseline build'),
      learn: learnShape
        .optional()
        .describe('windows of the service itself; with a file, for what that does not have'),
      season: season.optional().describe('windows are compared with those of the same hour, in UTC'),
    })
    .refine(({ file, learn }) => file !== undefined || learn !== undefined, {
      error: 'a mapping with file or learn',
    }),
]);

export type TrackShape = z.output<typeof trackShape>;
export type LearnShape = z.output<typeof learnShape>;
export type BaselineShape = Exclude<z.output<typeof baselineShape>, string>;
