/** Who decides on a request: the degrees of automation, and the records that say so. */

import type { AutomationLevel, Route } from '../router/index.ts';
import type { Answers } from './answer.ts';

/** human: a person does, and has not yet. nobody: the decision is taken elsewhere, without this answer. */
export type DecidedBy = 'model' | 'human' | 'nobody';

/** What a model says of a request. */
export interface Suggestion {
  outputs: Answers;
  /** 0..1; null: the model does not say how sure it is. */
  confidence: number | null;
}

export interface Decision {
  decidedBy: DecidedBy;
  /** What holds; null: nothing yet. */
  output: Answers | null;
  /** Whether the caller may see what the model says. */
  shown: boolean;
  /** Whether the request goes to people. */
  review: boolean;
}

/** `threshold`: confidence from which on the model decides at level `partial`; null: it never does. */
export function decide(
  level: AutomationLevel,
  threshold: number | null,
  { outputs, confidence }: Suggestion,
): Decision {
  const byModel: Decision = { decidedBy: 'model', output: outputs, shown: true, review: false };
  const byHuman: Decision = { decidedBy: 'human', output: null, shown: true, review: false };
  switch (level) {
    case 'full':
      return byModel;
    case 'partial':
      return threshold !== null && confidence !== null && confidence >= threshold
        ? byModel
        : { ...byHuman, review: true };
    case 'assist':
      return byHuman;
    case 'shadow':
      return { ...byHuman, decidedBy: 'nobody' };
    case 'human_only':
      // Whoever sees a suggestion is no longer a measure of what people decide alone.
      return { ...byHuman, decidedBy: 'nobody', shown: false };
  }
}

/** A record of the topic `decisions`; its key is `id`. */
export interface DecisionRecord {
  id: string;
  service: string;
  /** Event time of the request. */
  timeMs: number;
  version: string;
  /** Null where the model did not decide. */
  output: Answers | null;
  /** What the model said, also where nobody was shown it. */
  suggestion: Answers;
  confidence: number | null;
  decidedBy: DecidedBy;
  level: AutomationLevel;
  epoch: number;
  /** override: the caller asked for the version; such a request says nothing about a split. */
  by: Route['by'];
}

/** A record of the topic `review`, with the request as it stands on its own topic; its key is `id`. */
export interface ReviewRecord extends Omit<DecisionRecord, 'output' | 'decidedBy'> {
  request: unknown;
}

/** What a request and its answer are known by. */
export interface Asked {
  id: string;
  service: string;
  timeMs: number;
  route: Route;
}

export function decisionRecord(
  { id, service, timeMs, route }: Asked,
  { outputs: suggestion, confidence }: Suggestion,
  { output, decidedBy }: Decision,
): DecisionRecord {
  const { version, level, epoch, by } = route;
  return { id, service, timeMs, version, output, suggestion, confidence, decidedBy, level, epoch, by };
}

export function reviewRecord(
  { id, service, timeMs, route }: Asked,
  { outputs: suggestion, confidence }: Suggestion,
  request: unknown,
): ReviewRecord {
  const { version, level, epoch, by } = route;
  return { id, service, timeMs, version, suggestion, confidence, level, epoch, by, request };
}
