/** What each stream's batch feeds: inputs, answers, agreement, latency, telemetry. */

import { matchBoxes } from '../profile/boxes.ts';
import { NO_PARAMETERS } from '../profile/numeric.ts';
import {
  type Batch,
  CELL_INVALID,
  CELL_MISSING,
  CELL_OK,
  type OutputColumn,
  type OutputSpec,
  type Scored,
  type ServiceSpec,
} from '../records.ts';
import { askedFeeds } from './asked-feeds.ts';
import { type Feed, feedKey, rowsFeed } from './feeds.ts';
import { inputFeeds } from './input-feeds.ts';

/** Model name of answers that another system gave. */
export const EXTERNAL = 'external';

const finiteStates = (values: Float64Array, states: Uint8Array): Uint8Array =>
  states.map((state, i) =>
    state !== CELL_OK ? state : Number.isFinite(values[i]!) ? CELL_OK : CELL_INVALID,
  );

/** Classes in the set of each row. */
function sizesOf(words: Int32Array, width: number): Float64Array {
  const sizes = new Float64Array(words.length / width);
  words.forEach((word, i) => {
    for (let left = word; left !== 0; left &= left - 1) sizes[Math.floor(i / width)]!++;
  });
  return sizes;
}

/** Answers of one output of one model: classes and scores, or values; null answers are missing. */
export function answerFeeds(
  spec: ServiceSpec,
  model: string,
  output: OutputSpec,
  column: OutputColumn,
): Feed[] {
  const score = (values: Float64Array, states: Uint8Array): Feed => ({
    key: feedKey('score', model, output.name),
    kind: 'numeric',
    parameters: NO_PARAMETERS,
    values,
    states: finiteStates(values, states),
  });
  switch (column.kind) {
    case 'class':
      return [
        {
          key: feedKey('class', model, output.name),
          kind: 'categorical',
          parameters: { known: output.classes, categoriesMax: spec.limits.categoriesMax },
          codes: column.codes,
          dictionary: output.classes,
          states: column.state,
        },
        // A score that was not given is no null answer: the class track counts those.
        score(
          column.scores,
          column.state.map((state, i) => (Number.isNaN(column.scores[i]!) ? CELL_MISSING : state)),
        ),
      ];
    case 'set':
      return [
        {
          key: feedKey('class', model, output.name),
          kind: 'members',
          classes: output.classes,
          words: column.words,
          width: column.width,
          states: column.state,
        },
        score(sizesOf(column.words, column.width), column.state),
      ];
    case 'number':
      return [score(column.values, column.state)];
    case 'text':
      return [
        score(
          Float64Array.from(column.values, (text) => text?.length ?? 0),
          column.state,
        ),
      ];
    case 'boxes':
      return [
        score(
          Float64Array.from(column.boxes, (boxes) => boxes?.length ?? 0),
          column.state,
        ),
      ];
  }
}

type SetColumn = Extract<OutputColumn, { kind: 'set' }>;

function isSameSet(a: SetColumn, b: SetColumn, row: number): boolean {
  for (let at = a.width * row; at < a.width * (row + 1); at++) if (a.words[at] !== b.words[at]) return false;
  return true;
}

/** A table of so many classes takes 10 kB of a slot; of more only the agreement is counted. */
const TABLE_CLASSES_MAX = 100;

/** Agreement of a shadow with the primary on the rows that both answered. */
export function agreementFeed(shadow: string, output: OutputSpec, a: OutputColumn, b: OutputColumn): Feed {
  const key = feedKey('agreement', shadow, output.name);
  const n = a.state.length;
  const compared = new Uint8Array(n);
  for (let i = 0; i < n; i++) compared[i] = a.state[i] === CELL_OK && b.state[i] === CELL_OK ? 1 : 0;
  const classes = output.classes.length;
  if (a.kind === 'class' && b.kind === 'class' && classes <= TABLE_CLASSES_MAX)
    return { key, kind: 'confusion', classes, rowCodes: a.codes, columnCodes: b.codes, compared };
  if (a.kind === 'boxes' && b.kind === 'boxes') {
    const [matched, boxes] = [new Uint16Array(n), new Uint16Array(n)];
    const [matched2, boxes2, both] = [new Uint32Array(n), new Uint32Array(n), new Uint32Array(n)];
    for (let i = 0; i < n; i++) {
      if (compared[i] === 0) continue;
      matched[i] = matchBoxes(a.boxes[i]!, b.boxes[i]!, output.iouMin);
      boxes[i] = a.boxes[i]!.length + b.boxes[i]!.length;
      matched2[i] = matched[i]! ** 2;
      boxes2[i] = boxes[i]! ** 2;
      both[i] = matched[i]! * boxes[i]!;
    }
    const columns = [
      { name: 'compared', values: compared },
      { name: 'matched', values: matched },
      { name: 'boxes', values: boxes },
      { name: 'matched2', values: matched2 },
      { name: 'boxes2', values: boxes2 },
      { name: 'matched_boxes', values: both },
    ];
    return { key, kind: 'counters', columns };
  }
  const agreed = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (compared[i] === 0) continue;
    const same =
      (a.kind === 'class' && b.kind === 'class' && a.codes[i] === b.codes[i]) ||
      (a.kind === 'number' &&
        b.kind === 'number' &&
        Math.abs(a.values[i]! - b.values[i]!) <= output.tolerance) ||
      (a.kind === 'text' && b.kind === 'text' && a.values[i] === b.values[i]) ||
      (a.kind === 'set' && b.kind === 'set' && isSameSet(a, b, i));
    if (same) agreed[i] = 1;
  }
  const columns = [
    { name: 'compared', values: compared },
    { name: 'agreed', values: agreed },
  ];
  return { key, kind: 'counters', columns };
}

export function requestFeeds(spec: ServiceSpec, batch: Batch, scored: Scored): Feed[] {
  const feeds = [
    rowsFeed(feedKey('rows', '', 'requests'), 'rows'),
    ...inputFeeds(spec, batch, scored.images),
  ];
  const primary = scored.models[0];
  spec.models.forEach((model, m) => {
    const answers = scored.models[m];
    if (answers === null || answers === undefined) return;
    spec.outputs.forEach((output, o) => {
      feeds.push(...answerFeeds(spec, model.name, output, answers[o]!));
      if (m > 0 && primary) feeds.push(agreementFeed(model.name, output, primary[o]!, answers[o]!));
    });
  });
  // Last, since the others have their parts by their number.
  spec.models.forEach((model, m) => {
    const answers = scored.models[m];
    if (answers) feeds.push(...askedFeeds(spec, model.name, m, answers));
  });
  return feeds;
}

export function predictionFeeds(spec: ServiceSpec, batch: Batch): Feed[] {
  const feeds: Feed[] = [rowsFeed(feedKey('rows', '', 'predictions'), 'rows')];
  spec.outputs.forEach((output, o) => {
    feeds.push(...answerFeeds(spec, EXTERNAL, output, batch.outputs[o]!));
  });
  if (batch.latencyMs !== null) {
    const states = batch.latencyMs.map((ms) => (Number.isFinite(ms) ? CELL_OK : CELL_MISSING));
    feeds.push({
      key: feedKey('latency', EXTERNAL, ''),
      kind: 'numeric',
      parameters: NO_PARAMETERS,
      values: batch.latencyMs,
      states: Uint8Array.from(states),
    });
  }
  if (batch.failed !== null) {
    const columns = [
      { name: 'rows', values: null },
      { name: 'failed', values: batch.failed },
    ];
    feeds.push({ key: feedKey('errors', EXTERNAL, ''), kind: 'counters', columns });
  }
  feeds.push(...askedFeeds(spec, EXTERNAL, spec.models.length, batch.outputs));
  return feeds;
}

/** One feed for each metric in the batch; rows of other metrics are missing there and not counted. */
export function telemetryFeeds(spec: ServiceSpec, batch: Batch): { feed: Feed; rows: Int32Array }[] {
  const telemetry = batch.telemetry!;
  const byMetric = new Map<string, number[]>();
  for (let i = 0; i < batch.n; i++) {
    const metric = telemetry.metrics[i]!;
    const rows = byMetric.get(metric);
    if (rows !== undefined) rows.push(i);
    else if (byMetric.size < spec.limits.categoriesMax) byMetric.set(metric, [i]);
  }
  const states = finiteStates(telemetry.values, new Uint8Array(batch.n));
  return [...byMetric].map(([metric, rows]) => ({
    feed: {
      key: feedKey('telemetry', '', metric),
      kind: 'numeric',
      parameters: NO_PARAMETERS,
      values: telemetry.values,
      states,
    },
    rows: Int32Array.from(rows),
  }));
}
