/** The backtest of one service for people. */

import { durationText } from '../../alarm/words.ts';
import { oneLine } from '../dead/letters.ts';
import {
  type Block,
  count,
  heading,
  line,
  nameOf,
  plural,
  short,
  table,
  titleOf,
} from '../results/blocks.ts';
import { iso } from '../results/options.ts';
import { isDifferent, type Judged, type ServiceBacktest } from './build.ts';
import type { Episode, Spell } from './episodes.ts';
import { type Better, type Found, foundIn, type Score } from './score.ts';
import { changeWords, moveWords, shiftWords } from './words.ts';

/** Rows of one table; JSON has all. */
const ROWS_MAX = 50;
const REASON_CHARS = 160;

const reasonOf = (text: string): string => oneLine(text, REASON_CHARS);
const endOf = ({ toMs }: Spell): string => (toMs === null ? 'goes on' : iso(toMs));
const whatOf = (episode: Episode): string =>
  titleOf(episode) + (episode.segment === '*' ? '' : ` in ${nameOf(episode.segment)}`);

function cut<T>(list: readonly T[], headings: string[], rowOf: (one: T) => (string | number)[]): Block[] {
  const more = list.length - ROWS_MAX;
  const blocks = [table(headings, list.slice(0, ROWS_MAX).map(rowOf))];
  return more > 0 ? [...blocks, line(`And ${count(more)} more; --json lists all.`)] : blocks;
}

/** @param readWhat 'record' or 'result' */
export function blocksOf(found: ServiceBacktest, readWhat: string): Block[] {
  const { service, span, read, dead, parts, notes } = found;
  const blocks = [
    heading(1, `${nameOf(service)}: ${iso(span.fromMs)} to ${iso(span.toMs)}`),
    line(
      `${plural(read, readWhat)} with each configuration. ` +
        (parts.length === 0 ? 'They are the same.' : `They differ in: ${parts.join(', ')}.`),
    ),
    ...notes.map(line),
  ];
  if (dead.before + dead.after > 0)
    blocks.push(
      line(`Records that could not be read: ${count(dead.before)} before, ${count(dead.after)} after.`),
    );
  blocks.push(...ruleBlocks(found));
  if (!isDifferent(found))
    blocks.push(line('No difference: the same alarms and the same requests for retraining.'));
  else blocks.push(...alarmBlocks(found), ...retrainBlocks(found));
  return found.judged === null ? blocks : [...blocks, ...incidentBlocks(found.judged)];
}

function ruleBlocks({ rules }: ServiceBacktest): Block[] {
  if (rules.length === 0) return [line('There are no rules on either side.')];
  return [
    heading(2, 'Rules'),
    table(
      ['RULE', 'CHANGE', 'ALARMS BEFORE', 'AFTER', 'FIRING BEFORE', 'AFTER'],
      rules.map((row) => [
        nameOf(row.rule),
        row.change === 'same' ? '-' : changeWords(row),
        row.before.alarms,
        row.after.alarms,
        durationText(row.before.firingMs),
        durationText(row.after.firingMs),
      ]),
    ),
  ];
}

function alarmBlocks({ alarms, rules }: ServiceBacktest): Block[] {
  const { appear, disappear, moves, stays } = alarms;
  const ruleOf = ({ rule }: Episode): string => changeWords(rules.find((row) => row.rule === rule));
  const columns = ['RULE', 'ALARM', 'LEVEL', 'FROM', 'TO', 'THE RULE IS', 'IT FIRES BECAUSE'];
  const rowOf = (one: Episode): string[] => [
    nameOf(one.rule),
    whatOf(one),
    one.level,
    iso(one.fromMs),
    endOf(one),
    ruleOf(one),
    reasonOf(one.reason),
  ];
  const blocks: Block[] = [];
  if (appear.length > 0) blocks.push(heading(2, 'Alarms that appear'), ...cut(appear, columns, rowOf));
  if (disappear.length > 0)
    blocks.push(heading(2, 'Alarms that disappear'), ...cut(disappear, columns, rowOf));
  if (moves.length > 0) {
    const headings = ['RULE', 'ALARM', 'FROM BEFORE', 'AFTER', 'IT', 'THE RULE IS', 'IT FIRES BECAUSE'];
    blocks.push(
      heading(2, 'Alarms that move'),
      ...cut(moves, headings, (move) => [
        nameOf(move.after.rule),
        whatOf(move.after),
        iso(move.before.fromMs),
        iso(move.after.fromMs),
        moveWords(move).join(', '),
        ruleOf(move.after),
        reasonOf(move.after.reason),
      ]),
    );
  }
  return [
    ...blocks,
    line(`${plural(stays.length, 'alarm')} ${stays.length === 1 ? 'stays' : 'stay'} as before.`),
  ];
}

function retrainBlocks({ retrains }: ServiceBacktest): Block[] {
  const { appear, disappear, moves, stays } = retrains;
  const rows = [
    ...disappear.map((one) => ({ what: 'disappears', one })),
    ...appear.map((one) => ({ what: 'appears', one })),
    ...moves.map((move) => ({ what: `comes ${shiftWords(move)}`, one: move.after })),
    ...stays.map(({ before, after }) => ({
      what: before.reason === after.reason ? 'stays' : 'stays, for another reason',
      one: after,
    })),
  ].sort((a, b) => a.one.fromMs - b.one.fromMs);
  if (rows.length === 0) return [];
  return [
    heading(2, 'Requests for retraining'),
    ...cut(rows, ['AT', 'IT', 'BECAUSE'], ({ what, one }) => [iso(one.fromMs), what, reasonOf(one.reason)]),
  ];
}

const foundText = ({ first, delayMs }: Found): string =>
  first === null ? 'missed' : `after ${durationText(delayMs ?? 0)} by ${nameOf(first.rule)}`;

function incidentBlocks({ before, after, verdict, unseen, slackMs }: Judged): Block[] {
  const blocks: Block[] = [heading(2, 'What really happened')];
  if (before.found.length > 0) {
    const rows = before.found.map((found, i) => [
      oneLine(found.incident.what, REASON_CHARS),
      iso(found.incident.fromMs),
      endOf(found.incident),
      foundText(found),
      foundText(after.found[i]!),
    ]);
    blocks.push(table(['INCIDENT', 'FROM', 'TO', 'BEFORE', 'AFTER'], rows));
  }
  const better: Record<Better, string> = { current: 'before', candidate: 'after', same: '-' };
  const { meanDelayMs } = verdict;
  const incidents = (score: Score): string => `${foundIn(score)} of ${score.found.length}`;
  const rate = ({ falsePer30d }: Score): string => (falsePer30d === null ? '-' : short(falsePer30d));
  blocks.push(
    table(
      ['', 'BEFORE', 'AFTER', 'BETTER'],
      [
        ['incidents found', incidents(before), incidents(after), better[verdict.incidents]],
        [
          'mean delay of those that both find',
          meanDelayMs === null ? '-' : durationText(meanDelayMs.current),
          meanDelayMs === null ? '-' : durationText(meanDelayMs.candidate),
          better[verdict.delay],
        ],
        [
          'false alarms',
          String(before.falseAlarms.length),
          String(after.falseAlarms.length),
          better[verdict.falseAlarms],
        ],
        ['false alarms per 30 days', rate(before), rate(after), better[verdict.falseAlarms]],
      ],
    ),
    line(
      `An alarm that fires in an incident or up to ${durationText(slackMs)} after has found it when it is known; what fires elsewhere is a false alarm.`,
    ),
  );
  if (unseen.length > 0)
    blocks.push(
      line(`Outside of the data: ${unseen.map(({ what }) => oneLine(what, REASON_CHARS)).join('; ')}.`),
    );
  for (const point of verdict.worse)
    blocks.push(line(`Worse: the candidate ${oneLine(point, 2 * REASON_CHARS)}.`));
  return blocks;
}
