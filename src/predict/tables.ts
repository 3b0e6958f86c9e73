/** The routing table of each service: the first one from its models, then those of the topic `routing`. */

import { messageOf } from '../errors.ts';
import type { LogRecord, ServiceSpec } from '../records.ts';
import { createRouter, firstTable, type Router, type RoutingTable, tableFrom } from '../router/index.ts';

/**
 * A service that has no table yet: the primary answers everything, beside all shadows, and decides as much as its automation begins with; by itself
 * where it has none.
 */
export const tableOfModels = ({
  service,
  models,
  automation,
}: Pick<ServiceSpec, 'service' | 'models' | 'automation'>): RoutingTable =>
  firstTable(
    { service, seed: service, level: automation?.level ?? 'full', ...blindOf(automation) },
    models.map(({ name, role }) => ({ version: name, role, share: 1 })),
  );

const blindOf = (automation: ServiceSpec['automation']): Pick<RoutingTable, 'blind'> =>
  automation?.blind ? { blind: automation.blind } : {};

/** Why a service cannot follow a table; null: it can. Every version is a model of its YAML. */
export function whyNotHere(table: RoutingTable, { models }: Pick<ServiceSpec, 'models'>): string | null {
  const names = models.map(({ name }) => name);
  const strange = table.versions.map(({ version }) => version).filter((version) => !names.includes(version));
  if (strange.length === 0) return null;
  return `no model is named ${strange.join(', ')}; the models are ${names.join(', ')}`;
}

export interface Tables {
  /** A record of the topic: its key is the service, its value the table. What is wrong with it is told to `warn`, and the table before goes on. */
  read(record: Pick<LogRecord, 'key' | 'value'>): void;
  /** The router of a service as its configuration is now; it must have models. */
  routerOf(spec: ServiceSpec): Router;
}

interface Entry {
  /** Takes every table that is valid, so that it knows the newest. */
  newest: Router | null;
  /** Whose table routes, and the configuration that it was judged for. */
  used: { router: Router; spec: ServiceSpec } | null;
}

export function createTables(options: {
  /** Undefined: the service is not one of ours, for now. */
  specOf(service: string): ServiceSpec | undefined;
  warn(facts: { service: string; why: string }, text: string): void;
}): Tables {
  const entries = new Map<string, Entry>();
  const refuse = (service: string, why: string): void =>
    options.warn({ service, why }, 'a routing table is refused; the one before it goes on');

  const entryOf = (service: string): Entry => {
    const entry = entries.get(service) ?? { newest: null, used: null };
    entries.set(service, entry);
    return entry;
  };

  /** Where the newest table is not for these models, the one in use goes on if it is, and else the first. */
  const choose = (entry: Entry, spec: ServiceSpec): Router => {
    const newest = entry.newest?.table;
    const why = newest === undefined ? null : whyNotHere(newest, spec);
    if (why !== null) refuse(spec.service, why);
    const before = entry.used?.router.table;
    const kept = before !== undefined && whyNotHere(before, spec) === null ? before : undefined;
    const table = (why === null ? newest : kept) ?? tableOfModels(spec);
    const router = createRouter(table);
    entry.used = { router, spec };
    return router;
  };

  return {
    read({ key, value }) {
      const service = key?.toString('utf8') ?? '';
      if (value === null) return refuse(service, 'it was taken away; write another one of a higher epoch');
      const entry = entryOf(service);
      try {
        const table = tableFrom(JSON.parse(value.toString('utf8')));
        if (table.service !== service) return refuse(service, `it is of service ${table.service}`);
        if (entry.newest === null) entry.newest = createRouter(table);
        else {
          const update = entry.newest.update(table);
          if (!update.taken) return refuse(service, update.why);
        }
      } catch (error) {
        return refuse(service, messageOf(error));
      }
      const spec = options.specOf(service);
      if (spec !== undefined && spec.models.length > 0) choose(entry, spec);
    },
    routerOf(spec) {
      const entry = entryOf(spec.service);
      const { used } = entry;
      return used?.spec === spec ? used.router : choose(entry, spec);
    },
  };
}
