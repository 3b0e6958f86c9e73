/** What belongs together by id: answers, truths and feedback of each request, and what belongs to none. */
import type { Row, StreamLog } from './oracle-rows.ts';
import type { ServicePlan, StreamName } from './services.ts';

export interface Joined {
  base: Row;
  answer: unknown;
  truth: unknown;
  feedback: Set<string>;
}

export interface JoinOutcome {
  joined: Joined[];
  duplicates: number;
  /** Records whose request did not come, or lies so far from when they became known that they do not count. */
  unmatched: number;
}

type Logs = ReadonlyMap<StreamName, StreamLog>;

const FEEDBACK_KINDS = ['click', 'redo', 'typed'];

const rowsOf = (logs: Logs, stream: StreamName): readonly Row[] => logs.get(stream)?.rows ?? [];

class Joining {
  readonly entries = new Map<string, Joined>();
  duplicates = 0;
  unmatched = 0;
  readonly #plan: ServicePlan;
  /** The windows of the closing records do not end, and what is counted in them is not seen. */
  readonly #reachedMs: number;

  constructor(plan: ServicePlan, reachedMs: number) {
    this.#plan = plan;
    this.#reachedMs = reachedMs;
  }

  /** A request that is late in its own partition is not joined. */
  open(row: Row): void {
    if (row.late) return;
    if (this.entries.has(row.id)) this.#count('duplicates', row);
    else this.entries.set(row.id, { base: row, answer: undefined, truth: undefined, feedback: new Set() });
  }

  /**
   * What belongs to a request. `attach` says whether it is the first of its kind; a second one is a duplicate, of
   * feedback it says nothing new.
   */
  follow(row: Row, kind: string, attach: (entry: Joined) => boolean): void {
    const { maxDelayMs } = this.#plan;
    const entry = this.entries.get(row.id);
    if (entry !== undefined && Math.abs(row.knownMs - entry.base.timeMs) <= maxDelayMs) {
      if (!attach(entry) && !FEEDBACK_KINDS.includes(kind)) this.#count('duplicates', row);
      return;
    }
    this.#count('unmatched', row);
  }

  #count(what: 'duplicates' | 'unmatched', row: Row): void {
    if (row.timeMs <= this.#reachedMs) this[what]++;
  }
}

/** Within each partition the rows are in the order of the log, and an id has one partition: the first one counts. */
export function joinService(plan: ServicePlan, logs: Logs, reachedMs: number): JoinOutcome {
  const joining = new Joining(plan, reachedMs);
  const answerOf = (row: Row): unknown => row.fields[plan.output.field] ?? null;
  const setAnswer = (row: Row) => (entry: Joined) => {
    if (entry.answer !== undefined) return false;
    entry.answer = answerOf(row);
    return true;
  };
  for (const row of rowsOf(logs, plan.base)) joining.open(row);
  for (const row of rowsOf(logs, 'predictions')) {
    if (plan.base !== 'predictions') joining.follow(row, 'prediction', setAnswer(row));
    else if (joining.entries.get(row.id)?.base === row) setAnswer(row)(joining.entries.get(row.id)!);
  }
  for (const row of rowsOf(logs, 'labels')) {
    joining.follow(row, 'label', (entry) => {
      if (entry.truth !== undefined) return false;
      entry.truth = answerOf(row);
      return true;
    });
  }
  for (const row of rowsOf(logs, 'feedback')) {
    const kind = row.fields.kind as string;
    if (!FEEDBACK_KINDS.includes(kind)) continue;
    joining.follow(row, kind, (entry) => {
      const isFirst = !entry.feedback.has(kind);
      entry.feedback.add(kind);
      return isFirst;
    });
  }
  const { entries, duplicates, unmatched } = joining;
  return { joined: [...entries.values()], duplicates, unmatched };
}
