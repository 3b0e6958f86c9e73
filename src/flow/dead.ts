/** The dead letter of a record that made a stage throw. */

import { messageOf } from '../errors.ts';
import type { DeadLetter, LogRecord } from '../records.ts';
import type { Runtime } from './runtime.ts';

/** Logs the failure and gives the letter; the partition moves on. */
export function failedLetter(runtime: Runtime, record: LogRecord, stage: string, cause: unknown): DeadLetter {
  const { topic, partition, offset } = record;
  const message = messageOf(cause);
  runtime.logger.error({ topic, partition, offset, stage, cause: message }, 'record failed');
  return { offset, code: 'failed', stage, message, record };
}
