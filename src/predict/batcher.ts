/** Puts requests that come at about the same time into one run of a model. */

export interface Batcher<T> {
  add(item: T): void;
}

/**
 * Runs what has come `waitMs` after the first of it, or at once when it is `max`. `run` must not reject. Runs do not wait for each
 * other: the session takes one after the other by itself.
 */
export function createBatcher<T>(options: {
  max: number;
  waitMs: number;
  run(items: T[]): void;
}): Batcher<T> {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    const items = waiting;
    waiting = [];
    options.run(items);
  };
  return {
    add(item) {
      waiting.push(item);
      if (waiting.length >= options.max) flush();
      else if (waiting.length === 1) timer = setTimeout(flush, options.waitMs);
    },
  };
}
