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
  /** Records whose request did not come, or came so long before them that they do not count. */
  unmatched: number;
}

/** Whether a request that is late in its own partition is joined all the same. */
export interface JoinRules {
  lateRequestsJoin: boolean;
  /** The moment at which a record is judged against its request's. */
  knownMs(row: Row): number;
}

type Logs = ReadonlyMap<StreamName, StreamLog>;

const rowsOf = (logs: Logs, stream: StreamName): readonly Row[] => logs.get(stream)?.rows ?? [];

/** The entries of all requests; a second request of an id is a duplicate. */
function openEntries(
  plan: ServicePlan,
  logs: Logs,
  rules: JoinRules,
): Map<string, Joined> & { again?: number } {
  const entries: Map<string, Joined> & { again?: number } = new Map<string, Joined>();
  entries.again = 0;
  for (const row of rowsOf(logs, plan.base)) {
    if (row.late && !rules.lateRequestsJoin) continue;
    if (entries.has(row.id)) {
      entries.again++;
      continue;
    }
    const answer = plan.base === 'predictions' ? (row.fields[plan.output.field] ?? null) : undefined;
    entries.set(row.id, { base: row, answer, truth: undefined, feedback: new Set() });
  }
  return entries;
}

/** Within each partition the rows are in the order of the log, and an id has one partition: the first one counts. */
export function joinService(plan: ServicePlan, logs: Logs, rules: JoinRules, reachedMs: number): JoinOutcome {
  const entries = openEntries(plan, logs, rules);
  const outcome: JoinOutcome = {
    joined: [...entries.values()],
    duplicates: entries.again ?? 0,
    unmatched: 0,
  };
  const partner = (row: Row): Joined | null => {
    const entry = entries.get(row.id);
    if (entry !== undefined && rules.knownMs(row) <= entry.base.timeMs + plan.maxDelayMs) return entry;
    // The windows of the closing records do not end.
    if (row.timeMs <= reachedMs) outcome.unmatched++;
    return null;
  };
  if (plan.base !== 'predictions') {
    for (const row of rowsOf(logs, 'predictions')) {
      const entry = partner(row);
      if (entry !== null && entry.answer === undefined) entry.answer = row.fields[plan.output.field] ?? null;
    }
  }
  for (const row of rowsOf(logs, 'labels')) {
    const entry = partner(row);
    if (entry === null) continue;
    if (entry.truth === undefined) entry.truth = row.fields[plan.output.field];
    else outcome.duplicates++;
  }
  for (const row of rowsOf(logs, 'feedback')) partner(row)?.feedback.add(row.fields.kind as string);
  return outcome;
}
