/**
 * A track is one thing that is measured: an input's values, a model's classes, the agreement of a shadow.
 * Its accumulation is a mergeable state; what can be done with a state is its kind, an entry of the
 * registry. Contracts of a kind:
 *  - merge MUST be associative and commutative, bit for bit, and MUST NOT alias `from`;
 *  - unpack(pack(x)) MUST equal x, and equal states MUST pack to equal bytes;
 *  - a state's size MUST be bounded by its parameters, whatever is fed.
 */

import type { ByteReader, ByteWriter } from './bytes.ts';

export interface ProfileKind<State> {
  name: string;
  description: string;
  merge(into: State, from: State): void;
  pack(state: State, out: ByteWriter): void;
  unpack(from: ByteReader): State;
}

/** What a track measures; decides which metrics apply to it. */
export const TRACK_ROLES = [
  'rows',
  'routed',
  'arms',
  'labels',
  'input',
  'distinct',
  'heavy',
  'chars',
  'embedding',
  'joint',
  'class',
  'score',
  'agreement',
  'performance',
  'scores',
  'asked',
  'pairs',
  'feedback',
  'reliance',
  'unseen',
  'latency',
  'errors',
  'telemetry',
] as const;
export type TrackRole = (typeof TRACK_ROLES)[number];

export interface TrackKey {
  role: TrackRole;
  /** '' where no model is meant. */
  model: string;
  /** Track of an input, output, or telemetry metric; '' for the whole service. */
  subject: string;
}

export const keyText = (key: TrackKey): string => `${key.role}/${key.model}/${key.subject}`;

/** The inverse of keyText; a subject may hold slashes, a model's name may not. */
export function keyOf(text: string): TrackKey {
  const first = text.indexOf('/');
  const second = text.indexOf('/', first + 1);
  return {
    role: text.slice(0, first) as TrackRole,
    model: text.slice(first + 1, second),
    subject: text.slice(second + 1),
  };
}
