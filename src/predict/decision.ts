/** Who decides on a request: the degrees of automation, and the records that say so. */

import type { AutomationLevel, Route, RoutedDecision } from '../router/index.ts';
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
  /** Whoever decides is not shown what the model says. */
  blind: boolean;
  /** Whether the request goes to people. */
  review: boolean;
}

/** Of the routing table, and what it says of the request. */
export interface Deciding {
  level: AutomationLevel;
  /** Confidence from which on the model decides at level `partial`; null: it never does. */
  threshold: number | null;
  /** It is of the random sample that people decide without the model's answer. */
  isBlind: boolean;
}

export function decide(
  { level, threshold, isBlind }: Deciding,
  { outputs, confidence }: Suggestion,
): Decision {
  const byModel: Decision = { decidedBy: 'model', output: outputs, blind: false, review: false };
  const byHuman: Decision = { decidedBy: 'human', output: null, blind: isBlind, review: true };
  switch (level) {
    case 'full':
      return byModel;
    case 'partial':
      // What the model is sure of is in the sample too: of the rest alone nobody could say how right it is where it decides.
      return !isBlind && threshold !== null && confidence !== null && confidence >= threshold
        ? byModel
        : byHuman;
    case 'assist':
      return byHuman;
    case 'shadow':
    case 'human_only':
      // Whoever sees a suggestion is no longer a measure of what people decide alone.
      return { decidedBy: 'nobody', output: null, blind: true, review: false };
  }
}

/** As the header of the request's record says it. */
export const routedDecisionOf = ({ decidedBy, blind }: Decision): RoutedDecision =>
  decidedBy === 'model' ? 'model' : blind ? 'blind' : 'person';

/** A record of the topic `decisions`; its key is `id`. */
export interface DecisionRecord {
  id: string;
  service: string;
  /** Event time of the request. */
  timeMs: number;
  /** SHA-256 of the request as it stands on its own topic, in hex. */
  digest: string;
  version: string;
  /** Null where the model did not decide. */
  output: Answers | null;
  /** What the model said, also where nobody was shown it. */
  suggestion: Answers;
  confidence: number | null;
  decidedBy: DecidedBy;
  /** Whoever decides is not shown what the model says. */
  blind: boolean;
  level: AutomationLevel;
  epoch: number;
  /** override: the caller asked for the version; such a request says nothing about a split. */
  by: Route['by'];
}

/** What the caller gets. */
export interface Answered {
  id: string;
  service: string;
  version: string;
  /** Versions that are to answer too, for comparison. */
  shadows: string[];
  /** What the model says; null where people must not see it. */
  outputs: Answers | null;
  decision: {
    decidedBy: DecidedBy;
    output: Answers | null;
    /** Null too where the outputs are. */
    confidence: number | null;
    /** Whoever decides is not to see what the model says. */
    blind: boolean;
    /** Whether the request waits for a person on the topic `review`. */
    review: boolean;
  };
  level: Route['level'];
  epoch: number;
  by: Route['by'];
}

/** The answer is a function of what is on the log, and of the table's shadows: whoever asks again gets the same one. */
export function answeredOf(record: DecisionRecord, shadows: string[]): Answered {
  const { id, service, version, suggestion, decidedBy, output, blind, level, epoch, by } = record;
  const confidence = blind ? null : record.confidence;
  const decision = { decidedBy, output, confidence, blind, review: decidedBy === 'human' };
  return { id, service, version, shadows, outputs: blind ? null : suggestion, decision, level, epoch, by };
}

/** A record of the topic `review`, with the request as it stands on its own topic; its key is `id`. One that is blind says nothing of what the model said. */
export interface ReviewRecord extends Omit<DecisionRecord, 'output' | 'decidedBy' | 'suggestion' | 'digest'> {
  suggestion: Answers | null;
  request: unknown;
}

/** What a request and its answer are known by. */
export interface Asked {
  id: string;
  service: string;
  timeMs: number;
  digest: string;
  route: Route;
}

export function decisionRecord(
  { id, service, timeMs, digest, route }: Asked,
  { outputs: suggestion, confidence }: Suggestion,
  { output, decidedBy, blind }: Decision,
): DecisionRecord {
  const { version, level, epoch, by } = route;
  const said = { id, service, timeMs, digest, version, output, suggestion, confidence, decidedBy, blind };
  return { ...said, level, epoch, by };
}

export function reviewRecord(
  { id, service, timeMs, route }: Asked,
  { outputs, confidence }: Suggestion,
  { blind }: Decision,
  request: unknown,
): ReviewRecord {
  const { version, level, epoch, by } = route;
  const said = blind ? { suggestion: null, confidence: null } : { suggestion: outputs, confidence };
  return { id, service, timeMs, version, ...said, blind, level, epoch, by, request };
}
