/** Connections to the brokers and the schema registry, as the configuration says. */

import type { TelltaleConfig } from '../config/types.ts';
import { createRegistry, type SchemaSource } from '../decode/registry.ts';
import type { TelltaleError } from '../errors.ts';
import { createKafkaLog, type KafkaLog, type KafkaLogger, type KafkaLogOptions } from '../log/kafka.ts';
import { inspectKafka, type KafkaInspector } from '../log/kafka-inspect.ts';

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
