/** Connections to the brokers and the schema registry, as the configuration says. */

import { setTimeout as delay } from 'node:timers/promises';
import type { TelltaleConfig } from '../config/types.ts';
import { createRegistry, type SchemaSource } from '../decode/registry.ts';
import { messageOf, type TelltaleError } from '../errors.ts';
import { createKafkaLog, type KafkaLog, type KafkaLogger, type KafkaLogOptions } from '../log/kafka.ts';
import { inspectKafka, type KafkaInspector } from '../log/kafka-inspect.ts';

const BROKERS_EVERY_MS = 2_000;
/** Longer than a change of leaders keeps a request waiting. */
const BROKERS_ANSWER_MS_MAX = 8_000;

const SILENT: KafkaLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface ConnectOptions {
  logger?: KafkaLogger;
  signal?: AbortSignal;
  /** Called each time that the brokers do not answer; connecting goes on. */
  onUnavailable?: (error: TelltaleError) => void;
  /** Rejects when broker and client do not accept each other; without it this too is tried again for ever. */
  refusalIsFinal?: boolean;
}

function logOptionsOf(config: TelltaleConfig, logger: KafkaLogger = SILENT): KafkaLogOptions {
  const { brokers, clientId, compression, ssl, sasl, times, instanceId } = config.kafka;
  return { brokers, clientId, compression, ssl, sasl, groupTimes: times, instanceId, log: logger };
}

export const inspectorOf = (config: TelltaleConfig): KafkaInspector => inspectKafka(logOptionsOf(config));

export async function openKafka(config: TelltaleConfig, options: ConnectOptions = {}): Promise<KafkaLog> {
  return createKafkaLog({
    ...logOptionsOf(config, options.logger),
    signal: options.signal,
    onUnavailable: options.onUnavailable,
    refusalIsFinal: options.refusalIsFinal,
  });
}

export function schemaSourceOf(
  config: TelltaleConfig,
  options: {
    signal?: AbortSignal;
    onUnavailable?: (error: Error) => void;
    onAvailable?: () => void;
  } = {},
): SchemaSource | null {
  if (config.registry === null) return null;
  return createRegistry({ url: config.registry.url, now: Date.now, ...options });
}

/** Asks the brokers again and again, until the signal is aborted, and tells what is wrong; null: one has answered. */
export async function watchBrokers(
  log: Pick<KafkaLog, 'ping'>,
  tell: (fault: string | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const pause = (ms: number) => delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
  while (!signal.aborted) {
    const patience = new AbortController();
    const late = delay(BROKERS_ANSWER_MS_MAX, 'late' as const, { signal: patience.signal, ref: false });
    const answered = log.ping().then(
      () => null,
      (error: unknown) => messageOf(error),
    );
    const fault = await Promise.race([answered, late.catch(() => null)]);
    if (fault === 'late') tell(`no broker has answered for ${BROKERS_ANSWER_MS_MAX / 1000} s`);
    // A question is never asked twice: who is away would collect them.
    const found = await answered;
    patience.abort();
    if (signal.aborted) return;
    tell(found);
    await pause(BROKERS_EVERY_MS);
  }
}
