import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Kafka, type KafkaConfig, type logCreator } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Compression } from './codecs.ts';

/** The part of a pino logger that is used. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TlsFiles {
  /** Absolute paths. */
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
}

export interface KafkaLogOptions {
  brokers: readonly string[];
  clientId: string;
  /** Of what is written; 'none' when absent. */
  compression?: Compression;
  ssl?: boolean | TlsFiles;
  sasl?: {
    mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    username: string;
    password: string;
  } | null;
  log: KafkaLogger;
  /** Called for each attempt to connect at start that failed; the next follows. */
  onUnavailable?: (error: TelltaleError) => void;
  /** Ends the waiting for a broker at start. */
  signal?: AbortSignal;
  /** `GROUP_TIMES` where absent. */
  groupTimes?: Partial<GroupTimes>;
  /** Makes the process a static member of its groups (KIP-345): unique, and the same after a restart. */
  instanceId?: string | null;
}

/** How a group and its members watch each other. */
export interface GroupTimes {
  /** A member that sends no heartbeat for so long is taken for dead. */
  sessionTimeoutMs: number;
  heartbeatIntervalMs: number;
  /** How long a group waits for its members to join again, and a member for a handler that gives no sign of life. */
  rebalanceTimeoutMs: number;
  /** A member that is behind and does not move for so long is broken: restarting is free, waiting is not. */
  stalledAfterMs: number;
}

/**
 * The session is the shortest that a broker allows by its own defaults: the partitions of a process that was killed wait
 * for its end (4.8 to 5.6 s as measured; 8.4 to 9.5 s with 10 s). Heartbeats go on while handlers work, so that
 * only an event loop that stands still for 4 s costs the membership.
 */
export const GROUP_TIMES: Readonly<GroupTimes> = {
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 2_000,
  rebalanceTimeoutMs: 60_000,
  stalledAfterMs: 5 * 60_000,
};

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** A kafkajs client. `retries`: how often a request is tried again before it fails. */
export function createClient(options: KafkaLogOptions, retries: number): Kafka {
  const config: KafkaConfig = {
    clientId: options.clientId,
    brokers: [...options.brokers],
    connectionTimeout: 5_000,
    retry: { retries, initialRetryTime: 200, maxRetryTime: 5_000 },
    ssl: tlsOf(options.ssl ?? false),
    logLevel: kafkajs.logLevel.INFO,
    logCreator: loggerOf(options.log),
  };
  if (options.sasl) config.sasl = options.sasl as NonNullable<KafkaConfig['sasl']>;
  return new kafkajs.Kafka(config);
}

/** Resolves when a broker answers. Rejects with the signal's reason when it is aborted. */
export async function waitForBroker(options: KafkaLogOptions): Promise<void> {
  for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
    options.signal?.throwIfAborted();
    const admin = createClient(options, 0).admin();
    try {
      await admin.connect();
      return;
    } catch (error) {
      const brokers = options.brokers.join(', ');
      const message = `no broker answers at ${brokers}: ${messageOf(error)}`;
      options.onUnavailable?.(new TelltaleError('broker_unavailable', message, { cause: error }));
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
    try {
      await delay(waitMs, undefined, { signal: options.signal });
    } catch {
      options.signal?.throwIfAborted();
    }
  }
}

/**
 * kafkajs logs at its level ERROR what it then tries again, and much at INFO. What is final reaches us as an error, so
 * its lines go one level down.
 */
function loggerOf(log: KafkaLogger): logCreator {
  const { ERROR, WARN } = kafkajs.logLevel;
  return () =>
    ({ namespace, level, log: entry }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry;
      const line = `kafka: ${namespace}: ${message}`;
      if (level === ERROR) log.warn(fields, line);
      else if (level === WARN) log.info(fields, line);
      else log.debug(fields, line);
    };
}

function tlsOf(ssl: boolean | TlsFiles): KafkaConfig['ssl'] {
  if (typeof ssl === 'boolean') return ssl;
  const content = (file: string | null) => {
    if (file === null) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      throw new TelltaleError('file_unreadable', `${file}: ${messageOf(error)}`, { cause: error });
    }
  };
  const ca = content(ssl.caFile);
  return { ca: ca && [ca], cert: content(ssl.certFile), key: content(ssl.keyFile) };
}
