import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { clientFactory, type KafkaLogOptions, waitForBroker } from '../../src/log/kafka-client.ts';
import { brokerFault } from '../../src/log/kafka-fault.ts';
import { saslFactory } from '../../src/log/kafka-sasl.ts';
import { tlsOf } from '../../src/log/kafka-tls.ts';
import { REQUEST_BYTES_MAX, requestsOf } from '../../src/log/kafka-writer.ts';
import { patchRequestQueue } from '../../src/log/kafkajs-patch.ts';
import { CERTIFICATE, KEY, PASSPHRASE } from '../config/client-certificate.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface Queue {
  push(request: { entry: { correlationId: number }; expectResponse: boolean; sendRequest(): void }): void;
  fulfillRequest(response: { correlationId: number; payload: unknown; size: number }): void;
  maybeThrottle(ms: number): void;
}

/** A queue as each connection of kafkajs has one. */
function queueOf(): Queue {
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js');
  return new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 30_000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger: silent,
  });
}

describe('the request queue of kafkajs', () => {
  afterEach(() => vi.useRealTimers());
  const request = (correlationId: number, sent: number[]) => ({
    entry: { correlationId, resolve() {}, reject() {} },
    expectResponse: true,
    sendRequest: () => sent.push(correlationId),
  });

  test('arms no timer on an idle connection', () => {
    patchRequestQueue();
    patchRequestQueue();
    vi.useFakeTimers();
    const queue = queueOf();
    const sent: number[] = [];
    queue.push(request(1, sent));
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('still sends what had to wait for a throttle, and rests after it', () => {
    patchRequestQueue();
    vi.useFakeTimers();
    const queue = queueOf();
    const sent: number[] = [];
    queue.maybeThrottle(1_000);
    queue.push(request(1, sent));
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1_100);
    expect(sent).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('requests to write', () => {
  const record = (bytes: number) => ({ topic: 't', key: 'k', value: Buffer.alloc(bytes) });

  test('stay below the limit and in order; a larger record goes alone', () => {
    const batch = [300_000, 500_000, 300_000, 2_000_000, 10, 899_000, 10_000].map(record);
    const parts = requestsOf(batch);
    expect(parts.map((part) => part.map(({ value }) => value.length))).toEqual([
      [300_000, 500_000],
      [300_000],
      [2_000_000],
      [10, 899_000],
      [10_000],
    ]);
    expect(parts.flat()).toEqual(batch);
    expect(REQUEST_BYTES_MAX).toBeLessThan(1_048_588);
  });
});

describe('what kafkajs is given', () => {
  test('is a copy of the frozen credentials, since kafkajs writes into it', () => {
    const frozen = Object.freeze({ mechanism: 'plain', username: 'u', password: 'p' } as const);
    const make = saslFactory(frozen);
    expect(make()).toEqual(frozen);
    expect(Object.isFrozen(make())).toBe(false);
    expect(make()).not.toBe(make());
  });

  test('opens the key with its passphrase, and asks for the name of the certificate', () => {
    const dir = mkdtempSync(join(tmpdir(), 'telltale-tls-'));
    try {
      const file = (name: string, text: string): string => {
        writeFileSync(join(dir, name), text);
        return join(dir, name);
      };
      const files = { caFile: null, certFile: file('c', CERTIFICATE), keyFile: file('k', KEY) };
      const optionsOf = (keyPassphrase: string | null) =>
        tlsOf({ ...files, keyPassphrase, serverName: 'b' }) as ConnectionOptions;
      expect(optionsOf(PASSPHRASE).servername).toBe('b');
      expect(() => createSecureContext(optionsOf(PASSPHRASE))).not.toThrow();
      expect(() => createSecureContext(optionsOf('other'))).toThrow();
      expect(() =>
        tlsOf({ ...files, caFile: join(dir, 'gone'), keyPassphrase: null, serverName: null }),
      ).toThrow(/gone: ENOENT/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('a fault', () => {
  test('does not repeat a secret that a broker or a server has said', () => {
    const sasl = { mechanism: 'plain', username: 'u', password: 'hush-hush' } as const;
    const options: KafkaLogOptions = { brokers: ['b:1'], clientId: 'c', log: silent, sasl };
    const refused = Object.assign(new Error('SASL PLAIN authentication failed: no hush-hush here'), {
      name: 'KafkaJSSASLAuthenticationError',
    });
    const fault = brokerFault(new Error('gave up', { cause: refused }), options);
    expect(fault.code).toBe('broker_denied');
    expect(fault.message).toBe("b:1 refuses SASL PLAIN as user 'u': no *** here");
    const source = { kind: 'token', token: 'hush-hush' } as const;
    const other = brokerFault(new Error('hush-hush'), {
      ...options,
      sasl: { mechanism: 'oauthbearer', source },
    });
    expect(other.message).toBe('no broker answers at b:1: ***');
  });
});

describe('a broker that is away at start', () => {
  test('is waited for until the signal', async () => {
    const controller = new AbortController();
    const errors: string[] = [];
    const options: KafkaLogOptions = {
      brokers: ['127.0.0.1:1'],
      clientId: 'c',
      log: silent,
      signal: controller.signal,
      onUnavailable: (error) => {
        errors.push(error.code);
        if (errors.length === 2) controller.abort(new Error('stopped'));
      },
    };
    await expect(waitForBroker(options, clientFactory(options))).rejects.toThrow('stopped');
    expect(errors).toEqual(['broker_unavailable', 'broker_unavailable']);
  });
});
