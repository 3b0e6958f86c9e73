/** `telltale/router`: what gateways and producers need to follow the routing of a service. It has no dependencies. */

export { isBlind } from './blind.ts';
export { BUCKETS, bucketOf, hashShare } from './hash.ts';
export {
  ROUTED_DECISIONS,
  ROUTED_HEADERS,
  type RoutedBy,
  type RoutedDecision,
  routedHeaders,
} from './headers.ts';
export { askedFor, type Headers, type Route, route } from './route.ts';
export { createRouter, type Router, type Update } from './router.ts';
export { firstTable, nextTable, type WantedVersion } from './shares.ts';
export {
  AUTOMATION_LEVELS,
  type AutomationLevel,
  activeOf,
  faultsOf,
  type OverrideNames,
  parseTable,
  previewOf,
  type Range,
  ROLES,
  type Role,
  type RoutedVersion,
  RoutingError,
  type RoutingTable,
  TABLE_FORMAT,
  tableFrom,
} from './table.ts';
