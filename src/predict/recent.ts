/** What was answered lately, so that a request that is sent once more gets the answer that it had, and nothing of it is logged twice. */

import { type Answered, answeredOf, type DecisionRecord } from './decision.ts';

/** What makes two of them the same request: all of its bytes; who asks for a version by name asks for that one. */
export type Identity = Pick<DecisionRecord, 'service' | 'id' | 'digest' | 'version' | 'by'>;

export interface Recent {
  /** The answer of a request that has one or is about to have it; undefined: it is asked for the first time. */
  find(request: Identity, shadows: string[]): Promise<Answered> | undefined;
  /** A request is under way until `answer` is settled. */
  begin(request: Identity, answer: Promise<Answered>): void;
  /** A record of the topic `decisions`, our own or another process's. One that is none is not looked at. */
  note(value: Buffer): void;
}

/** The decisions of a few minutes; an answer with a thousand boxes has some 200 kB. */
const BYTES_MAX = 16_000_000;

const keyOf = ({ service, id, digest, version, by }: Identity): string =>
  JSON.stringify([service, digest, by === 'override' ? version : '', id]);

export function createRecent(bytesMax = BYTES_MAX): Recent {
  const decisions = new Map<string, Buffer>();
  const underWay = new Map<string, Promise<Answered>>();
  let bytes = 0;

  return {
    find(request, shadows) {
      const key = keyOf(request);
      const value = decisions.get(key);
      return value === undefined
        ? underWay.get(key)
        : Promise.resolve(answeredOf(decisionIn(value)!, shadows));
    },
    begin(request, answer) {
      const key = keyOf(request);
      underWay.set(key, answer);
      const over = (): boolean => underWay.delete(key);
      answer.then(over, over);
    },
    note(value) {
      const decision = decisionIn(value);
      if (decision === null) return;
      const key = keyOf(decision);
      // The first answer is the one that its caller has.
      if (decisions.has(key)) return;
      decisions.set(key, value);
      bytes += value.length;
      for (const [oldest, { length }] of decisions) {
        if (bytes <= bytesMax) break;
        decisions.delete(oldest);
        bytes -= length;
      }
    },
  };
}

/** Null: the bytes are no decision, or one of an earlier build. */
function decisionIn(value: Buffer): DecisionRecord | null {
  try {
    const found = JSON.parse(value.toString('utf8')) as DecisionRecord | null;
    const isDecision = typeof found?.service === 'string' && typeof found.digest === 'string';
    return isDecision ? found : null;
  } catch {
    return null;
  }
}
