import type { Alert, Incident, Result, Retrain, RolloutRecord } from '../records.ts';

/** One record of a public topic, decoded. Exactly one of these is set. */
export interface Delivery {
  result?: Result;
  alert?: Alert;
  incident?: Incident;
  retrain?: Retrain;
  rollout?: RolloutRecord;
}

/** The topics that a sink may ask for, without their prefix. */
export const PUBLIC_TOPICS = ['results', 'alerts', 'incidents', 'retrain', 'rollout'] as const;
export type PublicTopic = (typeof PUBLIC_TOPICS)[number];

/** A delivery that the receiver will never accept. */
export interface Refusal {
  delivery: Delivery;
  /** In words, without secrets: it is logged and stands on the dead letter. */
  reason: string;
}

/** What a sink needs of a logger; pino's satisfies it. */
export interface SinkLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * A receiver of public records. Contract of `write`: it is idempotent by id (the same delivery twice leaves the
 * receiver as once), and it resolves only when the receiver has all of the batch but the refusals that it
 * returns. It rejects with `sink_unavailable` when the receiver is away: the caller then retries the same batch
 * for as long as it takes, and its offsets do not advance. Any other error means that the sink cannot make
 * anything of the batch: the caller finds the delivery that is to blame and puts it aside.
 * Calls for different partitions may overlap.
 */
export interface Sink {
  /** Names its consumer group, its metrics and its health check. */
  name: string;
  /** Most deliveries of one call; after each call progress can be committed. */
  batchMax: number;
  write(batch: readonly Delivery[]): Promise<readonly Refusal[]>;
  /**
   * Present where the sink has to know what it has told before: what a partition holds then goes to a part of its own,
   * which is forgotten with the partition, so that nobody speaks of alarms that another process has by now.
   */
  part?(): SinkPart;
  /** Ends the sink; deliveries of resolved writes are safe already. May be called once. */
  close(): Promise<void>;
}

/** What a record says of something that a receiver knows from its begin to its end: an alarm, an incident. */
export interface Meaning {
  key: string;
  /** unchanged: nothing is told because of the record. over: also what does not concern the receiver any more. */
  is: 'open' | 'unchanged' | 'over';
}

/** What a sink knows of one partition of `alerts` or `incidents`. Calls do not overlap. */
export interface SinkPart {
  /** Null: the record is of no kind that the sink tells of. */
  meaningOf(delivery: Delivery): Meaning | null;
  /** A record that the receiver has had already, in the order of the log and before anything else. */
  restore(delivery: Delivery, writtenMs: number): void;
  /** As that of the sink. */
  write(batch: readonly Delivery[]): Promise<readonly Refusal[]>;
  /** Called about twice a second: says again what has to be. Rejects with `sink_unavailable`, to be called again. */
  repeat?(nowMs: number): Promise<void>;
}

export interface SinkContext {
  log: SinkLog;
  /** Default: the system's clock. */
  nowMs?: () => number;
  /** Whether a service is still among those that are configured; default: it is. */
  isWatched?: (service: string) => boolean;
  /** Headers with which a request goes on with the trace of its record; absent: nothing is traced. */
  traceHeaders?: () => Record<string, string>;
  /** Aborted when the daemon stops: what is under way ends and rejects. */
  signal?: AbortSignal;
}

/** A sink as the configuration asks for it. */
export interface WantedSink {
  name: string;
  topics: readonly PublicTopic[];
  create(context: SinkContext): Promise<Sink>;
}

/** A kind of sink, as it stands in the registry. */
export interface SinkKind<Options, Settings> {
  name: string;
  description: string;
  /** Does not need the receiver to be there; rejects with a TelltaleError on options that cannot work. */
  create(options: Options, context: SinkContext): Promise<Sink>;
  /** The sinks of this kind that telltale.yaml asks for. */
  wanted(settings: Settings): WantedSink[];
}

/** A delivery as one line of JSON: the public record with its `type` in front. Null for an empty delivery. */
export function jsonOf(delivery: Delivery): { id: string; json: string } | null {
  const { result, alert, incident, retrain, rollout } = delivery;
  if (result) return { id: result.id, json: JSON.stringify({ type: 'result', ...result }) };
  if (alert) return { id: alert.id, json: JSON.stringify({ type: 'alert', ...alert }) };
  if (incident) return { id: incident.id, json: JSON.stringify({ type: 'incident', ...incident }) };
  if (retrain) return { id: retrain.id, json: JSON.stringify({ type: 'retrain', ...retrain }) };
  if (rollout) return { id: rollout.id, json: JSON.stringify({ type: 'rollout', ...rollout }) };
  return null;
}
