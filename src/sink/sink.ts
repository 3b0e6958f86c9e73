import type { Alert, Result, Retrain } from '../records.ts';

/** One record of a public topic, decoded. Exactly one of the three is set. */
export interface Delivery {
  result?: Result;
  alert?: Alert;
  retrain?: Retrain;
}

/** What a sink needs of a logger; pino's satisfies it. */
export interface SinkLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * A receiver of public records. Contract of `write`: it is idempotent by id (the same delivery twice
 * leaves the receiver as once), it resolves only when the receiver has all of the batch, and it rejects
 * when the receiver is away. The caller then retries the same batch, and its offsets do not advance; so
 * a delivery that the receiver will never accept must be dropped and reported, not rejected for ever.
 * Calls do not overlap.
 */
export interface Sink {
  name: string;
  write(batch: readonly Delivery[]): Promise<void>;
  /** Ends the sink; deliveries of resolved writes are safe already. May be called once. */
  close(): Promise<void>;
}

export interface SinkContext {
  log: SinkLog;
  /** Told once for every delivery that the receiver refuses for good. */
  onDropped?: (delivery: Delivery, reason: string) => void;
}

/** A kind of sink, as it stands in the registry. */
export interface SinkKind<O> {
  name: string;
  description: string;
  /** Does not need the receiver to be there; rejects with a TelltaleError on options that cannot work. */
  create(options: O, context: SinkContext): Promise<Sink>;
}
