import {
  type Alert,
  type Incident,
  LEVELS,
  type Level,
  type Result,
  type Retrain,
  type RolloutRecord,
  type ServiceSpec,
  type StreamName,
} from '../records.ts';
import { factsOf, isWatched } from './facts.ts';
import { createSeriesStore, type SeriesStore } from './series.ts';
import type {
  ConsoleEvent,
  ConsoleSource,
  HeadlineView,
  Light,
  RolloutView,
  ServiceView,
  StreamState,
  StreamView,
} from './source.ts';

/** Of all series of a service together: few series reach further back. */
const POINTS_MAX = 200_000;
const HEADLINE_POINTS = 60;
const SERIES_MAX = 2_000;
const ALERTS_MAX = 200;
/** Records of incidents, by whose ids repeated ones are known. */
const INCIDENTS_MAX = 200;
const RETRAINS_MAX = 200;
/** Steps of roll-outs, of a service. */
const STEPS_MAX = 20;
/** Alarms that fire, and open incidents, of a service. */
const CURRENT_MAX = 1_000;

/** What the state is fed with: one record of a public topic. */
export interface ConsoleRecord {
  result?: Result;
  alert?: Alert;
  incident?: Incident;
  retrain?: Retrain;
  rollout?: RolloutRecord;
}

type StateReads =
  | 'services'
  | 'facts'
  | 'headlines'
  | 'results'
  | 'history'
  | 'alerts'
  | 'incidents'
  | 'incident'
  | 'pastIncidents'
  | 'retrains'
  | 'rollouts'
  | 'subscribe';

/** A bounded memory of what was published, the half of a ConsoleSource that needs no daemon. */
export interface ConsoleState extends Pick<ConsoleSource, StateReads> {
  /** Records of services that are not configured are ignored. The same record twice changes nothing. */
  apply(record: ConsoleRecord): void;
  /** Adds to a counter of a service: requests, predictions, labels, feedback, dead, late ... */
  count(service: string, name: string, delta: number): void;
  stream(service: string, stream: StreamName, state: StreamState, detail?: string): void;
}

interface ServiceState {
  spec: ServiceSpec;
  name: string;
  description: string;
  series: SeriesStore;
  eventTimeMs: number | null;
  counts: Map<string, number>;
  /** The last transition of an alarm that fires, by fingerprint. */
  firing: Map<string, Alert>;
  /** The last record of an incident that is open, by its incidentId. */
  open: Map<string, Incident>;
  /** Newest first. */
  steps: RolloutView[];
  streams: StreamView[];
}

function createService(spec: ServiceSpec): ServiceState {
  return {
    spec,
    name: spec.service,
    description: spec.description,
    series: createSeriesStore(SERIES_MAX, POINTS_MAX),
    eventTimeMs: null,
    counts: new Map(),
    firing: new Map(),
    open: new Map(),
    steps: [],
    streams: spec.streams.map(({ stream, topic }) => ({ stream, topic, state: 'waiting', detail: '' })),
  };
}

function lightOf(service: ServiceState, firing: readonly Alert[]): Light {
  if (firing.some((alert) => alert.level === 'critical')) return 'red';
  if (firing.some((alert) => alert.level === 'warning')) return 'yellow';
  return service.eventTimeMs === null ? 'grey' : 'green';
}

const byLevel = (a: { level: Level }, b: { level: Level }): number =>
  LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level);

function viewOf(service: ServiceState): ServiceView {
  const firing = [...service.firing.values()].sort((a, b) => byLevel(a, b) || a.sinceMs - b.sinceMs);
  return {
    name: service.name,
    description: service.description,
    light: lightOf(service, firing),
    eventTimeMs: service.eventTimeMs,
    counts: Object.fromEntries(service.counts),
    firing,
    openIncidents: service.open.size,
    streams: service.streams.map((stream) => ({ ...stream })),
  };
}

function headlineOf({ spec, series }: ServiceState): HeadlineView[] {
  const results = series.latest();
  for (const rule of factsOf(spec).rules) {
    const found = results.find((result) => isWatched(rule, result));
    if (found === undefined) continue;
    const { metric, subject, model, segment } = found;
    const points = series.history(found).slice(-HEADLINE_POINTS);
    return [
      {
        service: spec.service,
        rule: rule.name,
        series: { metric, subject, model, segment },
        points: points.map(({ windowEndMs, value }) => [windowEndMs, value]),
      },
    ];
  }
  return [];
}

/** The newest record of each incident, as far as it is over. */
function overOf(incidents: readonly Incident[]): Incident[] {
  const newest = new Map<string, Incident>();
  for (const incident of incidents)
    if (!newest.has(incident.incidentId)) newest.set(incident.incidentId, incident);
  return [...newest.values()].filter(({ state }) => state !== 'open');
}

/** Keeps what is not over: alarms that fire, incidents that are open. Records of one come in order. */
function keepCurrent<T>(current: Map<string, T>, key: string, record: T, isOver: boolean): void {
  current.delete(key);
  if (isOver) return;
  current.set(key, record);
  if (current.size > CURRENT_MAX) {
    const oldest = current.keys().next();
    if (!oldest.done) current.delete(oldest.value);
  }
}

/** Newest first, each id once; false: it is known already. */
function remember<T extends { id: string }>(list: T[], record: T, max: number): boolean {
  if (list.some((known) => known.id === record.id)) return false;
  list.unshift(record);
  if (list.length > max) list.pop();
  return true;
}

/** Records of a service are numbered and come in order; null: it is known already. */
function takeStep(
  steps: RolloutView[],
  { spec: _plan, split: _split, levelSeen: _seen, table, ...step }: RolloutRecord,
): RolloutView | null {
  const [last] = steps;
  if (last !== undefined && step.seq <= last.seq) return null;
  const level = table === '' ? (last?.level ?? '') : String(JSON.parse(table).level);
  const view = { ...step, level };
  steps.unshift(view);
  if (steps.length > STEPS_MAX) steps.pop();
  return view;
}

/** An empty state of the configured services. Memory is bounded by the constants above, per service. */
export function createConsoleState(specs: readonly ServiceSpec[]): ConsoleState {
  const services = new Map(specs.map((spec) => [spec.service, createService(spec)]));
  const alerts: Alert[] = [];
  const incidents: Incident[] = [];
  const retrains: Retrain[] = [];
  const listeners = new Set<(event: ConsoleEvent) => void>();
  const emit = (event: ConsoleEvent) => {
    for (const listener of listeners) listener(event);
  };

  return {
    apply({ result, alert, incident, retrain, rollout }) {
      const service = services.get((result ?? alert ?? incident ?? retrain ?? rollout)?.service ?? '');
      if (!service) return;
      if (result) {
        service.series.apply(result);
        service.eventTimeMs = Math.max(service.eventTimeMs ?? result.windowEndMs, result.windowEndMs);
        emit({ type: 'result', data: result });
      }
      if (alert && remember(alerts, alert, ALERTS_MAX)) {
        keepCurrent(service.firing, alert.fingerprint, alert, alert.state === 'resolved');
        emit({ type: 'alert', data: alert });
      }
      if (incident && remember(incidents, incident, INCIDENTS_MAX)) {
        keepCurrent(service.open, incident.incidentId, incident, incident.state !== 'open');
        emit({ type: 'incident', data: incident });
      }
      if (retrain && remember(retrains, retrain, RETRAINS_MAX)) emit({ type: 'retrain', data: retrain });
      const step = rollout ? takeStep(service.steps, rollout) : null;
      if (step) emit({ type: 'rollout', data: step });
    },
    count(name, counter, delta) {
      const counts = services.get(name)?.counts;
      counts?.set(counter, (counts.get(counter) ?? 0) + delta);
    },
    stream(name, stream, state, detail = '') {
      const view = services.get(name)?.streams.find((known) => known.stream === stream);
      if (view) Object.assign(view, { state, detail });
    },
    services: () => [...services.values()].map(viewOf),
    facts(name) {
      const service = services.get(name);
      return service === undefined ? null : factsOf(service.spec);
    },
    headlines: () => [...services.values()].flatMap(headlineOf),
    results: (name) => services.get(name)?.series.latest() ?? [],
    history: (name, key) => services.get(name)?.series.history(key) ?? [],
    alerts: () => [...alerts],
    incidents: () =>
      [...services.values()]
        .flatMap(({ open }) => [...open.values()])
        .sort((a, b) => byLevel(a, b) || a.onsetMs - b.onsetMs),
    incident: (incidentId) => {
      const known = incidents.filter((record) => record.incidentId === incidentId);
      if (known.length > 0) return known;
      const open = [...services.values()].flatMap((service) => service.open.get(incidentId) ?? []);
      return open;
    },
    pastIncidents: () => overOf(incidents),
    retrains: () => [...retrains],
    rollouts: () => [...services.values()].flatMap(({ steps }) => steps),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
