/** A public record as one line for people. */

import type { Alert, Result, Retrain, RolloutRecord } from '../../records.ts';
import { oneLine } from '../dead/letters.ts';
import type { Told } from '../public/records.ts';
import type { Paint } from './paint.ts';

const WORDS_MAX = 160;

export const numberText = (value: number | null): string =>
  value === null ? '-' : String(Number(value.toPrecision(4)));

/** `2026-03-01 12:05:00  fraud  result  psi amount 0.031 [0.02, 0.04] n 1012`; times in UTC. */
export function lineOf(told: Told, paint: Paint): string {
  const { type, record } = told;
  const atMs = 'windowEndMs' in record ? record.windowEndMs : record.atMs;
  const time = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
  return `${paint('dim', time)}  ${paint('bold', record.service)}  ${type.padEnd(8)}  ${wordsOf(told, paint)}`;
}

function wordsOf(told: Told, paint: Paint): string {
  switch (told.type) {
    case 'result':
      return resultWords(told.record);
    case 'alert':
      return alertWords(told.record, paint);
    case 'incident': {
      const { state, level, summary, notify } = told.record;
      const shown = state === 'open' ? paint(level, `${level} open`) : paint('good', state);
      return `${shown}  ${oneLine(summary, WORDS_MAX)}${notify === '' ? '' : `  (told: ${notify})`}`;
    }
    case 'retrain':
      return retrainWords(told.record);
    default:
      return rolloutWords(told.record, paint);
  }
}

/** What a result or alarm is about: `psi amount mlp channel=card`. */
export function aboutOf({
  metric,
  subject,
  model,
  segment,
}: Pick<Result, 'metric' | 'subject' | 'model' | 'segment'>): string {
  const parts = [metric, subject, model, segment === '*' ? '' : segment];
  return oneLine(parts.filter((part) => part !== '').join(' '), WORDS_MAX);
}

function resultWords(result: Result): string {
  const { value, low, high, n, final, coverage, reason } = result;
  const interval = low === null || high === null ? '' : ` [${numberText(low)}, ${numberText(high)}]`;
  const part = final ? '' : `  preliminary, ${Math.round(100 * (coverage ?? 0))} % of labels`;
  const why = value === null && reason !== '' ? `  (${oneLine(reason, WORDS_MAX)})` : '';
  return `${aboutOf(result)}  ${numberText(value)}${interval}  n ${n}${part}${why}`;
}

function alertWords(alert: Alert, paint: Paint): string {
  const { state, level, rule, reason, id } = alert;
  const shown = state === 'firing' ? paint(level, `${level} firing`) : paint('good', 'resolved');
  return `${shown}  ${oneLine(rule, WORDS_MAX)}: ${oneLine(reason, WORDS_MAX)}  ${paint('dim', id)}`;
}

function retrainWords({ state, mode, by, reason, retrainId }: Retrain): string {
  const who = by === '' ? '' : ` by ${oneLine(by, WORDS_MAX)}`;
  return `${state} (${mode})${who}: ${oneLine(reason, WORDS_MAX)}  ${retrainId}`;
}

function rolloutWords(
  { event, candidate, status, stage, stages, share, reason }: RolloutRecord,
  paint: Paint,
): string {
  const where =
    status === 'none'
      ? ''
      : `  ${candidate} is ${status.replace('_', ' ')}, stage ${stage + 1} of ${stages}, ${numberText(100 * share)} %`;
  const shown = event === 'rolled_back' ? paint('critical', event) : event;
  return `${shown}${where}${reason === '' ? '' : `: ${oneLine(reason, WORDS_MAX)}`}`;
}
