/** Parts of the console as text, as a person reads them from top to bottom. */

import { type ComponentChildren, Fragment, h } from 'preact';
import { render } from 'preact-render-to-string';
import type { RolloutView, ServiceView } from '../../src/console/source.ts';
import { createConsoleState } from '../../src/console/state.ts';
import type { RolloutRecord } from '../../src/records.ts';
import { session } from '../../web/model/session.ts';
import { fault, silences } from '../../web/model/silences.ts';
import { alerts, incidents, retrains, rollouts, services } from '../../web/model/store.ts';
import { makeSpec } from '../console/records.ts';

export const html = (children: ComponentChildren): string => render(h(Fragment, null, children));

const ENTITIES: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' };

/** Texts, with a bar between those of different elements. */
export const textOf = (markup: string): string =>
  markup
    .replace(/<title>[^<]*<\/title>/g, '')
    .replace(/<[^>]+>/g, '|')
    .replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/(\s*\|\s*)+/g, '|')
    .replace(/^\||\|$/g, '');

export const text = (children: ComponentChildren): string => textOf(html(children));

/** The texts of the items of all lists. */
export const itemsOf = (markup: string): string[] =>
  [...markup.matchAll(/<li class="item[^"]*">(.*?)<\/li>/gs)].map(([, inner]) => textOf(inner!));

/** Forgets what is known, and that somebody with a role looks. */
export function reset(role: 'operator' | 'viewer' = 'operator'): void {
  for (const list of [alerts, incidents, retrains, rollouts, services]) list.value = [];
  silences.value = [];
  fault.value = '';
  session.value = { user: 'ann', role, auth: 'token', csrf: 'c' };
}

export const serviceOf = (over: Partial<ServiceView> = {}): ServiceView => ({
  ...{ name: 'fraud', description: '', light: 'green', eventTimeMs: null },
  ...{ counts: {}, firing: [], openIncidents: 0, streams: [] },
  ...over,
});

/** Records as the state of the console makes them steps, newest first. */
export function viewsOf(...records: RolloutRecord[]): RolloutView[] {
  const state = createConsoleState([makeSpec('fraud')]);
  for (const rollout of records) state.apply({ rollout });
  return state.rollouts();
}
