/** Every detector. A new one is a line here: configuration checks, documentation and the laws of test/detect follow. */

import { ADWIN } from './adwin.ts';
import { CUSUM } from './cusum.ts';
import { DDM } from './ddm.ts';
import { type DetectorKind, type Options, optionFaults } from './detector.ts';
import { E_CUSUM, E_SR } from './e-kinds.ts';
import { EDDM } from './eddm.ts';
import { EWMA } from './ewma.ts';
import { HDDM_A } from './hddm-a.ts';
import { HDDM_W } from './hddm-w.ts';
import { KSWIN } from './kswin.ts';
import { PAGE_HINKLEY } from './page-hinkley.ts';

const ALL: readonly DetectorKind[] = [
  E_SR,
  E_CUSUM,
  ADWIN,
  PAGE_HINKLEY,
  CUSUM,
  EWMA,
  DDM,
  EDDM,
  HDDM_A,
  HDDM_W,
  KSWIN,
];

/** By name. */
export const DETECTORS: Readonly<Record<string, DetectorKind>> = Object.fromEntries(
  ALL.map((kind) => [kind.name, kind]),
);

/** What the check of the configuration asks of each. */
export const DETECTOR_CHOICES: ReadonlyMap<
  string,
  Pick<DetectorKind, 'input' | 'options'> & { faults(given: Options): string[] }
> = new Map(
  ALL.map((kind) => [
    kind.name,
    { input: kind.input, options: kind.options, faults: (given: Options) => optionFaults(kind, given) },
  ]),
);
