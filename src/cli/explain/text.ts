/** The story of an alarm as text. */

import { durationText } from '../../alarm/words.ts';
import type { Alert, Result, Retrain } from '../../records.ts';
import { oneLine } from '../dead/letters.ts';
import { aboutOf, lineOf, numberText } from '../tail/line.ts';
import type { Paint } from '../tail/paint.ts';
import { chartOf } from './chart.ts';
import type { Step } from './next.ts';
import type { Story } from './story.ts';

const LINE_MAX = 200;
const CELLS_MAX = 5;
/** Streams with less of the evidence are not shown. */
const SHARE_MIN = 0.005;

/** Lines; those of a block are indented. */
export function linesOfStory(story: Story, steps: readonly Step[], paint: Paint): string[] {
  const { alert } = story;
  const windowMs = alert.windowEndMs - alert.windowStartMs;
  return [
    ...headOf(story, paint),
    ...block(
      `Its values, windows of ${durationText(windowMs)} by their end (UTC), | is the threshold`,
      chartOf(story.windows, alert, story.episode),
    ),
    ...block(
      'What happened',
      story.episode.map(
        (told) =>
          `${timeText(told.windowEndMs)}  ${told.state === 'firing' ? told.level : 'resolved'}: ${oneLine(told.reason, LINE_MAX)}`,
      ),
    ),
    ...block('Where the evidence comes from', evidenceLines(alert)),
    ...block('The same metric in segments of that window, the worst first', story.segments.map(segmentLine)),
    ...block(
      'What else began to fire about then',
      story.others.map(
        (other) => `${timeText(other.sinceMs)}  ${other.level} ${other.rule}: ${aboutOf(other)}  ${other.id}`,
      ),
    ),
    ...block('Training', story.retrains.flatMap(retrainLines)),
    ...block(
      'Roll-outs',
      story.rollouts.map((record) => lineOf({ type: 'rollout', record }, paint)),
    ),
    ...block(
      'What you can do',
      steps.flatMap(({ why, command }) => [paint('dim', `# ${why}`), command]),
    ),
  ];
}

const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function headOf({ alert, endedMs, incident, times }: Story, paint: Paint): string[] {
  const { service, rule, level, sinceMs, n } = alert;
  const standing =
    endedMs === null
      ? paint(level, 'it still fires')
      : paint('good', `it ended after ${durationText(endedMs - sinceMs)}`);
  const rows: [string, string][] = [
    ['what', oneLine(alert.reason, LINE_MAX)],
    ['about', aboutOf(alert)],
    ['since', `${timeText(sinceMs)}, told with the window that ended ${timeText(alert.windowEndMs)}`],
    ['until', endedMs === null ? '' : timeText(endedMs)],
    ['rule', `${rule}: ${alert.threshold}; ${n} rows`],
    ['before', times > 1 ? `it has fired ${times} times` : ''],
    [
      'incident',
      incident === null
        ? ''
        : `${incident.incidentId} (${incident.state}): ${oneLine(incident.summary, LINE_MAX)}`,
    ],
    ['muted', incident?.muted ?? ''],
    ['alert', `${alert.id}, alarm ${alert.fingerprint}`],
  ];
  const shown = rows.filter(([, text]) => text !== '');
  return [
    `${paint('bold', service)}: ${paint(level, level)} alarm ${rule}; ${standing}`,
    ...shown.map(([name, text]) => `  ${name.padEnd(9)} ${text}`),
  ];
}

function evidenceLines({ evidence }: Alert): string[] {
  if (evidence === null) return [];
  const { kind, log10Evidence, log10Boundary, coverage } = evidence;
  const streams = evidence.streams.filter(({ share }) => share >= SHARE_MIN);
  const labels = coverage === null ? '' : `, ${Math.round(100 * coverage)} % of labels known`;
  return [
    `drift of kind ${kind}; evidence 10^${log10Evidence.toFixed(1)}, the budget allows 10^${log10Boundary.toFixed(1)}${labels}`,
    ...streams.flatMap((stream) => [
      `${percent(stream.share)} ${aboutOf(stream)}, since ${timeText(stream.onsetMs)}, ${stream.n} rows beside ${stream.referenceN}`,
      ...stream.cells
        .slice(0, CELLS_MAX)
        .map(
          ({ cell, reference, current }) =>
            `      ${oneLine(cell, LINE_MAX)}: ${percent(reference)} -> ${percent(current)}`,
        ),
    ]),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function segmentLine({ segment, value, low, high, n }: Result): string {
  const interval = low === null || high === null ? '' : ` [${numberText(low)}, ${numberText(high)}]`;
  return `${oneLine(segment, LINE_MAX)}  ${numberText(value)}${interval}  n ${n}`;
}

function retrainLines({ retrainId, state, mode, data, by }: Retrain): string[] {
  const who = by === '' ? '' : ` by ${oneLine(by, LINE_MAX)}`;
  return [
    `${retrainId}: ${state} (${mode})${who}; data from ${timeText(data.fromMs)} to ${timeText(data.toMs)}`,
    ...data.ranges.map(
      ({ topic, partition, fromOffset, toOffset }) =>
        `      ${topic}/${partition}: offsets ${fromOffset} to ${toOffset}`,
    ),
  ];
}
