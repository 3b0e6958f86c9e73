import type { Alert, Command, Incident, Result, Retrain, RolloutRecord, StreamName } from '../records.ts';

/** grey: no results yet. */
export type Light = 'green' | 'yellow' | 'red' | 'grey';

/** waiting: nothing was read yet. missing: the topic does not exist. */
export type StreamState = 'waiting' | 'flowing' | 'idle' | 'missing' | 'failed';

export interface StreamView {
  stream: StreamName;
  topic: string;
  state: StreamState;
  /** One line for a person; '' where there is nothing to say. */
  detail: string;
}

export interface ServiceView {
  name: string;
  description: string;
  light: Light;
  /** Latest window end of any result; null before the first. */
  eventTimeMs: number | null;
  /** What the caller counts: requests, predictions, labels, feedback, dead, late ... */
  counts: Record<string, number>;
  /** Alarms that fire now, critical first, then the longest first. */
  firing: Alert[];
  /** How many incidents are open. */
  openIncidents: number;
  streams: StreamView[];
}

/** A step of a roll-out without plan, routing table and split, which are long; `level` is that of the last table, '' where none was read. */
export interface RolloutView extends Omit<RolloutRecord, 'spec' | 'split' | 'table'> {
  level: string;
}

export interface HealthView {
  live: boolean;
  ready: boolean;
  checks: { name: string; ok: boolean; detail: string }[];
}

/** Names one series of results of a service. */
export interface SeriesKey {
  metric: string;
  subject: string;
  model: string;
  segment: string;
}

export interface HistoryPoint {
  windowEndMs: number;
  value: number | null;
  n: number;
}

export type ConsoleEvent =
  | { type: 'result'; data: Result }
  | { type: 'alert'; data: Alert }
  | { type: 'incident'; data: Incident }
  | { type: 'retrain'; data: Retrain }
  | { type: 'rollout'; data: RolloutView }
  | { type: 'health'; data: HealthView };

/** What the console shows; every call answers at once from memory. */
export interface ConsoleSource {
  health(): HealthView;
  /** Already without secrets: it is served as it is. */
  config(): unknown;
  services(): ServiceView[];
  /** The newest result of every series; empty for an unknown service. */
  results(service: string): Result[];
  /** Oldest first, bounded. */
  history(service: string, key: SeriesKey): HistoryPoint[];
  /** Newest first, bounded. */
  alerts(): Alert[];
  /** The last record of every open incident: critical first, then the longest first; bounded. */
  incidents(): Incident[];
  /** Newest first, bounded. */
  retrains(): Retrain[];
  /** The last steps of every service, newest first within it; bounded. The first one of a service says where it stands. */
  rollouts(): RolloutView[];
  /** Returns the call that ends the subscription. Listeners must not throw. */
  subscribe(listener: (event: ConsoleEvent) => void): () => void;
  /** Resolves with the command when it is on the log. Rejects with a TelltaleError `usage` when it makes no sense. */
  command(asked: Omit<Command, 'id'>): Promise<Command>;
}
