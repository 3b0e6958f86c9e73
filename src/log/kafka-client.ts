import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Kafka, type logCreator } from 'kafkajs';
import type { TelltaleError } from '../errors.ts';
import type { Compression } from './codecs.ts';
import { brokerFault, isRefusal } from './kafka-fault.ts';
import { type SaslOptions, saslFactory } from './kafka-sasl.ts';
import { type TlsOptions, tlsOf } from './kafka-tls.ts';

/** The part of a pino logger that is used. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaLogOptions {
  brokers: readonly string[];
  clientId: string;
  /** Of what is written; 'none' when absent. */
  compression?: Compression;
  ssl?: boolean | TlsOptions;
  sasl?: SaslOptions | null;
  log: KafkaLogger;
  /** Called for each attempt to connect at start that failed; the next follows. */
  onUnavailable?: (error: TelltaleError) => void;
  /** At start: rejects when the broker and this client do not accept each other, instead of trying again. */
  refusalIsFinal?: boolean;
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

/** Makes kafkajs clients. `retries`: how often a request is tried again before it fails. */
export type ClientFactory = (retries: number) => Kafka;

/**
 * All clients of one factory share the tokens of SASL OAUTHBEARER.
 * @throws TelltaleError `file_unreadable` for a file of `ssl`
 */
export function clientFactory(options: KafkaLogOptions): ClientFactory {
  const ssl = tlsOf(options.ssl ?? false);
  const sasl = options.sasl ? saslFactory(options.sasl) : null;
  return (retries) =>
    new kafkajs.Kafka({
      clientId: options.clientId,
      brokers: [...options.brokers],
      connectionTimeout: 5_000,
      retry: { retries, initialRetryTime: 200, maxRetryTime: 5_000 },
      ssl,
      ...(sasl === null ? {} : { sasl: sasl() }),
      logLevel: kafkajs.logLevel.INFO,
      logCreator: loggerOf(options.log),
    });
}

/**
 * Resolves when a broker answers. Rejects with the signal's reason when it is aborted, and, where a refusal is final, with
 * `broker_denied`, `broker_untrusted` or `token_unavailable`.
 */
export async function waitForBroker(options: KafkaLogOptions, client: ClientFactory): Promise<void> {
  for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
    options.signal?.throwIfAborted();
    const admin = client(0).admin();
    try {
      await admin.connect();
      // A listener with SASL closes the connection of a client without at its first question.
      await admin.describeCluster();
      return;
    } catch (error) {
      const fault = brokerFault(error, options);
      if (options.refusalIsFinal && isRefusal(fault)) throw fault;
      options.onUnavailable?.(fault);
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
 * its lines go one level down. Content of the protocol is left out: it is what authentication exchanges, and its buffers
 * make the logger throw in the middle of a consumer.
 */
function loggerOf(log: KafkaLogger): logCreator {
  const { ERROR, WARN } = kafkajs.logLevel;
  return () =>
    ({ namespace, level, log: entry }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...all } = entry;
      const { data: _data, payload: _payload, ...fields } = all;
      const line = `kafka: ${namespace}: ${message}`;
      if (level === ERROR) log.warn(fields, line);
      else if (level === WARN) log.info(fields, line);
      else log.debug(fields, line);
    };
}
