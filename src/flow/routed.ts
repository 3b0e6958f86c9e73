/**
 * Who answered the requests of a service and who decided on them, as the headers of their records say; of a service with a roll-out counts by version, and by version
 * and routing table. Anybody may write such headers, so what is kept of them is bounded.
 */

import { type Counters, count } from '../profile/counters.ts';
import { keyText } from '../profile/track.ts';
import type { Batch, LogRecord, RoutedColumn, ServiceSpec } from '../records.ts';
import type { Answered } from '../rollout/exposure.ts';
import { ROUTED_DECISIONS, ROUTED_HEADERS, type RoutedBy, type RoutedDecision } from '../router/headers.ts';

/** The track of a window with these counts. */
export const ROUTED_KEY = keyText({ role: 'routed', model: '', subject: '' });

/** Pairs of version and table that one source counts in a pane; a service has a table at a time, and its gateways follow soon. */
export const PAIRS_MAX = 64;
/** What is above it. */
export const OTHER = 'other';

/** Digits of a whole number that is exact. */
const EPOCH = /^(?:0|[1-9]\d{0,14})$/;
/** No header that says something is longer. */
const HEADER_BYTES_MAX = 1_024;

const BY_ID: RoutedBy = 'id';

function textOf(headers: LogRecord['headers'], name: string): string | null {
  const value = headers[name];
  return value === undefined || value.length > HEADER_BYTES_MAX ? null : value.toString('utf8');
}

/** Whether what the headers of requests say is looked at. */
export const readsRouted = ({ models, rollout, automation }: RoutedService): boolean =>
  models.length > 0 && (rollout !== undefined || automation !== undefined);
type RoutedService = Pick<ServiceSpec, 'models' | 'rollout' | 'automation'>;

/** Adds to a batch what the headers of its records say. `records` are those that it was decoded from. */
export function readRouted(spec: RoutedService, records: readonly LogRecord[], batch: Batch): void {
  if (!readsRouted(spec)) return;
  const { models } = spec;
  const answered = new Int32Array(batch.n).fill(-1);
  const epochs = new Float64Array(batch.n).fill(-1);
  const decided = new Int8Array(batch.n).fill(-1);
  let isSaid = false;
  for (let row = 0, at = 0; row < batch.n; row++) {
    while (records[at]!.offset !== batch.offsets[row]) at++;
    const { headers } = records[at]!;
    decided[row] = ROUTED_DECISIONS.indexOf(textOf(headers, ROUTED_HEADERS.decided) as RoutedDecision);
    isSaid ||= decided[row]! >= 0;
    const version = textOf(headers, ROUTED_HEADERS.version);
    if (version === null) continue;
    isSaid = true;
    const model = models.findIndex(({ name }) => name === version);
    answered[row] = model < 0 ? models.length : model;
    const epoch = textOf(headers, ROUTED_HEADERS.epoch) ?? '';
    if (textOf(headers, ROUTED_HEADERS.by) === BY_ID && EPOCH.test(epoch)) epochs[row] = Number(epoch);
  }
  if (isSaid) batch.routed = { answered, epochs, decided };
}

/** Counts the first `n` of `rows`: `=VERSION` all that a version has answered, `EPOCH=VERSION` those that speak of the split; '' is a version that is no model. */
export function countRouted(
  state: Counters,
  versions: readonly string[],
  { answered, epochs }: RoutedColumn,
  rows: Int32Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const row = rows[i]!;
    const model = answered[row]!;
    if (model < 0) continue;
    const version = versions[model] ?? '';
    // Of a service's own models there are few, so that the exposure is exact whatever strangers write.
    if (version !== '') count(state, `=${version}`, 1);
    if (epochs[row]! < 0) continue;
    const pair = `${epochs[row]!}=${version}`;
    count(state, state.has(pair) || pairsOf(state) < PAIRS_MAX ? pair : OTHER, 1);
  }
}

function pairsOf(state: Counters): number {
  let pairs = 0;
  for (const name of state.keys()) if (name !== OTHER && !name.startsWith('=')) pairs++;
  return pairs;
}

/** What a track of `ROUTED_KEY` holds; '' is a version that is no model. */
export function routedCounts(state: Counters): Answered[] {
  const found: Answered[] = [];
  for (const [name, n] of state) {
    const at = name.indexOf('=');
    if (at < 0) continue;
    found.push({ version: name.slice(at + 1), epoch: at === 0 ? null : Number(name.slice(0, at)), n });
  }
  return found;
}

/** The counts of both. */
export function sumRouted(a: readonly Answered[], b: readonly Answered[]): Answered[] {
  const byName = new Map<string, Answered>();
  for (const one of [...a, ...b]) {
    const name = `${one.epoch ?? ''}=${one.version}`;
    byName.set(name, { ...one, n: (byName.get(name)?.n ?? 0) + one.n });
  }
  return [...byName.values()];
}
