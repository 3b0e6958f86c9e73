import { expect, test } from 'vitest';
import { AskedToWait, withBackoff } from '../../src/sink/retry.ts';

test('waits double up to the maximum, and the value of the first success is returned', async () => {
  const waits: [number, number][] = [];
  let calls = 0;
  const value = await withBackoff(
    async () => {
      calls++;
      if (calls < 6) throw new Error('away');
      return 'there';
    },
    {
      firstMs: 1,
      maxMs: 5,
      signal: new AbortController().signal,
      onError: (_, attempt, waitMs) => waits.push([attempt, waitMs]),
    },
  );
  expect(value).toBe('there');
  expect(waits).toEqual([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 5],
    [5, 5],
  ]);
});

test('an abort ends the wait at once, with its reason, and nothing is tried again', async () => {
  const controller = new AbortController();
  let calls = 0;
  const running = withBackoff(
    async () => {
      calls++;
      throw new Error('away');
    },
    {
      firstMs: 3_600_000,
      maxMs: 3_600_000,
      signal: controller.signal,
      onError: () => queueMicrotask(() => controller.abort(new Error('stopping'))),
    },
  );
  await expect(running).rejects.toThrow('stopping');
  expect(calls).toBe(1);
});

test('an abort before the first call calls nothing', async () => {
  const called: string[] = [];
  const running = withBackoff(async () => called.push('x'), {
    firstMs: 1,
    maxMs: 1,
    signal: AbortSignal.abort(new Error('stopping')),
    onError: () => {},
  });
  await expect(running).rejects.toThrow('stopping');
  expect(called).toEqual([]);
});

test('a receiver that asks for a longer wait gets it, and the next wait goes on as before', async () => {
  const waits: number[] = [];
  const errors = [new Error('away'), new AskedToWait('busy', 60_000), new AskedToWait('busy', 1)];
  await withBackoff(
    async () => {
      const error = errors.shift();
      if (error) throw error;
    },
    {
      firstMs: 1_000,
      maxMs: 3_000,
      signal: new AbortController().signal,
      onError: () => {},
      pause: async (waitMs) => void waits.push(waitMs),
    },
  );
  expect(waits).toEqual([1_000, 60_000, 3_000]);
});

test('what no retry can cure, and what a pause rejects with, ends it', async () => {
  const options = { firstMs: 1, maxMs: 1, signal: new AbortController().signal, onError: () => {} };
  let calls = 0;
  const broken = async () => {
    calls++;
    throw new Error('broken');
  };
  await expect(withBackoff(broken, { ...options, isFinal: () => true })).rejects.toThrow('broken');
  const pause = () => Promise.reject(new Error('partition lost'));
  await expect(withBackoff(broken, { ...options, pause })).rejects.toThrow('partition lost');
  expect(calls).toBe(2);
});
