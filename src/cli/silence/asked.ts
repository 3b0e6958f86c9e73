/** The options of `telltale silence add`, as a silence. */

import { matcherOf } from '../../config/incidents.ts';
import { FAMILIES, type MatcherShape } from '../../config/incidents-shape.ts';
import { durationMs, instant } from '../../config/scalar-shapes.ts';
import { nearest } from '../../config/suggest.ts';
import type { Registries } from '../../config/types.ts';
import { TelltaleError } from '../../errors.ts';
import { createWildcard } from '../../math/wildcard.ts';
import { LEVELS, MATCH_FIELDS, type Matcher, type ServiceSpec, type SilenceSpec } from '../../records.ts';

export interface AddOptions {
  service: string;
  match: string[];
  all?: boolean;
  for?: string;
  from?: string;
  until?: string;
  by: string;
  reason: string;
}

const LONGEST_DAYS = 366;
const DAY_MS = 86_400_000;
const FIELDS: readonly string[] = [...MATCH_FIELDS, 'kind'];

/** @throws TelltaleError usage, with the option that is meant and what may stand there */
export function silenceOf(
  options: AddOptions,
  spec: ServiceSpec,
  registries: Registries,
  nowMs: number,
): SilenceSpec {
  const match = matchOf(options, spec, registries);
  const fromMs = options.from === undefined ? nowMs : instantOf('--from', options.from);
  const untilMs = untilOf(options, fromMs);
  if (untilMs <= fromMs)
    throw wrong(`--until: ${isoOf(untilMs)} is not after ${isoOf(fromMs)}, where the silence begins`);
  if (untilMs - fromMs > LONGEST_DAYS * DAY_MS)
    throw wrong(
      `a silence lasts ${LONGEST_DAYS} days at most; what is expected every week is a maintenance window of the service`,
    );
  return { match, fromMs, untilMs };
}

const wrong = (message: string): TelltaleError => new TelltaleError('usage', message);
const isoOf = (atMs: number): string => new Date(atMs).toISOString();

function untilOf(options: AddOptions, fromMs: number): number {
  if ((options.for === undefined) === (options.until === undefined))
    throw wrong('say how long with either --for 2h or --until 2026-12-01T22:00Z');
  if (options.until !== undefined) return instantOf('--until', options.until);
  const lastsMs = durationMs(options.for ?? '');
  if (lastsMs === null || lastsMs === 0)
    throw wrong(`--for: '${options.for}' is not a duration longer than 0 such as 30m, 2h, 7d`);
  return fromMs + lastsMs;
}

function instantOf(option: string, text: string): number {
  const found = instant.safeParse(text);
  if (found.success) return found.data;
  throw wrong(`${option}: '${text}' is not a time with its zone such as 2026-12-01T22:00Z`);
}

function matchOf({ match, all }: AddOptions, spec: ServiceSpec, registries: Registries): Matcher {
  if (all === true && match.length > 0)
    throw wrong('--all is for every alarm of the service, --match for some');
  if (all !== true && match.length === 0)
    throw wrong('say which alarms with --match rule=drift, or --all for every alarm of the service');
  const shape: Record<string, string[]> = {};
  for (const given of match) {
    const [field, text] = fieldOf(given);
    checkText(field, text, spec, registries);
    shape[field] = [...(shape[field] ?? []), text];
  }
  const found = matcherOf(shape as MatcherShape, registries);
  if (found.metric?.length === 0) throw wrong('--match: no metric is of both the kind and the metric');
  return found;
}

/** At the first `=`: segments have more of them. */
function fieldOf(given: string): [field: string, text: string] {
  const equals = given.indexOf('=');
  const field = given.slice(0, Math.max(0, equals));
  if (equals < 0) throw wrong(`--match: '${given}' is not of the form field=text, such as rule=drift`);
  if (!FIELDS.includes(field)) throw wrong(unknown('field', field, FIELDS));
  return [field, given.slice(equals + 1)];
}

function checkText(field: string, text: string, spec: ServiceSpec, { metrics, evidence }: Registries): void {
  const rules = spec.rules.map(({ name }) => name);
  const known: Record<string, readonly string[]> = {
    rule: spec.budget === undefined ? rules : [...rules, 'budget'],
    metric: [...metrics.keys(), ...(evidence?.keys() ?? []), ''],
    level: LEVELS,
    kind: FAMILIES,
  };
  const names = known[field];
  const fits = field === 'kind' ? (name: string) => name === text : createWildcard(text);
  if (names !== undefined && !names.some(fits)) throw wrong(unknown(field, text, names));
}

function unknown(what: string, found: string, allowed: readonly string[]): string {
  const meant = nearest(found, allowed);
  const shown = allowed.filter((name) => name !== '').join(', ');
  const hint = meant === null ? '' : `; did you mean '${meant}'?`;
  return `--match: no ${what} '${found}', allowed: ${shown === '' ? 'none' : shown}${hint}`;
}
