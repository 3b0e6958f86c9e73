/** Counts the requests that are open, so that there are never too many of them and none is cut off at the end. */

import type { ServerResponse } from 'node:http';

export interface Gate {
  readonly inFlight: number;
  /** Until the response is gone, or its caller is. */
  enter(response: ServerResponse): void;
  /** Resolves when nobody is in, after `waitMs` at the latest. */
  empty(waitMs: number): Promise<void>;
}

export function createGate(): Gate {
  let inFlight = 0;
  let onEmpty = (): void => {};
  return {
    get inFlight() {
      return inFlight;
    },
    enter(response) {
      inFlight++;
      response.once('close', () => {
        inFlight--;
        if (inFlight === 0) onEmpty();
      });
    },
    empty(waitMs) {
      if (inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
