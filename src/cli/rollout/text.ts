/** Where a roll-out stands, in words. */

import { durationText } from '../../alarm/words.ts';
import type { AutomationLevel, RolloutRecord, RolloutSpec } from '../../records.ts';
import { oneLine } from '../dead/letters.ts';
import { count } from '../results/blocks.ts';

export interface Standing {
  service: string;
  record: RolloutRecord;
  /** Event time at which the stage, or what came after the last one, began. */
  sinceMs: number;
  level: AutomationLevel;
  /** The last that was told of why the level does not rise, or that a person may raise it; '': it has changed since. */
  waits: string;
  isDryRun: boolean;
}

interface Parsed {
  spec: Partial<RolloutSpec>;
  level: AutomationLevel | null;
}

function parsedOf({ spec, table }: RolloutRecord): Parsed {
  const objectOf = (text: string): Record<string, unknown> => {
    try {
      return (JSON.parse(text === '' ? '{}' : text) ?? {}) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  return { spec: objectOf(spec), level: (objectOf(table).level as AutomationLevel | undefined) ?? null };
}

/** Events after which another stage, or none, holds. */
const BEGINNINGS = ['started', 'advanced', 'promoted', 'rolled_back'];

/** @param records of one service, oldest first, at least one */
export function standingOf(records: readonly RolloutRecord[]): Standing {
  const record = records.at(-1)!;
  const own = records.filter(({ rolloutId }) => rolloutId === record.rolloutId);
  const began = own.findLast(({ event }) => BEGINNINGS.includes(event)) ?? own[0]!;
  const risen = records.findLast(({ event }) => event === 'level');
  const levels = records.map((one) => parsedOf(one).level).filter((level) => level !== null);
  return {
    service: record.service,
    record,
    sinceMs: (record.status === 'none' ? (risen ?? record) : began).atMs,
    level: levels.at(-1) ?? 'full',
    waits: waitsOf(records),
    isDryRun: parsedOf(record).spec.isDryRun === true,
  };
}

function waitsOf(records: readonly RolloutRecord[]): string {
  const last = records.findLast(({ event }) => event.startsWith('level'));
  return last === undefined || last.event === 'level' ? '' : last.reason;
}

const points = (share: number): string => `${(100 * share).toFixed(2)}`;
const times = (logE: number): string => String(Number(logE.toFixed(2)));
export const isoOf = (atMs: number): string => new Date(atMs).toISOString();

/** '-0.40 % (-1.20 to 0.35 %)'. */
export const differenceText = ({
  difference,
  low,
  high,
}: Pick<RolloutRecord, 'difference' | 'low' | 'high'>): string =>
  difference === null || low === null || high === null
    ? '-'
    : `${points(difference)} % (${points(low)} to ${points(high)} %)`;

/** Of traffic that the candidate answers, or that it shadows. */
function shareText({ status, stageKind, share }: RolloutRecord): string {
  if (status === 'none') return '-';
  if (status === 'promoted') return '100 %';
  if (status === 'rolled_back' || stageKind === 'preview') return '0 %';
  return `${Number((100 * share).toFixed(2))} %`;
}

const stageText = ({ status, stage, stages, stageKind }: RolloutRecord): string =>
  status === 'none' ? '-' : `${stage + 1} of ${stages} ${stageKind}`;

export const HEADINGS = [
  ...['SERVICE', 'CANDIDATE', 'STATUS', 'STAGE', 'SHARE', 'SINCE', 'LEVEL'],
  ...['VERDICT', 'WORSE BY', 'N', 'FOR IT', 'AGAINST', 'NEEDED', 'MORE LABELS'],
];

export function rowOf({ service, record, sinceMs, level }: Standing): (string | number)[] {
  const { verdict, doubt, needed, counts } = record;
  const row = [
    service,
    record.candidate,
    record.status,
    stageText(record),
    shareText(record),
    isoOf(sinceMs),
    level,
  ];
  // A level without a roll-out: nothing is compared.
  if (record.status === 'none')
    return [...row.map((cell) => cell || '-'), ...HEADINGS.slice(row.length).map(() => '-')];
  return [
    ...row,
    doubt === '' ? verdict : `${verdict}: ${doubt}`,
    differenceText(record),
    count(record.metrics[0]?.n ?? counts.n),
    times(record.logEBetter),
    times(record.logEWorse),
    times(record.logBoundary),
    needed === null ? '-' : count(needed),
  ];
}

/** What the table has no room for. */
export function notesOf({ service, record, sinceMs, waits, isDryRun }: Standing): string[] {
  const { event, by, reason, atMs, exposed, candidate } = record;
  const notes: string[] = [];
  if (isDryRun) notes.push(`${service}: dry run, who answers stays as it is`);
  const what = event === 'refused' ? 'refused to' : event.replace('_', ' ');
  const who = by === '' ? '' : event === 'refused' ? ` ${oneLine(by, 40)}` : ` by ${oneLine(by, 40)}`;
  const after = atMs > sinceMs ? `, ${durationText(atMs - sinceMs)} after that` : '';
  // The table is about wrong answers.
  for (const { metric, n, logEBetter, logEWorse, ...rest } of record.metrics.slice(1))
    notes.push(
      `${service}: ${metric} worse by ${differenceText(rest)}, ${count(n)} requests, for it ${times(logEBetter)}, against ${times(logEWorse)}`,
    );
  // A reason to roll back says so itself.
  if (exposed > 0 && event !== 'rolled_back')
    notes.push(`${service}: ${candidate} has answered ${count(exposed)} request${exposed === 1 ? '' : 's'}`);
  notes.push(`${service}: ${what}${who}${after}: ${oneLine(reason, 300)}`);
  if (waits !== '' && waits !== reason) notes.push(`${service}: level ${oneLine(waits, 300)}`);
  return notes;
}
