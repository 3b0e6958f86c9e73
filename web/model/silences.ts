/** The silences that run, of all services. */

import { signal } from '@preact/signals';
import { createMatch } from '../../src/alarm/incident/matcher.ts';
import type { ServiceView, SilenceView } from '../../src/console/source.ts';
import type { Matcher } from '../../src/records.ts';
import { get } from './api.ts';

/** The first to end first; null: not read yet. */
export const silences = signal<SilenceView[] | null>(null);
/** Why they could not be read when it was tried last; '': they were. */
export const fault = signal('');

export async function readSilences(): Promise<void> {
  try {
    silences.value = await get<SilenceView[]>('/api/silences');
    fault.value = '';
  } catch (error) {
    fault.value = (error as Error).message;
  }
}

function textWords(field: string, text: string): string {
  if (text === '') return `no ${field}`;
  return text === '*' ? `any ${field}` : `${field} ${text}`;
}

/** `rule drift, segment country=* or plan=pro, any model`. */
export function matchWords(match: Matcher): string {
  const parts = Object.entries(match).flatMap(([field, texts]) => {
    const [first, ...others] = texts;
    return first === undefined ? [] : [[textWords(field, first), ...others].join(' or ')];
  });
  return parts.length === 0 ? 'every alarm' : parts.join(', ');
}

/** How many of the alarms that fire nobody is told of because of it, by event time. */
export function mutedBy({ match, fromMs, untilMs }: SilenceView, service: ServiceView | undefined): number {
  const atMs = service?.eventTimeMs ?? null;
  if (service === undefined || atMs === null || atMs < fromMs || atMs >= untilMs) return 0;
  return service.firing.filter(createMatch(match)).length;
}
