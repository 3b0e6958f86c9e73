/** Routing tables once more: who answers follows from plan and status of a record, the buckets from the table before. */

import { canonicalJson } from '../../config/digest.ts';
import { messageOf } from '../../errors.ts';
import { tableAfter } from '../../flow/rollout-tables.ts';
import type { RolloutRecord, RolloutSpec, ServiceSpec } from '../../records.ts';
import { createRollout, type RolloutState } from '../../rollout/machine.ts';
import { type Routed, routedOf } from '../../rollout/routing.ts';
import { parseTable, type RoutingTable } from '../../router/table.ts';
import type { Placed } from '../rollout/records.ts';
import { type Fault, faultOf } from './chain.ts';

export interface TablesAudit {
  /** Records whose table, or that there is none, follows from them. */
  checked: number;
  faults: Fault[];
}

/**
 * Models beside the roll-out are shadows of everything; which there are stands in the configuration alone, so that they are taken as the table has them where that is another one now.
 *
 * @param records of one service, in order
 * @param spec of the service as it is configured now; null: it is not known
 */
export function auditTables(records: readonly Placed[], spec: ServiceSpec | null): TablesAudit {
  const audit: TablesAudit = { checked: 0, faults: [] };
  let before: RoutingTable | null = null;
  let lastSeq = 0;
  /** Of a gap nobody knows which table it ended with. */
  let isKnown = true;
  /** When the candidate of a roll-out became the primary, by the id of the roll-out. */
  const promotedMs = new Map<string, number>();
  for (const one of records) {
    const { record } = one;
    isKnown = isKnown && record.seq === lastSeq + 1;
    lastSeq = record.seq;
    if (record.event === 'promoted') promotedMs.set(record.rolloutId, record.atMs);
    try {
      const ways = waysOf(record, promotedMs.get(record.rolloutId) ?? record.atMs);
      const fault = isKnown ? faultIn(record, ways, before, spec) : null;
      if (fault !== null) audit.faults.push(faultOf(one, fault));
      else if (isKnown) audit.checked++;
      if (record.table === '') continue;
      before = parseTable(record.table);
      isKnown = true;
    } catch (error) {
      audit.faults.push(faultOf(one, `its routing table cannot be computed: ${messageOf(error)}`));
    }
  }
  return audit;
}

/** Who answers. Commands do not say how far time had gone on for the roll-out, so that after a promotion the last primary may be kept or not. */
function waysOf(record: RolloutRecord, promotedMs: number): Routed[][] {
  const { status, primary, candidate, stage, atMs, by } = record;
  if (status === 'none') return [[{ version: primary, role: 'primary', share: 1 }]];
  const plan = JSON.parse(record.spec) as RolloutSpec;
  const state: RolloutState = {
    ...createRollout(primary),
    ...{ phase: status, candidate, stage, isDryRun: plan.isDryRun, clockMs: atMs, sinceMs: promotedMs },
  };
  const clocks = status === 'promoted' && by !== '' ? [atMs, promotedMs] : [atMs];
  return clocks.map((clockMs) => routedOf({ ...plan, onDeadline: 'rollback' }, { ...state, clockMs }));
}

function faultIn(
  record: RolloutRecord,
  ways: readonly Routed[][],
  before: RoutingTable | null,
  spec: ServiceSpec | null,
): string | null {
  const table = record.table === '' ? null : parseTable(record.table);
  const { versions } = table ?? before ?? { versions: [] };
  const routed = ways.find((way) => isRouted(versions, way));
  if (routed === undefined) {
    const who = textOf(ways[0]!);
    return table === null
      ? `it has no routing table, and ${who} follows from it`
      : `by its routing table ${textOf(versions)}, and ${who} follows from it`;
  }
  if (table === null) return null;
  const { service, level, threshold, blind } = table;
  const beside = {
    level,
    ...(threshold !== undefined && { threshold }),
    ...(blind !== undefined && { blind }),
  };
  const others = versions.slice(routed.length).map(({ version }) => version);
  const wanted = spec?.models.map(({ name }) => name).filter((name) => !isIn(routed, name));
  if (spec?.digest === record.configDigest && others.join() !== wanted?.join())
    return `beside the roll-out its routing table has '${others.join(', ')}', and the configuration '${wanted?.join(', ')}'`;
  const next = tableAfter(before, record.service, versions, beside);
  return service === record.service && canonicalJson(next) === canonicalJson(table)
    ? null
    : `its routing table does not follow from that before: computed again, epoch ${next.epoch} and ${bucketsOf(next)}, not ${table.epoch} and ${bucketsOf(table)}`;
}

const isIn = (routed: readonly Routed[], name: string): boolean =>
  routed.some(({ version }) => version === name);

/** Those of the roll-out come first, and all others are shadows. */
const isRouted = (versions: readonly Routed[], routed: readonly Routed[]): boolean =>
  versions.length >= routed.length &&
  versions.every(({ version, role, share }, i) => {
    const own = routed[i];
    return own === undefined
      ? role === 'shadow' && share === 1
      : own.version === version && own.role === role && Math.abs(own.share - share) < 1e-9;
  });

const textOf = (versions: readonly Routed[]): string =>
  versions.map(({ version, role, share }) => `${version} is ${role} with ${share}`).join(', ');

const bucketsOf = ({ versions }: RoutingTable): string =>
  versions.map(({ version, ranges }) => `${version} ${JSON.stringify(ranges)}`).join(' ');
