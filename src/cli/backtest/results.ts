/** Recorded results in place of files: the rules of both sides, and nothing else, are tried again. */

import { TelltaleError } from '../../errors.ts';
import type { Cli } from '../program.ts';
import { plural } from '../results/blocks.ts';
import { readStretch } from '../results/options.ts';
import type { ReadResult } from '../results/records.ts';
import { differingParts } from './changes.ts';
import type { Ran } from './files.ts';
import { judgeRecorded, newRecorded, type Recorded, takeRecorded } from './recorded.ts';
import { type Both, comparable, findBoth, type Sides } from './sides.ts';

export interface ResultsOptions {
  fromResults: string;
  service?: string;
  since?: string;
  fromTime?: string;
  toTime?: string;
}

/** Results that rules watch, of all services: about 1 GB. */
const KEPT_MAX = 2_000_000;

export async function runResults(cli: Cli, sides: Sides, options: ResultsOptions): Promise<Ran[]> {
  const { fromResults: from, service } = options;
  if (service !== undefined) findBoth(sides, service);
  const found = new Map<string, Recorded>();
  let kept = 0;
  const take = (result: ReadResult): void => {
    const both = sides.both.get(result.service);
    if (both === undefined) return;
    const recorded = found.get(result.service) ?? newRecorded(both.current);
    found.set(result.service, recorded);
    const rules = [...both.current.rules, ...both.candidate.rules];
    if (takeRecorded(recorded, rules, result)) kept++;
    if (kept > KEPT_MAX)
      throw new TelltaleError(
        'usage',
        `more than ${plural(KEPT_MAX, 'result')} are watched; give --service, --since, --from-time or --to-time`,
      );
  };
  const read = await readStretch(cli, sides.config, { ...options, from }, take);
  if (found.size === 0) {
    const names = read.stretches.map((stretch) => stretch.service).join(', ');
    throw new TelltaleError(
      'results_missing',
      `${read.source} holds results of ${names}, and none of a service that is on both sides`,
    );
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, recorded]) => tried(name, sides.both.get(name)!, recorded, read.source));
}

/** Parts of which results show what they were, and not what they would have been. */
function tried(service: string, both: Both, recorded: Recorded, source: string): Ran {
  const { budget: _, ...current } = both.current;
  const { rules, retrain } = both.candidate;
  const candidate = { ...current, rules, retrain };
  const [before, after] = [judgeRecorded(recorded, current), judgeRecorded(recorded, candidate)];
  const others = differingParts(comparable(both.current), comparable(both.candidate));
  const untried = others.filter((part) => part !== 'rules' && part !== 'retrain');
  const notes = [
    `Read from ${source}: rules and retraining are tried again; budgets, baselines, models and windows are not.`,
  ];
  if (untried.length > 0) notes.push(`They also differ in what results do not show: ${untried.join(', ')}.`);
  if (before.untracked + after.untracked > 0)
    notes.push('Rules watch too many series; as the daemon does, some were left out.');
  return {
    service,
    specs: { current, candidate },
    span: { fromMs: recorded.fromMs, toMs: recorded.toMs },
    read: recorded.read,
    notes,
    before: { ...before, dead: 0 },
    after: { ...after, dead: 0 },
  };
}
