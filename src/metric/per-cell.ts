/** What several metrics of one cell of a window share, so that it is made once. */

import type { MetricContext } from './metric.ts';

/** Remembers what `make` gives of a state, for as long as the context of its cell lives. */
export function perCell<State extends object, Value, More extends unknown[]>(
  make: (state: State, context: MetricContext, ...more: More) => Value,
): (state: State, context: MetricContext, ...more: More) => Value {
  const known = new WeakMap<MetricContext, Map<State, Value>>();
  return (state, context, ...more) => {
    let own = known.get(context);
    if (own === undefined) {
      own = new Map();
      known.set(context, own);
    }
    if (!own.has(state)) own.set(state, make(state, context, ...more));
    return own.get(state)!;
  };
}
