/** How what the join has matched goes into the tracks of a cell. */

import { assert } from '../errors.ts';
import { isBinary } from '../metric/scored.ts';
import { createConfusion } from '../profile/confusion.ts';
import { count as countUp } from '../profile/counters.ts';
import { createNumeric, NO_PARAMETERS, updateNumeric } from '../profile/numeric.ts';
import type { KindName, TrackState, Tracks } from '../profile/registry.ts';
import { addError, createRegression } from '../profile/regression.ts';
import { ASKED, addScore, createScoreBins, NEGATIVE, POSITIVE } from '../profile/score-bins.ts';
import { addSets, createSets } from '../profile/sets.ts';
import { CELL_OK, hasRightAnswers, type OutputSpec } from '../records.ts';
import type { Cell } from '../window/panes.ts';
import { feedKey, thresholdOf } from './feeds.ts';
import { truthWidth } from './join-columns.ts';

const NO_ROW = new Int32Array([0]);
const ONE_VALUE = new Float64Array(1);
const ONE_STATE = new Uint8Array([CELL_OK]);

type StateOf<K extends KindName> = Extract<TrackState, { kind: K }>['state'];

/** The state of a cell's track, made when absent; the cell is dirty then. */
function stateOf<K extends KindName>(
  cell: Cell<Tracks>,
  key: string,
  kind: K,
  create: () => StateOf<K>,
): StateOf<K> {
  let track = cell.tracks.get(key);
  if (track === undefined) {
    track = { kind, state: create() } as TrackState;
    cell.tracks.set(key, track);
  }
  assert(track.kind === kind, `${key} is ${kind}`);
  cell.dirty = true;
  return track.state as StateOf<K>;
}

const newCounters = (): Map<string, number> => new Map();

/** The counters of a cell, to be counted in. */
export const countersOf = (cell: Cell<Tracks>, key: string): Map<string, number> =>
  stateOf(cell, key, 'counters', newCounters);

/** Adds 1 to a named counter of a cell. */
export const increment = (cell: Cell<Tracks>, key: string, name: string): void =>
  countUp(countersOf(cell, key), name, 1);

function addNumber(cell: Cell<Tracks>, key: string, value: number): void {
  const state = stateOf(cell, key, 'numeric', () => createNumeric(NO_PARAMETERS));
  ONE_VALUE[0] = value;
  updateNumeric(state, NO_PARAMETERS, ONE_VALUE, ONE_STATE, NO_ROW, 1);
}

/** A run of numbers of the join, and where in it an answer or a truth begins. */
export interface Place {
  numbers: Float64Array;
  at: number;
}

/** The score of an answer that waits for its label, into the cells of scores. */
export function foldAsked(
  output: OutputSpec,
  model: string,
  answer: Place,
  cells: readonly Cell<Tracks>[],
): void {
  if (output.type !== 'classifier' || Number.isNaN(answer.numbers[answer.at]!)) return;
  const score = answer.numbers[answer.at + 1]!;
  if (Number.isNaN(score)) return;
  const key = feedKey('asked', model, output.name);
  for (const cell of cells)
    addScore(stateOf(cell, key, 'score_bins', createScoreBins), score, ASKED, thresholdOf(output));
}

/** Whether an answer is right: the same class or set, a number within the tolerance; undefined where it cannot be compared. */
export function isRight(output: OutputSpec, answer: Place, truth: Place): boolean | undefined {
  if (!hasRightAnswers(output)) return undefined;
  const [said, is] = [answer.numbers[answer.at]!, truth.numbers[truth.at]!];
  if (Number.isNaN(said) || Number.isNaN(is)) return undefined;
  if (output.type === 'regressor') return Math.abs(said - is) <= output.tolerance;
  for (let i = 0; i < truthWidth(output); i++)
    if (answer.numbers[answer.at + i] !== truth.numbers[truth.at + i]) return false;
  return true;
}

function foldSets(
  output: OutputSpec,
  key: string,
  answer: Place,
  truth: Place,
  cells: readonly Cell<Tracks>[],
): void {
  const classes = output.classes.length;
  const width = truthWidth(output);
  const [said, is] = [answer, truth].map(({ numbers, at }) => numbers.subarray(at, at + width));
  for (const cell of cells)
    addSets(
      stateOf(cell, key, 'sets', () => createSets(classes)),
      said!,
      is!,
    );
}

/** An answer with its truth. The score goes into cells of its own, since bins of scores are large. */
export function foldTruth(
  output: OutputSpec,
  model: string,
  answer: Place,
  truth: Place,
  cells: { own: readonly Cell<Tracks>[]; scores: readonly Cell<Tracks>[] },
): void {
  if (truthWidth(output) === 0) return;
  const [said, is] = [answer.numbers[answer.at]!, truth.numbers[truth.at]!];
  if (Number.isNaN(said) || Number.isNaN(is)) return;
  const key = feedKey('performance', model, output.name);
  if (output.type === 'multilabel') {
    foldSets(output, key, answer, truth, cells.own);
    return;
  }
  if (output.type === 'regressor') {
    for (const cell of cells.own) {
      addError(stateOf(cell, key, 'regression', createRegression), said, is);
      addNumber(cell, `${key}#abs`, Math.abs(said - is));
    }
    return;
  }
  const classes = output.classes.length;
  for (const cell of cells.own)
    stateOf(cell, key, 'confusion', () => createConfusion(classes)).counts[said * classes + is]!++;
  const isPositive = isBinary(output) ? output.classes[is] === output.positive : said === is;
  const score = answer.numbers[answer.at + 1]!;
  for (const cell of cells.scores) {
    const state = stateOf(cell, feedKey('scores', model, output.name), 'score_bins', createScoreBins);
    addScore(state, score, isPositive ? POSITIVE : NEGATIVE, thresholdOf(output));
  }
}

/** The answers of primary and shadow to one request against its truth. */
export function foldPair(
  output: OutputSpec,
  shadow: string,
  answers: { primary: Place; shadow: Place },
  truth: Place,
  cells: readonly Cell<Tracks>[],
): void {
  const [ofPrimary, ofShadow] = [
    isRight(output, answers.primary, truth),
    isRight(output, answers.shadow, truth),
  ];
  if (ofPrimary === undefined || ofShadow === undefined) return;
  const key = feedKey('pairs', shadow, output.name);
  const name = ofPrimary ? (ofShadow ? 'both' : 'only_primary') : ofShadow ? 'only_shadow' : 'neither';
  for (const cell of cells) increment(cell, key, name);
}
