/** The detectors of the registry, as the alarms take them. */

import type { Detecting } from '../alarm/detection.ts';
import type { DetectorKind } from '../detect/detector.ts';
import { DETECTORS } from '../detect/registry.ts';
import { assert } from '../errors.ts';

function kindOf(name: string): DetectorKind {
  const kind = Object.hasOwn(DETECTORS, name) ? DETECTORS[name] : undefined;
  assert(kind !== undefined, `no detector is called ${name}`);
  return kind;
}

export const DETECTING: Detecting = {
  create: ({ name, options }) => kindOf(name).create(options),
  step: (state, { name, options }, value) => kindOf(name).step(state, options, value),
};
