import type { ModelSpec } from '../records.ts';

/** What a model has done since the start. */
export interface ModelStats {
  model: string;
  role: 'primary' | 'shadow';
  /** Batches with an answer, and their rows. */
  batches: number;
  rows: number;
  /** Batches without an answer because the model failed. */
  failures: number;
  /** Shadows: batches without an answer because it was late or off. */
  skipped: number;
  off: boolean;
  /** Time inside the model over all answered batches. */
  runMs: number;
  lastError: string;
}

export function newStats(spec: ModelSpec): ModelStats {
  const { name: model, role } = spec;
  return { model, role, batches: 0, rows: 0, failures: 0, skipped: 0, off: false, runMs: 0, lastError: '' };
}
