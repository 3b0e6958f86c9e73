/** A path into a record: `customer.address.country` as its parts. Empty: there is no path. */
export type Path = readonly string[];

/** Splits a dotted path. */
export function parsePath(text: string): Path {
  return text === '' ? [] : text.split('.');
}

/**
 * The value at a path, or undefined. Only own properties are followed: a path such as `__proto__.x` or
 * `constructor` must not reach what every object inherits.
 */
export function valueAt(record: unknown, path: Path): unknown {
  let value = record;
  for (let i = 0; i < path.length; i++) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
    if (!Object.hasOwn(value, path[i]!)) return undefined;
    value = (value as Record<string, unknown>)[path[i]!];
  }
  return value;
}
