/** The routing tables that follow from roll-outs and levels. */

import type { ServiceSpec } from '../records.ts';
import type { Rollout } from '../rollout/fold.ts';
import type { ChainStep } from '../rollout/level-steps.ts';
import { routedOf } from '../rollout/routing.ts';
import { firstTable, nextTable, type WantedVersion } from '../router/shares.ts';
import type { RoutingTable } from '../router/table.ts';
import { primaryOf } from './rollout-facts.ts';

/** Who answers what: the models of the roll-out, and the others beside them as they are configured. The primary comes first. */
function sharesOf(spec: ServiceSpec, rollout: Rollout | null): WantedVersion[] {
  const routed: WantedVersion[] =
    rollout === null
      ? [{ version: primaryOf(spec).name, role: 'primary', share: 1 }]
      : routedOf({ ...rollout.spec, onDeadline: 'rollback' }, rollout.state);
  const others = spec.models
    .filter(({ name }) => !routed.some(({ version }) => version === name))
    .map(({ name }): WantedVersion => ({ version: name, role: 'shadow', share: 1 }));
  return [...routed, ...others];
}

/** The version that is the primary of the routing, whose answers the level is about. */
export const activeOf = (spec: ServiceSpec, current: Rollout | null): string =>
  sharesOf(spec, current).find(({ role }) => role === 'primary')!.version;

/** A table, and what it was made of. */
export interface Routing {
  table: RoutingTable | null;
  routed: string;
}

/** What a table has beside who answers. */
export type Beside = Pick<RoutingTable, 'level' | 'threshold' | 'blind'>;

export const besideOf = (level: RoutingTable['level'], threshold: number | null, blind: number): Beside => ({
  level,
  ...(threshold === null ? {} : { threshold }),
  ...(blind === 0 ? {} : { blind }),
});

/**
 * The table that follows one, or is the first. That has epoch 1: a gateway, and /predict, route by a table of their own of epoch 0 until it comes, and what they say of that one is not
 * about this one.
 */
export function tableAfter(
  before: RoutingTable | null,
  service: string,
  shares: readonly WantedVersion[],
  beside: Beside,
): RoutingTable {
  if (before === null) return { ...firstTable({ service, seed: service, ...beside }, shares), epoch: 1 };
  const { threshold: _, blind: __, ...rest } = before;
  return nextTable({ ...rest, ...beside }, shares, beside.level);
}

/** The table that holds from here on; null: it is the one that holds already. */
export function nextRouting(
  { table, routed }: Routing,
  spec: ServiceSpec,
  { rollout, level, threshold }: ChainStep,
): { table: RoutingTable; routed: string } | null {
  const shares = sharesOf(spec, rollout);
  const beside = besideOf(level, threshold, spec.automation?.blind ?? 0);
  const now = JSON.stringify({ shares, ...beside });
  return now === routed ? null : { table: tableAfter(table, spec.service, shares, beside), routed: now };
}
