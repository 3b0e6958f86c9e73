/** What levels, lights and states are called and which tone they have. */

import type { Light } from '../../src/console/source.ts';
import type { DriftKind, Level, Result, RetrainStateName, RolloutStatus } from '../../src/records.ts';

export type Tone = 'good' | 'info' | 'warn' | 'bad' | 'none';

export const LIGHTS: Record<Light, { tone: Tone; text: string }> = {
  green: { tone: 'good', text: 'All calm' },
  yellow: { tone: 'warn', text: 'Warning' },
  red: { tone: 'bad', text: 'Critical' },
  grey: { tone: 'none', text: 'No results yet' },
};

export const LEVEL_TONES: Record<Level, Tone> = { info: 'info', warning: 'warn', critical: 'bad' };
export const LEVEL_RANKS: Record<Level, number> = { info: 1, warning: 2, critical: 3 };

export const RETRAIN_TONES: Record<RetrainStateName, Tone> = {
  requested: 'warn',
  approved: 'good',
  rejected: 'none',
  started: 'info',
  done: 'good',
  failed: 'bad',
};

export const ROLLOUT_TONES: Record<RolloutStatus, Tone> = {
  running: 'info',
  waiting: 'warn',
  paused: 'none',
  promoted: 'good',
  rolled_back: 'bad',
  none: 'none',
};

export const EVENT_WORDS: Record<string, string> = {
  rolled_back: 'rolled back',
  waiting: 'waits for a person',
  level_open: 'level may rise',
  level_waits: 'level stays',
};

export const KINDS: Record<DriftKind, string> = {
  data: 'Data drift: the inputs moved, what they mean did not',
  concept: 'Concept drift: the inputs held, what they mean moved',
  both: 'Data and concept drift',
  unknown: 'Kind of drift not known yet',
};

export const FAMILIES: Record<Result['family'], string> = {
  performance: 'Performance against labels',
  agreement: 'Agreement of the models',
  output: 'Outputs',
  input: 'Inputs',
  feedback: 'Feedback of users',
  reliance: 'People and models',
  software: 'Software',
};
