/**
 * The roll-out once more, as slowly as can be: nothing is kept but what happened, and the present is told from all of it. Times are sums over the journal, and
 * what may follow stands in conditions, not in a table.
 */

import type { Phase, RolloutEvent, RolloutSpec } from '../../src/rollout/machine.ts';

interface Entry {
  atMs: number;
  phase: Phase;
  round: number;
  stage: number;
  candidate: string | null;
  primary: string;
  isDryRun: boolean;
  /** The stage, or the time of the whole roll-out, begins anew here. */
  beginsStage: boolean;
  beginsRun: boolean;
}

export interface Model {
  journal: Entry[];
}

export const createModel = (primary: string): Model => ({
  journal: [
    {
      atMs: 0,
      phase: 'idle',
      round: 0,
      stage: 0,
      candidate: null,
      primary,
      isDryRun: false,
      beginsStage: true,
      beginsRun: true,
    },
  ],
});

export const presentOf = (model: Model): Entry => model.journal.at(-1)!;

/** Time in which it ran since the last entry that `begins` says. */
export function ranMs({ journal }: Model, begins: (entry: Entry) => boolean): number {
  let sum = 0;
  for (let i = journal.length - 1; i > 0 && !begins(journal[i]!); i--)
    if (journal[i - 1]!.phase === 'running') sum += journal[i]!.atMs - journal[i - 1]!.atMs;
  return sum;
}

/** Of what a pause interrupted. */
function interrupted({ journal }: Model): Phase {
  let i = journal.length - 1;
  while (journal[i]!.phase === 'paused') i--;
  return journal[i]!.phase;
}

/** Since when it has been in its phase: the end of the last entry of another one, or a new round or stage. */
export function sinceMs({ journal }: Model): number {
  const last = journal.at(-1)!;
  let i = journal.length - 1;
  while (i > 0 && journal[i - 1]!.phase === last.phase && !journal[i]!.beginsStage) i--;
  return journal[i]!.atMs;
}

/** Adds what an event does; whether it was refused. */
export function stepModel(spec: RolloutSpec, model: Model, event: RolloutEvent): boolean {
  const last = presentOf(model);
  const atMs = last.round === 0 ? event.atMs : Math.max(last.atMs, event.atMs);
  const add = (change: Partial<Entry>): void => {
    model.journal.push({ ...last, atMs, beginsStage: false, beginsRun: false, ...change });
  };
  // Time first: what is asked about it has to see this event.
  add({});
  const replace = (change: Partial<Entry>): false => {
    model.journal.pop();
    add(change);
    return false;
  };
  const { phase, stage } = last;
  const isUnderWay = phase === 'running' || phase === 'waiting' || phase === 'paused';
  const isKept = phase === 'promoted' && !last.isDryRun && atMs - sinceMs(model) < spec.keepMs;
  const answering = phase === 'promoted' && !last.isDryRun ? last.candidate! : last.primary;
  const isLate = spec.deadlineMs !== null && ranMs(model, ({ beginsRun }) => beginsRun) >= spec.deadlineMs;
  const intoStage = (next: number): false =>
    next < spec.stages.length
      ? replace({ phase: 'running', stage: next, beginsStage: true })
      : replace({ phase: 'promoted', stage: spec.stages.length - 1, beginsStage: true });

  if (event.kind === 'start') {
    if (event.candidate === answering || (isUnderWay && event.candidate === last.candidate)) return true;
    return replace({
      phase: 'running',
      round: last.round + 1,
      stage: 0,
      candidate: event.candidate,
      primary: answering,
      isDryRun: event.isDryRun,
      beginsStage: true,
      beginsRun: true,
    });
  }
  if (event.kind === 'rollback') return isUnderWay || isKept ? replace({ phase: 'rolled_back' }) : true;
  if (event.kind === 'verdict' && event.verdict === 'rollback')
    return isUnderWay || isKept ? replace({ phase: 'rolled_back' }) : false;
  if ((event.kind === 'verdict' || event.kind === 'clock') && phase === 'running' && isLate)
    return replace({ phase: spec.onDeadline === 'rollback' ? 'rolled_back' : 'paused' });
  if (event.kind === 'verdict' && phase === 'running') {
    const { kind, durationMs, nMin, needs, gate } = spec.stages[stage]!;
    const isLongEnough = ranMs(model, ({ beginsStage }) => beginsStage) >= durationMs;
    const isGoodEnough =
      kind === 'live' || event.verdict === 'promote' || (event.verdict === 'keep' && needs === 'keep');
    if (!isLongEnough || event.n < nMin || !isGoodEnough) return false;
    return gate === 'manual' ? replace({ phase: 'waiting' }) : intoStage(stage + 1);
  }
  if (event.kind === 'pause')
    return phase === 'running' || phase === 'waiting' ? replace({ phase: 'paused' }) : true;
  if (event.kind === 'resume')
    return phase === 'paused' ? replace({ phase: interrupted(model), beginsRun: isLate }) : true;
  if (event.kind === 'promote') {
    if (phase !== 'running' && phase !== 'waiting') return true;
    return intoStage(event.isFull ? spec.stages.length : stage + 1);
  }
  return false;
}
