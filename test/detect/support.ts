import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DetectorKind, type Options, optionsOf } from '../../src/detect/detector.ts';

const read = <T>(name: string): T | null => {
  const path = fileURLToPath(new URL(`../../../shared/vectors/${name}`, import.meta.url));
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : null;
};

/** Published streams, and where detectors alarm on them. */
export interface Streams {
  streams: Record<string, number[]>;
  expected: {
    stream: string;
    detector: string;
    params: Record<string, number | string> | null;
    alarms: number[];
    warnings_first?: number[];
  }[];
}

export interface Statistics {
  paired_e_value: {
    only_shadow_right: number;
    only_primary_right: number;
    e_two_sided: number;
    e_shadow_worse: number;
  }[];
  sequential_sample_ratio: {
    counts: number[];
    expected_share: number[];
    kappa: number;
    bayes_factor: number;
  }[];
  beta_mixture_confidence_sequence: {
    successes: number;
    n: number;
    alpha: number;
    low: number;
    high: number;
  }[];
  e_detector: {
    losses: number[];
    p0: number;
    lam: number;
    wealth: number;
    shiryaev_roberts: number;
    trace: [number, number, number][];
  }[];
  e_bh: { e_values: number[]; alpha: number; rejected: number[] }[];
}

/** Null where the files are not beside the repository. */
export const streams = read<Streams>('detectors.json');
export const statistics = read<Statistics>('statistics.json');
export const absent = streams === null ? ' (skipped: ../shared/vectors is absent)' : '';

/** Indices at which a detector alarms, and at which it first warns after each alarm. */
export function run(
  kind: DetectorKind,
  values: readonly number[],
  given: Options = {},
): { alarms: number[]; warnings: number[] } {
  const options = optionsOf(kind, given);
  const state = kind.create(options);
  const found = { alarms: [] as number[], warnings: [] as number[] };
  let warned = false;
  values.forEach((value, i) => {
    const signal = kind.step(state, options, value);
    if (signal === 'drift') found.alarms.push(i);
    if (signal === 'warning' && !warned) found.warnings.push(i);
    warned = signal === 'warning' || (warned && signal !== 'drift');
  });
  return found;
}

/** Random numbers in [0, 1) that are the same in every run (xorshift128, G. Marsaglia 2003, seeded by splitmix32). */
export function randomOf(seed: number): () => number {
  let mixed = seed >>> 0;
  const word = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let t = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return (t ^ (t >>> 15)) | 1;
  };
  let [x, y, z, w] = [word(), word(), word(), word()];
  return () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return (w >>> 0) / 2 ** 32;
  };
}

/** Compares to 1e-9 relative, as the files of the vectors ask. */
export const isNear = (found: number, expected: number): boolean =>
  Math.abs(found - expected) <= 1e-9 * Math.abs(expected);
