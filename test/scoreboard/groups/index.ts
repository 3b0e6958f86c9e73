import type { Group } from '../group.ts';
import { BERNOULLI_GROUP } from './bernoulli.ts';
import { DETECTOR_GROUP } from './detectors.ts';
import { ELEC_GROUP } from './elec.ts';
import { INPUT_GROUP } from './inputs.ts';
import { SERVICE_GROUP } from './service.ts';

export const GROUPS: readonly Group[] = [
  SERVICE_GROUP,
  INPUT_GROUP,
  BERNOULLI_GROUP,
  DETECTOR_GROUP,
  ELEC_GROUP,
];
