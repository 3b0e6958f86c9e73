import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffOptions {
  /** Wait after the first failure. */
  firstMs: number;
  /** The wait doubles up to this. */
  maxMs: number;
  /** Ends the retrying; the promise then rejects with the signal's reason. */
  signal: AbortSignal;
  /** Told of every failure, with the number of the attempt (from 1) and the wait that follows. */
  onError: (error: unknown, attempt: number, waitMs: number) => void;
}

/**
 * Calls `fn` until it resolves, waiting longer after each failure: firstMs, 2 firstMs, 4 firstMs ... maxMs.
 * There is no jitter: one process has one caller per receiver, and waits that can be foretold can be tested.
 */
export async function withBackoff<T>(fn: () => Promise<T>, options: BackoffOptions): Promise<T> {
  let waitMs = options.firstMs;
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    try {
      return await fn();
    } catch (error) {
      options.signal.throwIfAborted();
      waitMs = Math.min(waitMs, options.maxMs);
      options.onError(error, attempt, waitMs);
      try {
        await delay(waitMs, undefined, { signal: options.signal });
      } catch {
        options.signal.throwIfAborted();
      }
      waitMs *= 2;
    }
  }
}
