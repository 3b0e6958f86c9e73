/** The section `incidents` of a service, as the fold of incidents reads it. */

import { assert } from '../errors.ts';
import { createWildcard } from '../math/wildcard.ts';
import { type IncidentSpec, MATCH_FIELDS, type Matcher, type ServiceSpec } from '../records.ts';
import { DAYS, type MaintenanceShape, type MatcherShape } from './incidents-shape.ts';
import type { Registries } from './types.ts';
import type { View } from './view.ts';

/** Nothing where the file says nothing, so that digests stay. */
export function incidentsOf({ incidents }: View, registries: Registries): Pick<ServiceSpec, 'incidents'> {
  if (incidents === undefined) return {};
  assert(incidents !== null, 'a spec is built only of a view without broken entries');
  const spec: IncidentSpec = {
    withinMs: incidents.within,
    sharesInputs: incidents.share_inputs,
    groupWaitMs: incidents.group_wait,
    groupIntervalMs: incidents.group_interval,
    repeatIntervalMs: incidents.repeat_interval,
    storm: incidents.storm,
    inhibit: incidents.inhibit.map(({ source, target, equal }) => ({
      source: matcherOf(source, registries),
      target: matcherOf(target, registries),
      equal: [...new Set(equal)],
    })),
    maintenance: incidents.maintenance.map((shape) => ({
      name: shape.name,
      match: matcherOf(shape.match, registries),
      when: whenOf(shape),
    })),
  };
  return { incidents: spec };
}

/** Kinds become the names of their metrics, so that nobody else has to know them. */
export function matcherOf({ kind, metric, ...rest }: MatcherShape, { metrics }: Registries): Matcher {
  const given: Matcher = { ...rest, metric: kind === undefined ? metric : metricsOf(kind, metric, metrics) };
  const entries = MATCH_FIELDS.flatMap((field) =>
    given[field] === undefined ? [] : [[field, given[field]]],
  );
  return Object.fromEntries(entries) as Matcher;
}

/** Of the kinds, those that fit one of the patterns; without patterns all. */
function metricsOf(
  kinds: readonly string[],
  patterns: readonly string[] = ['*'],
  metrics: Registries['metrics'],
): string[] {
  const fits = patterns.map(createWildcard);
  const found = [...metrics].filter(
    ([name, { family }]) => kinds.includes(family) && fits.some((isFit) => isFit(name)),
  );
  return found.map(([name]) => name);
}

function whenOf({ from, to, days = [...DAYS], timezone = 'UTC' }: MaintenanceShape) {
  if ('atMs' in from && 'atMs' in to) return { fromMs: from.atMs, toMs: to.atMs };
  assert('minute' in from && 'minute' in to, 'the checks ask for two of one form');
  const numbers = DAYS.flatMap((day, i) => (days.includes(day) ? [i + 1] : []));
  return { days: numbers, fromMinute: from.minute, toMinute: to.minute, timezone };
}
