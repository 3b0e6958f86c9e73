/** The headers with which the record of a request on the log says who answered it, so that the split and the exposure of a roll-out can be checked. */

import type { Route } from './route.ts';

export const ROUTED_HEADERS = {
  /** The version that answered. */
  version: 'telltale-version',
  /** Of the table by which it was routed: a whole number in decimal digits. */
  epoch: 'telltale-epoch',
  /** What decided; see `RoutedBy`. */
  by: 'telltale-by',
  /** Who decided; see `RoutedDecision`. */
  decided: 'telltale-decided',
} as const;

/**
 * id: the id of the request, so that each one goes its own way. key: another key, whose requests stay together. override: the caller. Only those
 * routed by their id say something about the split: requests of one key are not independent.
 */
export type RoutedBy = 'id' | 'key' | 'override';

/** Who decides on a request. person: one who is shown the answer of the model; blind: one who is not. */
export const ROUTED_DECISIONS = ['model', 'person', 'blind'] as const;
export type RoutedDecision = (typeof ROUTED_DECISIONS)[number];

/** The headers of the record of a request. `key` is what it was routed by; without `decided` nothing is said of who decides. */
export const routedHeaders = (
  { version, epoch, by }: Pick<Route, 'version' | 'epoch' | 'by'>,
  key: 'id' | 'key',
  decided?: RoutedDecision,
): Record<string, string> => ({
  [ROUTED_HEADERS.version]: version,
  [ROUTED_HEADERS.epoch]: String(epoch),
  [ROUTED_HEADERS.by]: (by === 'override' ? by : key) satisfies RoutedBy,
  ...(decided === undefined ? {} : { [ROUTED_HEADERS.decided]: decided }),
});
