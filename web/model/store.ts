/** What is shown of all services: read once, then kept by events of the daemon. */

import { computed, signal } from '@preact/signals';
import type { HeadlineView, HealthView, RolloutView, ServiceView } from '../../src/console/source.ts';
import type { Alert, Incident, Result, Retrain } from '../../src/records.ts';
import { ApiError, get } from './api.ts';
import { keyOf } from './format.ts';
import { readSession } from './session.ts';
import { LEVEL_RANKS } from './words.ts';

const RECORDS_MAX = 200;
const HEADLINE_POINTS = 60;
const RETRY_MS = 5_000;

export const services = signal<ServiceView[]>([]);
export const alerts = signal<Alert[]>([]);
export const incidents = signal<Incident[]>([]);
export const retrains = signal<Retrain[]>([]);
export const rollouts = signal<RolloutView[]>([]);
export const headlines = signal<HeadlineView[]>([]);
export const health = signal<HealthView | null>(null);
export const connected = signal(false);
/** Whether all has been read once. */
export const loaded = signal(false);
/** Counts up when all must be read anew, since events were missed. */
export const refreshes = signal(0);
/** What readers of screens are told. */
export const spoken = signal('');

export const clock = computed(() => {
  const times = services.value.flatMap(({ eventTimeMs }) => (eventTimeMs === null ? [] : [eventTimeMs]));
  return times.length === 0 ? null : Math.max(...times);
});

export const openIncidents = computed(() =>
  [...incidents.value].sort((a, b) => LEVEL_RANKS[b.level] - LEVEL_RANKS[a.level] || a.onsetMs - b.onsetMs),
);

/** The newest record of each request for retraining, newest first. */
export const requests = computed(() => {
  const newest = new Map<string, Retrain>();
  for (const record of retrains.value) {
    const key = `${record.service} ${record.retrainId}`;
    if (!newest.has(key)) newest.set(key, record);
  }
  return [...newest.values()];
});

/** The steps of each service, newest first. */
export const stepsByService = computed(() => {
  const steps = new Map<string, RolloutView[]>();
  for (const step of [...rollouts.value].sort((a, b) => b.seq - a.seq))
    steps.set(step.service, [...(steps.get(step.service) ?? []), step]);
  return new Map([...steps].sort(([a], [b]) => (a < b ? -1 : 1)));
});

/** The last step of each roll-out that came before the one of now, newest first. */
export const earlierRollouts = computed(() =>
  [...stepsByService.value.values()]
    .flatMap((steps) => {
      const seen = new Set([steps[0]?.rolloutId]);
      return steps.filter((step) => {
        const isEarlier = isPlanned(step) && !seen.has(step.rolloutId);
        seen.add(step.rolloutId);
        return isEarlier;
      });
    })
    .sort((a, b) => b.atMs - a.atMs),
);

/** Why the level of a service does not rise, as it was told last; '': it has changed since, or may rise. */
export function levelWaits(service: string): string {
  const last = stepsByService.value.get(service)?.find(({ event }) => event.startsWith('level'));
  return last?.event === 'level_waits' ? last.reason : '';
}

export const isPlanned = ({ stages }: RolloutView): boolean => stages > 0;

/** Roll-outs and levels that a person may decide on now. */
export const waitingSteps = computed(() =>
  [...stepsByService.value.values()].flatMap(([now]) =>
    now !== undefined && (now.status === 'waiting' || now.event === 'level_open') ? [now] : [],
  ),
);

export const waitingRequests = computed(() =>
  requests.value.filter(({ state, mode }) => state === 'requested' && mode === 'manual'),
);

function remember<T extends { id: string }>(list: readonly T[], record: T): T[] {
  return list.some(({ id }) => id === record.id) ? [...list] : [record, ...list].slice(0, RECORDS_MAX);
}

export function takeIncident(incident: Incident): void {
  const others = incidents.value.filter(({ incidentId }) => incidentId !== incident.incidentId);
  incidents.value = incident.state === 'open' ? [...others, incident] : others;
}

export function takeAlert(alert: Alert): void {
  alerts.value = remember(alerts.value, alert);
  const what = alert.state === 'firing' ? `fires, ${alert.level}` : 'resolved';
  spoken.value = `${alert.service}: ${alert.rule} ${what}`;
}

export const takeRetrain = (record: Retrain): void => {
  retrains.value = remember(retrains.value, record);
};

/** More than other records: each service has twenty of its own. */
export const takeStep = (step: RolloutView): void => {
  if (!rollouts.value.some(({ id }) => id === step.id)) rollouts.value = [step, ...rollouts.value];
};

/** A point of a window that is known is replaced: it is a later revision. */
export function withPoint<P extends [number, ...unknown[]]>(past: readonly P[], point: P, max: number): P[] {
  let at = past.length;
  while (at > 0 && past[at - 1]![0] >= point[0]) at--;
  const replaced = at < past.length && past[at]![0] === point[0] ? 1 : 0;
  return [...past.slice(0, at), point, ...past.slice(at + replaced)].slice(-max);
}

const listeners = new Set<(results: readonly Result[]) => void>();

/** Returns the call that ends it. */
export function onResults(listener: (results: readonly Result[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function takeResults(results: readonly Result[]): void {
  const byKey = new Map(results.map((result) => [`${result.service} ${keyOf(result)}`, result]));
  let isNew = false;
  const next = headlines.value.map((headline) => {
    const found = byKey.get(`${headline.service} ${keyOf(headline.series)}`);
    if (found === undefined) return headline;
    isNew = true;
    const points = withPoint(headline.points, [found.windowEndMs, found.value], HEADLINE_POINTS);
    return { ...headline, points };
  });
  if (isNew) headlines.value = next;
  const known = new Set(headlines.value.map(({ service }) => service));
  if (results.some(({ service }) => !known.has(service))) void readHeadlines();
  for (const listener of listeners) listener(results);
}

let readingHeadlines = false;
async function readHeadlines(): Promise<void> {
  if (readingHeadlines) return;
  readingHeadlines = true;
  // A service without rules never has one: it is not asked for with each event.
  setTimeout(() => {
    readingHeadlines = false;
  }, RETRY_MS);
  headlines.value = await get<HeadlineView[]>('/api/headlines').catch(() => headlines.value);
}

async function readAll(): Promise<void> {
  await readSession();
  const read = <T>(name: string) => get<T>(`/api/${name}`);
  const found = await Promise.all([
    read<ServiceView[]>('services'),
    read<Alert[]>('alerts'),
    read<Incident[]>('incidents'),
    read<Retrain[]>('retrains'),
    read<RolloutView[]>('rollouts'),
    read<HeadlineView[]>('headlines'),
  ]);
  [services.value, alerts.value, incidents.value, retrains.value, rollouts.value, headlines.value] = found;
  if (loaded.value) refreshes.value++;
  loaded.value = true;
}

/** Connects for good; a lost connection is tried again by the browser, and a refused one by us. */
export function connect(): void {
  const events = new EventSource('/api/events');
  const on = <T>(type: string, take: (data: T) => void) =>
    events.addEventListener(type, (event) => take(JSON.parse((event as MessageEvent<string>).data)));
  const load = () =>
    readAll().catch((error) => {
      connected.value = false;
      if (error instanceof ApiError && error.status === 401) return;
      setTimeout(load, RETRY_MS);
    });
  events.addEventListener('open', () => {
    connected.value = true;
    void load();
  });
  events.addEventListener('error', () => {
    connected.value = false;
    if (events.readyState !== EventSource.CLOSED) return;
    readSession().catch(() => {});
    setTimeout(connect, RETRY_MS);
  });
  on('refresh', load);
  on('result', takeResults);
  on<HealthView>('health', (next) => {
    health.value = next;
  });
  on<ServiceView[]>('services', (next) => {
    services.value = next;
  });
  on('alert', takeAlert);
  on('incident', takeIncident);
  on('retrain', takeRetrain);
  on('rollout', takeStep);
}
