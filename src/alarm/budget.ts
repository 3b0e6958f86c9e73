/**
 * Alarms on a budget: one page when the evidence of a whole group of streams passes the boundary that the budget sets.
 *
 * With M_i the Shiryaev-Roberts statistic of stream i and weights that sum to 1, sum w_i M_i grows by at most 1 a window in the mean while
 * nothing is worse than tolerated. A page takes at least the boundary A away from it. So by optional stopping the mean number of
 * pages in N windows is at most N / A, under any dependence between streams (J. Shin, A. Ramdas, A. Rinaldo 2024). Weights of streams that run may
 * fall, never rise.
 *
 * The budget is split over groups of sources, since their windows close apart; within a group it is not split, but the evidence is
 * averaged. e-BH was the alternative: it controls the share of false ones among what it names at one time, where an owner
 * asks how often it will page.
 */

import { idOf } from '../math/hash.ts';
import type {
  Alert,
  AlertEvidence,
  BudgetSpec,
  DriftKind,
  Level,
  MovedStream,
  ServiceSpec,
} from '../records.ts';
import { measuredText } from './words.ts';

/** The name that alarms on the budget have instead of a rule's. */
export const BUDGET_RULE = 'budget';

/** A stream that is named has gathered this much on its own: by Ville's inequality few do by chance. */
export const LOG_NAMED = Math.log(100);

/** So many streams, subjects and segments are told with an alert. */
const TOLD_MAX = 10;

/** What of a stream says that its owner is harmed. */
const HARM: ReadonlySet<string> = new Set(['performance', 'relation', 'behaviour', 'software']);

/** A stream of evidence at the end of a window. */
export interface Suspect {
  id: string;
  concern: string;
  /** ln(w M), -Infinity where there is none. */
  logShare: number;
  logEvidence: number;
}

/** One that a page names, with what there is to tell; its share follows from all. */
export interface Named extends Suspect {
  moved: Omit<MovedStream, 'share'>;
}

/** Plain JSON: part of the judge's snapshot. */
export interface BudgetAlarm {
  /** Of this firing: an alarm that fires again before its end was told is another. */
  key: string;
  fingerprint: string;
  group: string;
  /** Of the stream that leads. */
  concern: string;
  /** Streams that have not come back. */
  streams: string[];
  /** Event time of the window that paged, and of the change. */
  pagedMs: number;
  onsetMs: number;
  /** Of its page; that of its last alert may have risen since. */
  level: Level;
  /** End of the window in which its last stream came back; null: it fires. */
  endedMs: number | null;
  last: Alert;
}

/** Windows between pages that the budget stands for, over this share of it. */
export const boundaryOf = ({ alarms, periodMs }: BudgetSpec, windowMs: number, share: number): number =>
  periodMs / windowMs / alarms / share;

/** Those that a page names: the one with the most evidence, and all that have enough of their own. */
export function namedOf(suspects: readonly Suspect[]): Suspect[] {
  const ranked = [...suspects].sort((a, b) => b.logShare - a.logShare || (a.id < b.id ? -1 : 1));
  return ranked.filter(({ logEvidence }, i) => i === 0 || logEvidence >= LOG_NAMED);
}

/**
 * By how much the evidence of the streams that are not named must be scaled down, 0..1, so that a page takes the boundary
 * away from the whole.
 */
export function keptShare(before: number, rest: number, boundary: number): number {
  if (rest === Number.NEGATIVE_INFINITY) return 1;
  // ln(exp(before) - exp(boundary)), what may be left.
  const left =
    before <= boundary ? Number.NEGATIVE_INFINITY : before + Math.log1p(-Math.exp(boundary - before));
  return Math.exp(Math.min(0, left - rest));
}

export type Standing = 'moved' | 'held' | 'unknown';

/** What has happened, by what is known of the inputs, of the relation (labels at equal scores) and of performance. */
export function kindOf(inputs: Standing, relation: Standing, performance: Standing): DriftKind {
  const truth = relation === 'unknown' ? performance : relation;
  if (inputs === 'moved') return truth === 'moved' ? 'both' : truth === 'held' ? 'data' : 'unknown';
  if (relation === 'moved') return 'concept';
  return inputs === 'held' && truth === 'moved' ? 'concept' : 'unknown';
}

const KIND_TEXT: Record<DriftKind, string> = {
  data: 'the inputs moved, their relation to the truth held (data drift)',
  concept: 'the relation of inputs and truth moved (concept drift)',
  both: 'the inputs and their relation to the truth moved (data and concept drift)',
  unknown: '',
};

const CONCERN_TEXT: Record<string, string> = {
  inputs: 'the inputs moved; labels do not tell yet whether it harms',
  answers: 'the answers moved; labels do not tell yet whether it harms',
  relation: 'labels at equal scores moved',
  performance: 'the answers are wrong more often',
  behaviour: 'users do other than they did',
  software: 'the service fails more often',
};

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** Why an alarm fires, in words; without the time of its onset, which the record has. */
export function reasonText(kind: DriftKind, concern: string, streams: readonly MovedStream[]): string {
  const [top, ...others] = streams;
  const harm = HARM.has(concern) && concern !== 'relation' ? `${CONCERN_TEXT[concern]}: ` : '';
  const what = kind === 'unknown' ? CONCERN_TEXT[concern]! : `${harm}${KIND_TEXT[kind]}`;
  if (top === undefined) return what;
  const cell = top.cells[0];
  const moved =
    cell === undefined ? '' : `: ${cell.cell} ${percent(cell.reference)} -> ${percent(cell.current)}`;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `${what}; ${measuredText(top)}${moved}${more}`;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function periodText(periodMs: number): string {
  if (periodMs % DAY_MS === 0) return `${periodMs / DAY_MS}d`;
  return periodMs % HOUR_MS === 0 ? `${periodMs / HOUR_MS}h` : `${periodMs / 60_000}m`;
}

/** '1 per 30d'. */
export const budgetText = ({ alarms, periodMs }: BudgetSpec): string =>
  `${alarms} per ${periodText(periodMs)}`;

/** Shares of the evidence by what `nameOf` says of a stream, the largest first. */
function contributionsOf(
  streams: readonly MovedStream[],
  nameOf: (stream: MovedStream) => string,
): { name: string; share: number }[] {
  const shares = new Map<string, number>();
  for (const stream of streams) {
    const name = nameOf(stream);
    shares.set(name, (shares.get(name) ?? 0) + stream.share);
  }
  return [...shares]
    .map(([name, share]) => ({ name, share: Math.min(1, share) }))
    .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1))
    .slice(0, TOLD_MAX);
}

export interface Page {
  spec: ServiceSpec;
  budget: BudgetSpec;
  group: string;
  named: readonly Named[];
  logEvidence: number;
  logBoundary: number;
  coverage: number | null;
  windowEndMs: number;
  /** Value of the leading metric in the window that pages, where it has one. */
  value: number | null;
}

/** The alarm that a page opens; of which kind it is, is not known yet. */
export function openAlarm(page: Page): BudgetAlarm {
  const { spec, budget, named, logEvidence, logBoundary, windowEndMs } = page;
  const streams = named.map(({ moved, logShare }) => ({
    ...moved,
    share: Math.min(1, Math.exp(logShare - logEvidence)),
  }));
  const top = named[0]!.moved;
  const { metric, subject, model, segment, onsetMs } = top;
  const fingerprint = idOf('alarm', spec.service, BUDGET_RULE, metric, subject, model, segment);
  const level: Level = named.some(({ concern }) => HARM.has(concern)) ? 'critical' : 'warning';
  const evidence: AlertEvidence = {
    kind: 'unknown',
    onsetMs,
    log10Evidence: logEvidence / Math.LN10,
    log10Boundary: logBoundary / Math.LN10,
    coverage: page.coverage,
    streams: streams.slice(0, TOLD_MAX),
    subjects: contributionsOf(streams, ({ subject: name }) => name),
    segments: contributionsOf(streams, ({ segment: name }) => name),
  };
  const boundary = Math.round(Math.exp(logBoundary));
  const last: Alert = {
    id: '',
    fingerprint,
    service: spec.service,
    rule: BUDGET_RULE,
    metric,
    subject,
    model,
    segment,
    state: 'firing',
    level,
    reason: reasonText('unknown', named[0]!.concern, streams),
    value: page.value,
    threshold: `evidence >= ${boundary} (${budgetText(budget)})`,
    n: top.n,
    windowStartMs: windowEndMs - spec.windows.sizeMs,
    windowEndMs,
    sinceMs: onsetMs,
    evidence,
    configDigest: spec.digest,
  };
  return {
    key: `${fingerprint}@${windowEndMs}`,
    fingerprint,
    group: page.group,
    concern: named[0]!.concern,
    streams: named.map(({ id }) => id),
    pagedMs: windowEndMs,
    onsetMs,
    level,
    endedMs: null,
    last: { ...last, id: alertId(last) },
  };
}

const alertId = ({ service, fingerprint, windowEndMs, state, level, evidence }: Alert): string =>
  idOf('alert', service, fingerprint, windowEndMs, state, level, evidence?.kind ?? '');

/**
 * Whether what a page would open is what an alarm already tells: the same one, where other streams of it have not come back; or, in the same group, it
 * moved before that paged, or it is of answers, which follow from the inputs that the other tells of.
 */
export const isToldBy = (alarm: BudgetAlarm, opened: BudgetAlarm): boolean =>
  alarm.fingerprint === opened.fingerprint ||
  (alarm.group === opened.group &&
    alarm.level === opened.level &&
    (opened.onsetMs <= alarm.pagedMs || (alarm.concern === 'inputs' && opened.concern === 'answers')));

/** The alert of a firing alarm whose kind has become known; null: it says nothing new. */
export function reviewAlarm(alarm: BudgetAlarm, kind: DriftKind, spec: ServiceSpec): Alert | null {
  const { evidence } = alarm.last;
  if (evidence === null || kind === evidence.kind || kind === 'unknown') return null;
  const level: Level = kind === 'data' ? alarm.last.level : 'critical';
  const told = { ...alarm.last, level, evidence: { ...evidence, kind } };
  const reason = reasonText(kind, alarm.concern, evidence.streams);
  alarm.last = { ...told, reason, configDigest: spec.digest, id: alertId(told) };
  return alarm.last;
}

/** The alert that ends an alarm at the end of a window. */
export function resolveAlarm(alarm: BudgetAlarm, spec: ServiceSpec, atMs: number, reason: string): Alert {
  const told: Alert = {
    ...alarm.last,
    state: 'resolved',
    reason,
    value: null,
    windowStartMs: atMs,
    windowEndMs: atMs,
    configDigest: spec.digest,
  };
  return { ...told, id: alertId(told) };
}
