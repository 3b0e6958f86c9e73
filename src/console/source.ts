import type {
  Alert,
  Command,
  Incident,
  Level,
  OutputType,
  Result,
  Retrain,
  RolloutRecord,
  SilenceSpec,
  StreamName,
} from '../records.ts';

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

/** A step of a roll-out without plan, routing table, split and what a level rests on, which are long; `level` is that of the last table, '' where none was read. */
export interface RolloutView extends Omit<RolloutRecord, 'spec' | 'split' | 'levelSeen' | 'table'> {
  level: string;
}

export interface HealthCheck {
  name: string;
  ok: boolean;
  /** What fails with it. */
  needed: 'live' | 'ready' | 'nothing';
  detail: string;
  /** Since when it says so; RFC 3339. */
  since: string;
}

export interface HealthView {
  /** The process does its work, or waits for others who are away; if not, it should be started again. */
  live: boolean;
  /** It keeps up with what it is to read. */
  ready: boolean;
  /** Something is away that does not hold up the rest, such as a sink. */
  degraded: boolean;
  checks: HealthCheck[];
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
  /** 95 % interval; null: there is none. */
  low: number | null;
  high: number | null;
  n: number;
}

/** A rule that has thresholds, and what they are of; `*` and `each` stand for several series. */
export interface RuleView extends SeriesKey {
  name: string;
  thresholds: { level: Level; op: string; value: number }[];
}

/** What pages show of a service's configuration. */
export interface ServiceFacts {
  windowMs: number;
  inputs: string[];
  outputs: { name: string; type: OutputType }[];
  models: { name: string; role: 'primary' | 'shadow' }[];
  segments: string[][];
  rules: RuleView[];
  budget: { alarms: number; periodMs: number } | null;
  /** How far before the onset training data begin; null: the service never asks for retraining. */
  lookbackMs: number | null;
  hasRollout: boolean;
}

/** The series that stands for a service at a glance: that of the first rule that has results. */
export interface HeadlineView {
  service: string;
  rule: string;
  series: SeriesKey;
  /** [windowEndMs, value], oldest first. */
  points: [number, number | null][];
}

/** Counts of a window beside those of its reference, over the same cells. */
export interface Distribution {
  /** input: values of an input. class, score: answers of a model. */
  role: 'input' | 'class' | 'score';
  subject: string;
  model: string;
  names: string[];
  /** Borders of the cells but the first and the last, which lie outside of them; null: categories. */
  borders: number[] | null;
  reference: number[];
  current: number[];
}

/** Labelled answers of a model by their score. */
export interface Calibration {
  model: string;
  output: string;
  /** yes: the score is that of the positive class. right: of the chosen one, and `hits` counts right answers. */
  of: 'yes' | 'right';
  /** Answers by score, rising: the mean score, how many, how many hits, and the 95 % interval of their share. */
  bins: { score: number; n: number; hits: number; low: number; high: number }[];
  /** Answers of at least a confidence: their share of all, and the share of wrong ones among them with its 95 % interval. */
  curve: { confidence: number; coverage: number; risk: number; low: number; high: number }[];
  n: number;
}

/** The value of a metric in the reference. */
export interface ReferenceValue {
  metric: string;
  subject: string;
  model: string;
  value: number;
  low: number | null;
  high: number | null;
  n: number;
}

/** What the last closed window of a source group holds, of the whole traffic. */
export interface ProfileView {
  group: StreamName | 'events';
  windowStartMs: number;
  windowEndMs: number;
  distributions: Distribution[];
  calibrations: Calibration[];
  references: ReferenceValue[];
}

/** A record that was put aside, without its bytes. */
export interface LetterView {
  /** Where the record came from, as `TOPIC/PARTITION@OFFSET`. */
  id: string;
  /** When it was put aside. */
  timeMs: number;
  code: string;
  stage: string;
  service: string;
  message: string;
  /** How often; a restart may do it again. */
  count: number;
  replay: 'none' | 'begun' | 'done';
}

/** A silence that is not over. */
export interface SilenceView extends SilenceSpec {
  /** That of the command that asked for it, and what `silence.expire` names. */
  id: string;
  service: string;
  by: string;
  reason: string;
}

export type ConsoleEvent =
  | { type: 'result'; data: Result }
  | { type: 'alert'; data: Alert }
  | { type: 'incident'; data: Incident }
  | { type: 'retrain'; data: Retrain }
  | { type: 'rollout'; data: RolloutView }
  | { type: 'health'; data: HealthView };

/** What the console shows; what is no promise answers at once from memory. */
export interface ConsoleSource {
  health(): HealthView;
  /** Already without secrets: it is served as it is. */
  config(): unknown;
  services(): ServiceView[];
  /** Null for an unknown service. */
  facts(service: string): ServiceFacts | null;
  headlines(): HeadlineView[];
  /** One for each source group, of the last window that closed here; empty where another instance judges the service, or none has closed since the start. */
  profiles(service: string): ProfileView[];
  /** The newest result of every series; empty for an unknown service. */
  results(service: string): Result[];
  /** Oldest first, bounded. */
  history(service: string, key: SeriesKey): HistoryPoint[];
  /** Newest first, bounded. */
  alerts(): Alert[];
  /** The last record of every open incident: critical first, then the longest first; bounded. */
  incidents(): Incident[];
  /** The records that are known of an incident, open or not, newest first; bounded. */
  incident(incidentId: string): Incident[];
  /** The last record of each incident that is known and over, newest first; bounded. */
  pastIncidents(): Incident[];
  /** Newest first, bounded. */
  retrains(): Retrain[];
  /** The last steps of every service, newest first within it; bounded. The first one of a service says where it stands. */
  rollouts(): RolloutView[];
  /** The last dead letters, newest first; bounded. Reads the log. */
  letters(): Promise<LetterView[]>;
  /** Of all services, the first to end first. Reads the log where another instance judges a service. */
  silences(): Promise<SilenceView[]>;
  /** Returns the call that ends the subscription. Listeners must not throw. */
  subscribe(listener: (event: ConsoleEvent) => void): () => void;
  /** Resolves with the command when it is on the log. Rejects with a TelltaleError `usage` when it makes no sense. */
  command(asked: Omit<Command, 'id'>): Promise<Command>;
}
