import { createRequire } from 'node:module';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { waitForBroker } from '../../src/log/kafka-client.ts';
import { REQUEST_BYTES_MAX, requestsOf } from '../../src/log/kafka-writer.ts';
import { patchRequestQueue } from '../../src/log/kafkajs-patch.ts';

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

describe('a broker that is away at start', () => {
  test('is waited for until the signal', async () => {
    const controller = new AbortController();
    const errors: string[] = [];
    const waiting = waitForBroker({
      brokers: ['127.0.0.1:1'],
      clientId: 'c',
      log: silent,
      signal: controller.signal,
      onUnavailable: (error) => {
        errors.push(error.code);
        if (errors.length === 2) controller.abort(new Error('stopped'));
      },
    });
    await expect(waiting).rejects.toThrow('stopped');
    expect(errors).toEqual(['broker_unavailable', 'broker_unavailable']);
  });
});
