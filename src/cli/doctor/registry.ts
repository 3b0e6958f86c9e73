import { brokersCheck } from './brokers.ts';
import type { DoctorCheck } from './check.ts';
import { clockCheck } from './clock.ts';
import { influxCheck } from './influx.ts';
import { machineCheck } from './machine.ts';
import { modelsCheck } from './models.ts';
import { rightsCheck } from './rights.ts';
import { schemasCheck } from './schemas.ts';
import { topicsCheck } from './topics.ts';

/** In the order of the lines; that of the brokers is the first, since others need it. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  brokersCheck,
  topicsCheck,
  rightsCheck,
  clockCheck,
  schemasCheck,
  influxCheck,
  modelsCheck,
  machineCheck,
];
