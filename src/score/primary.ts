import { messageOf, TelltaleError } from '../errors.ts';
import type { OutputColumn } from '../records.ts';
import { type Host, openHost, type Run } from './host.ts';
import type { RunReply } from './messages.ts';
import { type Chunk, type ModelPlan, newColumns, planRun, readReply, scorableRows } from './plan.ts';
import { type ModelStats, newStats } from './stats.ts';

/** One batch as the primary sees it. */
export interface PrimaryTurn {
  columns: OutputColumn[];
  runMs: number;
  badRows: number;
}

/** Owns the primary's threads; each has its own session of the same file. */
export class Primary {
  readonly stats: ModelStats;
  readonly #plan: ModelPlan;
  readonly #log: (event: string, facts: object) => void;
  readonly #hosts: Host[];
  #isClosed = false;

  constructor(plan: ModelPlan, hosts: Host[], log: (event: string, facts: object) => void) {
    this.#plan = plan;
    this.#hosts = hosts;
    this.#log = log;
    this.stats = newStats(plan.spec);
  }

  /** How many chunks can be run at once. */
  get threads(): number {
    return this.#hosts.length;
  }

  begin(n: number): PrimaryTurn {
    return { columns: newColumns(this.#plan, n), runMs: 0, badRows: 0 };
  }

  /** Scores a chunk into the turn's columns. Rejects with model_failed when not one of its rows could be scored. */
  async score(turn: PrimaryTurn, chunk: Chunk): Promise<void> {
    const rows = scorableRows(this.#plan, chunk);
    if (rows.length === 0) return;
    const { name: model, file } = this.#plan.spec;
    try {
      const reply = await this.#run(planRun(this.#plan, chunk, rows));
      readReply(this.#plan, reply, rows, turn.columns);
      turn.runMs += reply.runMs;
      turn.badRows += reply.badRows.length;
      if (reply.badRows.length > 0) this.stats.lastError = reply.badMessage;
    } catch (error) {
      const message = messageOf(error);
      this.stats.lastError = message;
      throw new TelltaleError('model_failed', `model \`${model}\`, file ${file}: ${message}`, {
        cause: error,
      });
    }
  }

  finish(turn: PrimaryTurn, rows: number): OutputColumn[] {
    this.stats.batches++;
    this.stats.rows += rows;
    this.stats.runMs += turn.runMs;
    if (turn.badRows > 0) {
      const { model, lastError } = this.stats;
      this.#log('rows_not_scored', { model, rows: turn.badRows, lastError });
    }
    return turn.columns;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  async #run(run: Run): Promise<RunReply> {
    let index = 0;
    for (let other = 1; other < this.#hosts.length; other++) {
      if (this.#hosts[other]!.pending < this.#hosts[index]!.pending) index = other;
    }
    if (!this.#hosts[index]!.alive) await this.#restart(index);
    return this.#hosts[index]!.run(run);
  }

  async #restart(index: number): Promise<void> {
    const { name: model, file } = this.#plan.spec;
    this.#log('model_restarted', { model, role: 'primary' });
    const host = await openHost('thread', file);
    const isTaken = this.#isClosed || this.#hosts[index]!.alive;
    if (isTaken) await host.close();
    else this.#hosts[index] = host;
  }
}
