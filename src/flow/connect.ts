/** Connections to the brokers and the schema registry, as the configuration says. */

import type { TelltaleConfig } from '../config/types.ts';
import { createRegistry, type SchemaSource } from '../decode/registry.ts';
import type { TelltaleError } from '../errors.ts';
import { createKafkaLog, type KafkaLog, type KafkaLogger } from '../log/kafka.ts';

const SILENT: KafkaLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface ConnectOptions {
  logger?: KafkaLogger;
  signal?: AbortSignal;
  /** Called each time that the brokers do not answer; connecting goes on. */
  onUnavailable?: (error: TelltaleError) => void;
  /** Rejects when broker and client do not accept each other; without it this too is tried again for ever. */
  refusalIsFinal?: boolean;
}

export async function openKafka(config: TelltaleConfig, options: ConnectOptions = {}): Promise<KafkaLog> {
  const { brokers, clientId, compression, ssl, sasl, times, instanceId } = config.kafka;
  return createKafkaLog({
    brokers,
    clientId,
    compression,
    ssl,
    sasl,
    groupTimes: times,
    instanceId,
    log: options.logger ?? SILENT,
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
