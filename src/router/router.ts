/** A table that is kept up to date. */

import { askedFor, type Headers, type Route, route } from './route.ts';
import { faultsOf, type RoutingTable, tableFrom } from './table.ts';

export type Update = { taken: true } | { taken: false; why: string };

export interface Router {
  readonly table: RoutingTable;
  /** The version of a key; `headers` may ask for another one where the table lets them. */
  route(key: string, headers?: Headers): Route;
  /**
   * Takes a newer table from the next request on. It refuses, and goes on with what it has: a table that is older, of another
   * service or not valid, and another table of the same epoch. The same table once more is taken.
   */
  update(table: unknown): Update;
}

/** Throws a `RoutingError` if the table is not valid. */
export function createRouter(first: unknown): Router {
  let table = frozen(tableFrom(first));
  const whyNot = (value: unknown): string | null => {
    const faults = faultsOf(value);
    if (faults.length > 0) return faults.join('; ');
    const { service, epoch } = value as RoutingTable;
    if (service !== table.service) return `it is of service ${service}, this router of ${table.service}`;
    if (epoch < table.epoch) return `its epoch ${epoch} is older than ${table.epoch}`;
    if (epoch === table.epoch && textOf(value) !== textOf(table))
      return `another table of epoch ${epoch} is in use; two writers have written it`;
    return null;
  };
  return {
    get table() {
      return table;
    },
    route: (key, headers) => route(table, key, headers === undefined ? undefined : askedFor(table, headers)),
    update(value) {
      const why = whyNot(value);
      if (why !== null) return { taken: false, why };
      table = frozen(value as RoutingTable);
      return { taken: true };
    },
  };
}

/** A copy: what a caller does with its own afterwards changes no route. */
const frozen = (table: RoutingTable): RoutingTable => structuredClone(table);

/** JSON with the keys of objects in order, so that two writers of the same table agree. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
