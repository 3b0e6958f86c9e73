/** Recorded results in place of files: the rules of both sides, and nothing else, are tried again. */

import { TelltaleError } from '../../errors.ts';
import type { Cli } from '../command.ts';
import { readStretch } from '../results/options.ts';
import { differingParts } from './changes.ts';
import type { Ran } from './files.ts';
import { createRecordings, judgeRecorded, type Recorded } from './recorded.ts';
import { type Both, comparable, findBoth, type Sides } from './sides.ts';

export interface ResultsOptions {
  fromResults: string;
  service?: string;
  since?: string;
  fromTime?: string;
  toTime?: string;
}

export async function runResults(cli: Cli, sides: Sides, options: ResultsOptions): Promise<Ran[]> {
  const { fromResults: from, service } = options;
  if (service !== undefined) findBoth(sides, service);
  const { take, found } = createRecordings((name) => {
    const both = sides.both.get(name);
    return both && { spec: both.current, rules: [...both.current.rules, ...both.candidate.rules] };
  });
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
  if (retrain?.regret !== undefined || retrain?.incidents !== undefined)
    notes.push('Requests for retraining by regret or incidents are not tried.');
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
