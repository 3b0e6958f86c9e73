import { setTimeout as delay } from 'node:timers/promises';
import { TelltaleError } from '../errors.ts';

/** A receiver that is away and has said for how long. */
export class AskedToWait extends TelltaleError {
  readonly waitMs: number;
  constructor(message: string, waitMs: number) {
    super('sink_unavailable', message);
    this.waitMs = waitMs;
  }
}

export interface BackoffOptions {
  /** Wait after the first failure. */
  firstMs: number;
  /** The wait doubles up to this. */
  maxMs: number;
  /** Ends the retrying; the promise then rejects with the signal's reason. */
  signal: AbortSignal;
  /** Told of every failure, with the number of the attempt (from 1) and the wait that follows. */
  onError: (error: unknown, attempt: number, waitMs: number) => void;
  /** An error that no retry can cure is thrown on; default: none is. */
  isFinal?: (error: unknown) => boolean;
  /** Waits; may do something meanwhile, and what it rejects with ends the retrying. Default: a timer. */
  pause?: (waitMs: number) => Promise<void>;
}

/**
 * Calls `fn` until it resolves, waiting longer after each failure: firstMs, 2 firstMs, 4 firstMs ... maxMs, or as
 * long as the receiver has asked for when that is longer.
 * There is no jitter: one process has one caller per receiver, and waits that can be foretold can be tested.
 */
export async function withBackoff<T>(fn: () => Promise<T>, options: BackoffOptions): Promise<T> {
  const { signal, maxMs } = options;
  const pause = options.pause ?? ((waitMs) => delay(waitMs, undefined, { signal }));
  let nextMs = options.firstMs;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await fn();
    } catch (error) {
      signal.throwIfAborted();
      if (options.isFinal?.(error)) throw error;
      const askedMs = error instanceof AskedToWait ? error.waitMs : 0;
      const waitMs = Math.max(Math.min(nextMs, maxMs), askedMs);
      options.onError(error, attempt, waitMs);
      try {
        await pause(waitMs);
      } catch (paused) {
        signal.throwIfAborted();
        throw paused;
      }
      nextMs = Math.min(nextMs, maxMs) * 2;
    }
  }
}
