import { expect, test } from 'vitest';
import { withBackoff } from '../../src/sink/retry.ts';

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
