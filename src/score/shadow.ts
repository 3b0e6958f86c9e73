import { messageOf } from '../errors.ts';
import type { OutputColumn } from '../records.ts';
import { type Host, openHost, type Run } from './host.ts';
import type { RunReply } from './messages.ts';
import { type Chunk, type ModelPlan, newColumns, planRun, readReply, scorableRows } from './plan.ts';
import { type ModelStats, newStats } from './stats.ts';

/** Longer waits than this overflow Node's timers and would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface ShadowOptions {
  /** How long a batch waits for the shadow after the primary has answered. */
  timeoutMs: number;
  /** So many failed or late batches in a row switch the shadow off. */
  failuresMax: number;
  log: (event: string, facts: object) => void;
}

/** One batch as one shadow sees it. */
export interface ShadowTurn {
  columns: OutputColumn[];
  /** What is left of the time that the batch waits. */
  waitMs: number;
  state: 'open' | 'late' | 'failed';
  runMs: number;
}

/**
 * Owns the process of one shadow model. Nothing that happens in it reaches the primary: it has its own process (a
 * process can be killed inside a run, a thread cannot), its own queue, and a bounded wait per batch.
 */
export class Shadow {
  readonly stats: ModelStats;
  readonly #plan: ModelPlan;
  readonly #options: ShadowOptions;
  #host: Host;
  #queue: Promise<unknown> = Promise.resolve();
  #badInRow = 0;
  #isClosed = false;

  constructor(plan: ModelPlan, host: Host, options: ShadowOptions) {
    this.#plan = plan;
    this.#host = host;
    this.#options = options;
    this.stats = newStats(plan.spec);
  }

  /** Opens a batch of n rows; null: the shadow is off, the batch counts as skipped. */
  begin(n: number): ShadowTurn | null {
    if (this.stats.off) {
      this.stats.skipped++;
      return null;
    }
    return { columns: newColumns(this.#plan, n), waitMs: this.#options.timeoutMs, state: 'open', runMs: 0 };
  }

  /** Starts on a chunk. The promise never rejects. */
  async offer(turn: ShadowTurn, chunk: Chunk): Promise<void> {
    if (turn.state !== 'open') return;
    try {
      const rows = scorableRows(this.#plan, chunk);
      if (rows.length === 0) return;
      const reply = await this.#enqueue(turn, planRun(this.#plan, chunk, rows));
      if (reply === null || turn.state !== 'open') return;
      readReply(this.#plan, reply, rows, turn.columns);
      turn.runMs += reply.runMs;
    } catch (error) {
      if (turn.state !== 'open') return;
      turn.state = 'failed';
      this.stats.lastError = messageOf(error);
    }
  }

  /** Waits for what was offered, no longer than the batch has left. */
  async collect(turn: ShadowTurn, offered: Promise<void>): Promise<void> {
    if (turn.state !== 'open') return;
    const startedMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      if (turn.waitMs > TIMER_MS_MAX) return;
      // An answer that came while the event loop was busy is read after this timer and before the immediate: it is in time.
      timer = setTimeout(() => setImmediate(resolve, 'late'), turn.waitMs);
    });
    const outcome = await Promise.race([offered, late]);
    clearTimeout(timer);
    turn.waitMs = Math.max(0, turn.waitMs - (performance.now() - startedMs));
    if (outcome === 'late' && turn.state === 'open') {
      turn.state = 'late';
      this.stats.lastError = `no answer within ${this.#options.timeoutMs} ms`;
    }
  }

  /** Counts the batch; its columns, or null where the shadow failed or was late. */
  finish(turn: ShadowTurn, rows: number): OutputColumn[] | null {
    if (turn.state === 'open') {
      this.#badInRow = 0;
      this.stats.batches++;
      this.stats.rows += rows;
      this.stats.runMs += turn.runMs;
      return turn.columns;
    }
    this.#badInRow++;
    if (turn.state === 'failed') this.stats.failures++;
    else this.stats.skipped++;
    if (this.#badInRow >= this.#options.failuresMax && !this.stats.off) this.#switchOff();
    return null;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#host.close();
    // A process that was being restarted meanwhile is closed by the queue's last step.
    await this.#queue;
  }

  #switchOff(): void {
    this.stats.off = true;
    const { name: model } = this.#plan.spec;
    const { lastError } = this.stats;
    this.#options.log('shadow_off', { model, failuresInRow: this.#badInRow, lastError });
    void this.#host.close();
  }

  /** One run at a time, so that a batch which is given up leaves no work behind it in the process. */
  #enqueue(turn: ShadowTurn, run: Run): Promise<RunReply | null> {
    const reply = this.#queue.then(async () => {
      if (turn.state !== 'open' || this.stats.off || this.#isClosed) return null;
      if (!this.#host.alive) await this.#restart();
      return this.#host.run(run);
    });
    this.#queue = reply.catch(() => {});
    return reply;
  }

  async #restart(): Promise<void> {
    const { name: model, file } = this.#plan.spec;
    this.#options.log('model_restarted', { model, role: 'shadow' });
    this.#host = await openHost('process', file);
    if (this.#isClosed || this.stats.off) await this.#host.close();
  }
}
