/** The process that fuzzes: replays the kept cases of each target, then makes new ones. */
import { readCorpus } from './corpus.ts';
import type { Message, Order } from './messages.ts';
import { openNotebook } from './notebook.ts';
import { newTotals, replay, runTarget } from './run-target.ts';
import { entryOf } from './targets/index.ts';

const send = (message: Message): void => void process.send!(message);

/** Does what is ordered; stops at the first failure of each target. */
export async function work({ jobs, seed, noteFile }: Order): Promise<void> {
  const note = openNotebook(noteFile);
  for (const [index, { target: name, runs }] of jobs.entries()) {
    const target = await entryOf(name).make();
    const started = performance.now();
    const hooks = {
      note: note.bind(null, index),
      progress: (done: number) => send({ kind: 'progress', target: name, runs: done }),
    };
    hooks.progress(0);
    const kept = readCorpus(name, target);
    let failed = false;
    for (const { file, case: one } of kept) {
      const message = await replay(target, one, hooks);
      hooks.progress(0);
      if (message === null) continue;
      failed = true;
      const variant = target.variants[one.variant]!;
      send({
        kind: 'failed',
        failure: { target: name, variant, bytes: one.bytes, message, seed: null, file },
      });
    }
    const totals = newTotals();
    const failure = failed ? null : await runTarget(target, runs, seed, totals, hooks);
    if (failure !== null) {
      const { case: one, ...rest } = failure;
      const variant = target.variants[one.variant]!;
      send({ kind: 'failed', failure: { target: name, variant, bytes: one.bytes, file: null, ...rest } });
    }
    const ms = performance.now() - started;
    send({ kind: 'finished', finished: { target: name, kept: kept.length, ms, ...totals } });
  }
  // Flushed, and with it all that was said before: a failure may carry megabytes.
  await new Promise<void>((resolve, reject) => {
    const done: Message = { kind: 'done' };
    process.send!(done, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}
