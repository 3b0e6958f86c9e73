import {
  type Alert,
  LEVELS,
  type Result,
  type Retrain,
  type ServiceSpec,
  type StreamName,
} from '../records.ts';
import { createSeriesStore, type SeriesStore } from './series.ts';
import type { ConsoleEvent, ConsoleSource, Light, ServiceView, StreamState, StreamView } from './source.ts';

const HISTORY_POINTS_MAX = 500;
const SERIES_MAX = 2_000;
const ALERTS_MAX = 200;
const RETRAINS_MAX = 200;
const FIRING_MAX = 1_000;

/** What the state is fed with: one record of a public topic. */
export interface ConsoleRecord {
  result?: Result;
  alert?: Alert;
  retrain?: Retrain;
}

type StateReads = 'services' | 'results' | 'history' | 'alerts' | 'retrains' | 'subscribe';

/** A bounded memory of what was published, the half of a ConsoleSource that needs no daemon. */
export interface ConsoleState extends Pick<ConsoleSource, StateReads> {
  /** Records of services that are not configured are ignored. The same record twice changes nothing. */
  apply(record: ConsoleRecord): void;
  /** Adds to a counter of a service: requests, predictions, labels, feedback, dead, late ... */
  count(service: string, name: string, delta: number): void;
  stream(service: string, stream: StreamName, state: StreamState, detail?: string): void;
}

interface ServiceState {
  name: string;
  description: string;
  series: SeriesStore;
  eventTimeMs: number | null;
  counts: Map<string, number>;
  /** The last transition of an alarm that fires, by fingerprint. */
  firing: Map<string, Alert>;
  streams: StreamView[];
}

function createService(spec: ServiceSpec): ServiceState {
  return {
    name: spec.service,
    description: spec.description,
    series: createSeriesStore(SERIES_MAX, HISTORY_POINTS_MAX),
    eventTimeMs: null,
    counts: new Map(),
    firing: new Map(),
    streams: spec.streams.map(({ stream, topic }) => ({ stream, topic, state: 'waiting', detail: '' })),
  };
}

function lightOf(service: ServiceState, firing: readonly Alert[]): Light {
  if (firing.some((alert) => alert.level === 'critical')) return 'red';
  if (firing.some((alert) => alert.level === 'warning')) return 'yellow';
  return service.eventTimeMs === null ? 'grey' : 'green';
}

function viewOf(service: ServiceState): ServiceView {
  const rank = (alert: Alert) => LEVELS.indexOf(alert.level);
  const firing = [...service.firing.values()].sort((a, b) => rank(b) - rank(a) || a.sinceMs - b.sinceMs);
  return {
    name: service.name,
    description: service.description,
    light: lightOf(service, firing),
    eventTimeMs: service.eventTimeMs,
    counts: Object.fromEntries(service.counts),
    firing,
    streams: service.streams.map((stream) => ({ ...stream })),
  };
}

/** Keeps the alarms that fire. Transitions of one alarm come in order; a repeated one changes nothing. */
function applyFiring(firing: Map<string, Alert>, alert: Alert): void {
  firing.delete(alert.fingerprint);
  if (alert.state === 'resolved') return;
  firing.set(alert.fingerprint, alert);
  if (firing.size > FIRING_MAX) {
    const oldest = firing.keys().next();
    if (!oldest.done) firing.delete(oldest.value);
  }
}

/** Newest first, each id once; false: it is known already. */
function remember<T extends { id: string }>(list: T[], record: T, max: number): boolean {
  if (list.some((known) => known.id === record.id)) return false;
  list.unshift(record);
  if (list.length > max) list.pop();
  return true;
}

/** An empty state of the configured services. Memory is bounded by the constants above, per service. */
export function createConsoleState(specs: readonly ServiceSpec[]): ConsoleState {
  const services = new Map(specs.map((spec) => [spec.service, createService(spec)]));
  const alerts: Alert[] = [];
  const retrains: Retrain[] = [];
  const listeners = new Set<(event: ConsoleEvent) => void>();
  const emit = (event: ConsoleEvent) => {
    for (const listener of listeners) listener(event);
  };

  return {
    apply({ result, alert, retrain }) {
      const service = services.get((result ?? alert ?? retrain)?.service ?? '');
      if (!service) return;
      if (result) {
        service.series.apply(result);
        service.eventTimeMs = Math.max(service.eventTimeMs ?? result.windowEndMs, result.windowEndMs);
        emit({ type: 'result', data: result });
      }
      if (alert && remember(alerts, alert, ALERTS_MAX)) {
        applyFiring(service.firing, alert);
        emit({ type: 'alert', data: alert });
      }
      if (retrain && remember(retrains, retrain, RETRAINS_MAX)) emit({ type: 'retrain', data: retrain });
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
    results: (name) => services.get(name)?.series.latest() ?? [],
    history: (name, key) => services.get(name)?.series.history(key) ?? [],
    alerts: () => [...alerts],
    retrains: () => [...retrains],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
