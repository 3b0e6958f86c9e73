/** What the fields of a sample are for: a guess that a person looks over. */

import { nearest } from '../../config/suggest.ts';
import { TelltaleError } from '../../errors.ts';
import { EMBEDDING_DIMENSIONS_MAX } from '../../records.ts';
import type { ColumnFacts, Sample } from './columns.ts';

export interface GuessedInput {
  name: string;
  from: string;
  type: 'numeric' | 'categorical' | 'text' | 'image' | 'embedding';
  range: [number, number] | null;
  /** The most frequent first; null: there are too many to be listed. */
  categories: string[] | null;
  dimensions: number | null;
  /** What was seen, in words. */
  seen: string;
}

export interface GuessedOutput {
  name: string;
  /** Paths; null: the sample has none. */
  label: string | null;
  prediction: string | null;
  score: string | null;
  type: 'classifier' | 'regressor';
  classes: string[];
  /** Of two classes the rarer one; null: there are more. */
  positive: string | null;
}

export interface Guess {
  rows: number;
  id: string | null;
  time: string | null;
  /** Between the first and the last row; null: not known. */
  spanMs: number | null;
  inputs: GuessedInput[];
  output: GuessedOutput | null;
  /** Categorical inputs with few values, to segment by. */
  segment: string | null;
  /** Fields that are left out, with why. */
  left: { path: string; why: string }[];
}

export interface Named {
  id?: string;
  time?: string;
  label?: string;
  prediction?: string;
}

const ID_NAMES = /^(id|uuid|guid|key|(request|record|event|transaction|order|row|trace)_?id)$/i;
const TIME_NAMES = /^(time|timestamp|ts|date|datetime|event_?time|created_?at|occurred_?at|at)$/i;
const LABEL_NAMES = /^(labels?|target|truth|ground_?truth|actual|outcome|y|y_?true|class|is_?fraud)$/i;
const PREDICTION_NAMES = /^(predictions?|predicted|pred|y_?pred|y_?hat|answer)$/i;
const SCORE_NAMES = /^(score|probability|proba|confidence|predict(ion|ed)_(score|proba(bility)?))$/i;
/** Shares of the values: most must fit, since some are broken. */
const MOST = 0.95;
const CLASSES_MAX = 20;
const CATEGORIES_MAX = 50;
const TEXT_CHARS = 40;
const SEGMENT_VALUES_MAX = 10;
/** Numbers of so many years are times, and not counts or amounts: 2000 to 2100. */
const TIME_FROM_MS = Date.UTC(2000);
const TIME_TO_MS = Date.UTC(2100);

const last = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
const isMost = (part: number, { n }: ColumnFacts): boolean => n > 0 && part >= MOST * n;
const isTime = (facts: ColumnFacts): boolean =>
  isMost(facts.times, facts) && facts.fromMs >= TIME_FROM_MS && facts.toMs < TIME_TO_MS;
const isUnique = ({ n, values, isOverfull }: ColumnFacts, rows: number): boolean =>
  n === rows && (isOverfull || values.size === rows);

/** @throws TelltaleError usage where a named field is not there, input_unreadable where there is nothing to watch */
export function guess(sample: Sample, named: Named): Guess {
  const { columns, rows } = sample;
  const pick = (option: keyof Named, found: ColumnFacts | undefined): ColumnFacts | null => {
    const path = named[option];
    return path === undefined ? (found ?? null) : columnNamed(sample, option, path);
  };
  const time = pick(
    'time',
    columns.find((facts) => TIME_NAMES.test(last(facts.path)) && isTime(facts)) ??
      columns.find((facts) => facts.texts > 0 && isTime(facts)),
  );
  const uniques = columns.filter((facts) => facts !== time && isUnique(facts, rows));
  const id = pick(
    'id',
    uniques.find(({ path }) => ID_NAMES.test(last(path))) ??
      columns.find(({ path, n }) => n === rows && ID_NAMES.test(last(path))) ??
      uniques.find(({ texts, numbers, n }) => texts === n && numbers < n),
  );
  const label = pick(
    'label',
    columns.find(({ path, n }) => n > 0 && LABEL_NAMES.test(last(path))),
  );
  const prediction = pick(
    'prediction',
    columns.find(({ path, n }) => n > 0 && PREDICTION_NAMES.test(last(path))),
  );
  const score =
    columns.find((facts) => SCORE_NAMES.test(last(facts.path)) && isMost(facts.numbers, facts)) ?? null;
  const output = outputOf(label, prediction, score);
  const used = new Set([time, id, label, prediction, score]);
  const inputs: GuessedInput[] = [];
  const left: Guess['left'] = [];
  const names = new Set<string>();
  for (const facts of columns.filter((one) => !used.has(one))) {
    const found = inputOf(facts, rows);
    if (typeof found === 'string') left.push({ path: facts.path, why: found });
    else inputs.push({ ...found, name: nameFor(facts.path, names) });
  }
  if (inputs.length === 0 && output === null)
    throw new TelltaleError(
      'input_unreadable',
      'the sample has no field that can be watched, besides id and time',
    );
  const segment = inputs.find(
    ({ categories }) =>
      categories !== null && categories.length >= 2 && categories.length <= SEGMENT_VALUES_MAX,
  );
  return {
    rows,
    id: id?.path ?? null,
    time: time?.path ?? null,
    spanMs: time === null ? null : time.toMs - time.fromMs,
    inputs,
    output,
    segment: segment?.name ?? null,
    left,
  };
}

function columnNamed({ columns }: Sample, option: string, path: string): ColumnFacts {
  const found = columns.find((facts) => facts.path === path);
  if (found !== undefined) return found;
  const paths = columns.map((facts) => facts.path);
  const near = nearest(path, paths);
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  throw new TelltaleError('usage', `--${option}: no field '${path}', there are: ${paths.join(', ')}${hint}`);
}

function outputOf(
  label: ColumnFacts | null,
  prediction: ColumnFacts | null,
  score: ColumnFacts | null,
): GuessedOutput | null {
  const of = label ?? prediction;
  if (of === null) return null;
  const isNumber = isMost(of.numbers, of);
  // Numbers are classes where there are few, and whole.
  const isClass =
    !of.isOverfull && of.values.size >= 2 && of.values.size <= CLASSES_MAX && (!isNumber || of.areWhole);
  if (!isClass && !isNumber) return null;
  const classes = isClass ? [...of.values.keys()].sort() : [];
  return {
    name: nameFor(label === null ? 'answer' : label.path, new Set()),
    label: label?.path ?? null,
    prediction: prediction?.path ?? null,
    score: isClass && classes.length === 2 ? (score?.path ?? null) : null,
    type: isClass ? 'classifier' : 'regressor',
    classes,
    positive:
      classes.length === 2 ? (classes.findLast((one) => of.values.get(one) === rarest(of)) ?? null) : null,
  };
}

const rarest = ({ values }: ColumnFacts): number => Math.min(...values.values());

type Found = Omit<GuessedInput, 'name'>;

/** Or why it is none. */
function inputOf(facts: ColumnFacts, rows: number): Found | string {
  const { path: from, n } = facts;
  const none = { from, range: null, categories: null, dimensions: null };
  if (n === 0) return 'it is always empty';
  const part = n < rows ? `, in ${Math.round((100 * n) / rows)} % of the rows` : '';
  if (isMost(facts.images, facts)) return { ...none, type: 'image', seen: `JPEG or PNG${part}` };
  if (facts.vectors > 0) return vectorOf(facts, none, part);
  if (isMost(facts.numbers, facts)) {
    if (isTime(facts)) return 'it looks like a time';
    const { min, max } = facts;
    return { ...none, type: 'numeric', range: rangeAround(min, max), seen: `${min} to ${max}${part}` };
  }
  if (facts.texts + facts.flags < MOST * n) return 'its values are of several types, or lists';
  if (isTime(facts)) return 'it looks like a time';
  return textOf(facts, none, rows, part);
}

function vectorOf(facts: ColumnFacts, none: Omit<Found, 'type' | 'seen'>, part: string): Found | string {
  const { vectorLength: dimensions } = facts;
  if (!isMost(facts.vectors, facts) || dimensions === null) return 'its lists differ in length';
  if (dimensions < 1 || dimensions > EMBEDDING_DIMENSIONS_MAX) return `lists of ${dimensions} numbers`;
  return { ...none, type: 'embedding', dimensions, seen: `lists of ${dimensions} numbers${part}` };
}

function textOf(
  facts: ColumnFacts,
  none: Omit<Found, 'type' | 'seen'>,
  rows: number,
  part: string,
): Found | string {
  const { values, isOverfull, chars, texts, n } = facts;
  const length = texts === 0 ? 0 : chars / texts;
  const many = isOverfull || values.size > CATEGORIES_MAX;
  if (many && length >= TEXT_CHARS)
    return { ...none, type: 'text', seen: `${Math.round(length)} characters on average${part}` };
  if (isUnique(facts, rows) && rows > CATEGORIES_MAX) {
    const hasSpaces = [...values.keys()].slice(0, CATEGORIES_MAX).some((text) => text.includes(' '));
    return hasSpaces
      ? { ...none, type: 'text', seen: `a text of its own in each row${part}` }
      : 'it is different in each row';
  }
  if (many)
    return { ...none, type: 'categorical', seen: `more than ${CATEGORIES_MAX} values in ${n} rows${part}` };
  const categories = [...values]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([value]) => value);
  return { ...none, type: 'categorical', categories, seen: `${categories.length} values${part}` };
}

/** Wider than what was seen, in round numbers: a range says what is possible, and not what is usual. */
export function rangeAround(min: number, max: number): [number, number] {
  const step = 10 ** Math.floor(Math.log10(Math.max(max - min, Math.abs(max), 1e-6)));
  const low = Math.floor((min - (max - min)) / step) * step;
  const high = Math.ceil((max + (max - min)) / step) * step;
  const round = (value: number): number => Number(value.toPrecision(12));
  // What was never negative is a count, an amount, an age.
  return [min >= 0 ? 0 : round(low), max <= 0 && min < 0 ? 0 : Math.max(round(high), step)];
}

/** Letters, digits, - and _, and taken by no other. */
function nameFor(path: string, taken: Set<string>): string {
  const plain = path.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^_+|_+$/g, '');
  const base = /^[A-Za-z_]/.test(plain) ? plain : `field_${plain}`;
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
  taken.add(name);
  return name;
}
