/** What came out of a run, read from its public topics, and how it differs from what was to come. */

import { createHash } from 'node:crypto';
import { decodePublic, type PublicRecord } from '../../../src/flow/wire.ts';
import type { Result } from '../../../src/records.ts';
import type { Broker } from './broker.ts';
import { TOPICS } from './world.ts';

export interface Outcome {
  /** Bytes by id. */
  outputs: Map<string, string>;
  results: Result[];
  /** Places of the dead letters. */
  dead: Set<string>;
  /** Ids that came with two contents. */
  conflicts: string[];
}

const PUBLIC = {
  result: TOPICS.results,
  alert: TOPICS.alerts,
  incident: TOPICS.incidents,
  retrain: TOPICS.retrain,
} as const;

export function outcomeOf(broker: Broker): Outcome {
  const outcome: Outcome = { outputs: new Map(), results: [], dead: new Set(), conflicts: [] };
  const recordsOf = (topic: string) =>
    Array.from({ length: broker.partitions(topic) }, (_, p) =>
      broker.read(topic, p, 0, Number.MAX_SAFE_INTEGER),
    ).flat();
  for (const [name, topic] of Object.entries(PUBLIC)) {
    for (const { value } of recordsOf(topic)) {
      const record = decodePublic<PublicRecord>(name as keyof typeof PUBLIC, value!, false);
      const text = JSON.stringify(record);
      const id = `${name} ${record.id}`;
      const before = outcome.outputs.get(id);
      if (before === undefined) {
        outcome.outputs.set(id, text);
        if (name === 'result') outcome.results.push(record as Result);
      } else if (before !== text) outcome.conflicts.push(`${before}\n${text}`);
    }
  }
  for (const { headers } of recordsOf(TOPICS.dead))
    outcome.dead.add(
      `${headers['x-topic']}/${headers['x-partition']}@${headers['x-offset']} ${headers['x-error-code']}`,
    );
  return outcome;
}

/** One short text for each way in which they differ; empty: they do not. */
export function differences(expected: Outcome, found: Outcome): string[] {
  const faults: string[] = [];
  for (const [id, text] of expected.outputs) {
    const own = found.outputs.get(id);
    if (own === undefined) faults.push(`missing ${text}`);
    else if (own !== text) faults.push(`differs\n  expected ${text}\n  found    ${own}`);
  }
  for (const [id, text] of found.outputs) if (!expected.outputs.has(id)) faults.push(`unexpected ${text}`);
  for (const place of expected.dead) if (!found.dead.has(place)) faults.push(`missing dead letter ${place}`);
  for (const place of found.dead)
    if (!expected.dead.has(place)) faults.push(`unexpected dead letter ${place}`);
  return faults;
}

export const digestOf = ({ outputs }: Outcome): string => {
  const hash = createHash('sha256');
  for (const id of [...outputs.keys()].sort()) hash.update(`${id} ${outputs.get(id)}\n`);
  return hash.digest('hex').slice(0, 12);
};
