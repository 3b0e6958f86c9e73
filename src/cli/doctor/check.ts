/** What a check of `telltale doctor` is. */

import type { TelltaleConfig } from '../../config/types.ts';
import { messageOf } from '../../errors.ts';
import type { KafkaInspector } from '../../log/kafka-inspect.ts';
import type { Log } from '../../log/port.ts';

/** warn: Telltale runs, and something may not be as it is meant. skip: it cannot be told before another check passes. */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'skip';

export interface Finding {
  status: FindingStatus;
  /** What was found, with the name of what it is about. */
  message: string;
  /** What a person does about it, often a command; '': nothing. */
  cure: string;
}

export interface DoctorContext {
  config: TelltaleConfig;
  kafka: KafkaInspector;
  /** The caller closes it. */
  openLog(): Promise<Log>;
  nowMs(): number;
}

/** One check in one file; an entry of `DOCTOR_CHECKS`. */
export interface DoctorCheck {
  name: string;
  /** For the help. */
  description: string;
  /** It is skipped where no broker answers. */
  needsBrokers: boolean;
  /** What it throws is a fault of its own. */
  run(context: DoctorContext): Promise<Finding[]>;
}

export const ok = (message: string): Finding => ({ status: 'ok', message, cure: '' });
export const warn = (message: string, cure: string): Finding => ({ status: 'warn', message, cure });
export const fail = (message: string, cure: string): Finding => ({ status: 'fail', message, cure });

/** `fetch` says what happened in its cause alone. */
export const whyOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);

/** How the tools of Kafka are called for these brokers. */
export function kafkaTool(name: string, { kafka }: TelltaleConfig): string {
  // The tools read how to prove who one is from a file of their own.
  const properties = kafka.ssl || kafka.sasl !== null ? ' --command-config client.properties' : '';
  return `${name}.sh --bootstrap-server ${kafka.brokers.join(',')}${properties}`;
}
