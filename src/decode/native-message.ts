/** What an adapter makes of a message of a model server. */

import type { DeadCode } from '../errors.ts';
import type { LogRecord } from '../records.ts';

export type Side = 'request' | 'response';

/** Why a message is dead. */
export interface Refusal {
  code: DeadCode;
  detail: string;
}

/** A message as rows, in which paths of the configuration find their values. */
export interface NativeMessage {
  /** Joins request and response; absent: the key of the record. */
  id?: string;
  /** A time of the message itself, of any form; absent: that of the log. */
  timeMs?: unknown;
  rows: readonly unknown[];
}

/** Null: the message is of the other side, and is passed over. A total function of the record. */
export type NativeReader = (record: LogRecord, side: Side) => NativeMessage | Refusal | null;
