/** The routing table of a service, as it stands in JSON on a compacted topic (`telltale.routing`): who answers which share of the keys. */

import { BUCKETS } from './hash.ts';

export const TABLE_FORMAT = 'telltale-routing/1';

/**
 * primary, canary: answer their share of the keys. shadow: answers its share beside them, and is never acted upon. preview, previous: the next and the
 * last primary of a blue-green roll-out; they answer only where an override asks for them.
 */
export const ROLES = ['primary', 'canary', 'shadow', 'preview', 'previous'] as const;
export type Role = (typeof ROLES)[number];

/** How much the model decides by itself, rising. */
export const AUTOMATION_LEVELS = ['human_only', 'shadow', 'assist', 'partial', 'full'] as const;
export type AutomationLevel = (typeof AUTOMATION_LEVELS)[number];

/** Buckets [from, to) of 0..10000. */
export type Range = readonly [from: number, to: number];

export interface RoutedVersion {
  version: string;
  role: Role;
  /** 0..1, the width of `ranges` in ten-thousandths. */
  share: number;
  /** Rising, apart from each other. Those of primary and canaries together are all buckets, each once. */
  ranges: readonly Range[];
}

/** Where a caller may ask for a version by name; names of headers are in lower case. */
export interface OverrideNames {
  header?: string;
  cookie?: string;
}

export interface RoutingTable {
  format: typeof TABLE_FORMAT;
  service: string;
  /** Rises with every change; of two tables the one of the higher epoch holds. */
  epoch: number;
  /** Of the split. Another seed deals all keys anew. */
  seed: string;
  level: AutomationLevel;
  versions: readonly RoutedVersion[];
  /** 0..1; at level `partial` the model decides where its confidence reaches it. Absent: it decides nothing. */
  threshold?: number;
  /** 0..1 in ten-thousandths: share of the requests that people decide without the model's answer; see `isBlind`. Absent: none. */
  blind?: number;
  /** Absent: no caller may choose. */
  override?: OverrideNames;
}

/** What is wrong with a table, each fault with its place and cure in `faults`. */
export class RoutingError extends Error {
  readonly faults: readonly string[];
  constructor(what: string, faults: readonly string[]) {
    super(`${what}: ${faults.join('; ')}`);
    this.name = 'RoutingError';
    this.faults = faults;
  }
}

export const isActing = (role: Role): boolean => role === 'primary' || role === 'canary';

/** Buckets in ranges. */
export const widthOf = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, [from, to]) => sum + to - from, 0);

/** The version that answers whatever no canary does; in a blue-green roll-out the active one. */
export const activeOf = (table: RoutingTable): string =>
  table.versions.find(({ role }) => role === 'primary')!.version;

/** The version that waits for the switch; null: none. */
export const previewOf = (table: RoutingTable): string | null =>
  table.versions.find(({ role }) => role === 'preview')?.version ?? null;

/** Reads a table from JSON text. Throws a `RoutingError`. */
export function parseTable(text: string): RoutingTable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RoutingError('not a routing table', [`not JSON: ${(error as Error).message}`]);
  }
  return tableFrom(value);
}

/** The value itself if it is a table. Throws a `RoutingError`. */
export function tableFrom(value: unknown): RoutingTable {
  const faults = faultsOf(value);
  if (faults.length > 0) throw new RoutingError('not a routing table', faults);
  return value as RoutingTable;
}

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** What is wrong with a value as a table; empty: nothing. Fields that are not known are left alone. */
export function faultsOf(value: unknown): string[] {
  if (!isFields(value)) return [`a table is a JSON object, not ${shown(value)}`];
  const faults: string[] = [];
  if (value.format !== TABLE_FORMAT)
    faults.push(`format: ${shown(value.format)}; this client reads ${shown(TABLE_FORMAT)}`);
  for (const name of ['service', 'seed'])
    if (!isName(value[name])) faults.push(`${name}: give a text that is not empty`);
  if (!Number.isSafeInteger(value.epoch) || (value.epoch as number) < 0)
    faults.push(`epoch: ${shown(value.epoch)}; give a whole number from 0 on`);
  if (!AUTOMATION_LEVELS.includes(value.level as AutomationLevel))
    faults.push(`level: ${shown(value.level)}; one of ${AUTOMATION_LEVELS.join(', ')}`);
  for (const name of ['threshold', 'blind']) {
    const part = value[name];
    if (part !== undefined && !(typeof part === 'number' && part >= 0 && part <= 1))
      faults.push(`${name}: ${shown(part)}; give a number from 0 to 1, or leave it out`);
  }
  faults.push(...overrideFaults(value.override));
  if (!Array.isArray(value.versions)) return [...faults, 'versions: give a list'];
  const ofEach = value.versions.flatMap((one, i) => versionFaults(one, `versions[${i}]`));
  // How they fit together can be said only of versions that are right by themselves.
  return [...faults, ...(ofEach.length > 0 ? ofEach : togetherFaults(value.versions as RoutedVersion[]))];
}

function overrideFaults(value: unknown): string[] {
  if (value === undefined) return [];
  if (!isFields(value)) return ['override: give header, cookie or both, or leave it out'];
  const faults = ['header', 'cookie']
    .filter((name) => value[name] !== undefined && !isName(value[name]))
    .map((name) => `override.${name}: give a name, or leave it out`);
  if (isName(value.header) && value.header !== value.header.toLowerCase())
    faults.push(`override.header: ${shown(value.header)}; write it in lower case`);
  return faults;
}

function versionFaults(value: unknown, at: string): string[] {
  if (!isFields(value)) return [`${at}: give version, role, share and ranges`];
  const faults: string[] = [];
  if (!isName(value.version)) faults.push(`${at}.version: give a text that is not empty`);
  if (!ROLES.includes(value.role as Role))
    faults.push(`${at}.role: ${shown(value.role)}; one of ${ROLES.join(', ')}`);
  const { ranges } = value;
  if (!Array.isArray(ranges) || !ranges.every(isRange))
    return [...faults, `${at}.ranges: give pairs of whole numbers [from, to), 0 <= from < to <= ${BUCKETS}`];
  if (ranges.some(([from], i) => i > 0 && from < ranges[i - 1]![1]))
    faults.push(`${at}.ranges: let them rise without overlap`);
  const width = widthOf(ranges);
  if (value.share !== width / BUCKETS)
    faults.push(`${at}.share: ${shown(value.share)}, but its ranges hold ${width / BUCKETS}`);
  if ((value.role === 'preview' || value.role === 'previous') && width > 0)
    faults.push(`${at}: a ${value.role} version has no share; give it the role canary`);
  return faults;
}

const isRange = (value: unknown): value is Range =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every(Number.isInteger) &&
  value[0] >= 0 &&
  value[0] < value[1] &&
  value[1] <= BUCKETS;

function togetherFaults(versions: readonly RoutedVersion[]): string[] {
  const faults: string[] = [];
  const names = versions.map(({ version }) => version);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) faults.push(`versions: ${shown(twice)} stands there twice`);
  const primaries = versions.filter(({ role }) => role === 'primary').length;
  if (primaries !== 1) faults.push(`versions: ${primaries} are primary; exactly one must be`);
  const acting = versions
    .filter(({ role }) => isActing(role))
    .flatMap(({ version, ranges }) => ranges.map(([from, to]) => ({ version, from, to })))
    .sort((a, b) => a.from - b.from);
  let end = 0;
  for (const { version, from, to } of acting) {
    if (from > end) faults.push(`versions: nobody answers buckets ${end} to ${from}`);
    if (from < end)
      faults.push(`versions: ${shown(version)} has buckets from ${from} on that another has too`);
    end = Math.max(end, to);
  }
  if (end < BUCKETS) faults.push(`versions: nobody answers buckets ${end} to ${BUCKETS}`);
  return faults;
}
