/** The dashboards as files: `npm run dashboards` writes them. */

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { daemon } from './daemon.ts';
import { drift } from './drift.ts';
import { overview } from './overview.ts';
import { rollout } from './rollout.ts';
import { serviceDashboard } from './service.ts';

export const DASHBOARDS: readonly Dashboard[] = [overview, serviceDashboard, drift, rollout, daemon];

export const fileOf = ({ uid }: Dashboard): string => `${uid?.replace('telltale-', '')}.json`;

export const textOf = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;
