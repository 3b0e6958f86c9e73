/** Answers of fold B with their truths: which of the tracks of a request's cells they go into. */

import type { Tracks } from '../profile/registry.ts';
import type { ServiceSpec } from '../records.ts';
import type { Cell as PaneCell } from '../window/panes.ts';
import { ARMS_KEY, type ArmCount, armOf, armsOutputOf, countArm, countsArm } from './arms.ts';
import { hasStream } from './events-of.ts';
import { SCORES_PER_PART } from './feeds.ts';
import { EXTERNAL } from './feeds-of.ts';
import { cellsOf } from './join-cells.ts';
import { ROUTED } from './join-columns.ts';
import { countersOf, foldAsked, foldPair, foldTruth, isRight, type Place } from './join-measures.ts';
import { ANSWERS_FOLDED, EXTERNAL_FOLDED, HAS_ANSWERS, type JoinFold } from './join-state.ts';

type Cell = PaneCell<Tracks>;

/** The part of the slots that holds the scores of an output of a model; the first is that of all else. */
const scoresPart = ({ spec }: JoinFold, model: number, output: number): number =>
  1 + Math.floor((model * spec.outputs.length + output) / SCORES_PER_PART);

/** Where the answer of a model stands; the other system is the model after the last. */
export function answerOf(
  { requests, layout, spec }: JoinFold,
  row: number,
  model: number,
  output: number,
): Place {
  const { answers, external, answerColumns } = layout;
  const from = model === spec.models.length ? external : answers + model * answerColumns.width;
  return { numbers: requests.numbers, at: row * requests.stride + from + answerColumns.at[output]! };
}

export const truthOf = ({ requests, layout }: JoinFold, row: number, output: number): Place => ({
  numbers: requests.numbers,
  at: row * requests.stride + layout.truths + layout.truthColumns.at[output]!,
});

const modelName = ({ models }: ServiceSpec, model: number): string => models[model]?.name ?? EXTERNAL;

/** The answers of models, or of the other system, that became complete with their truth at `knownMs`. */
function foldAnswers(fold: JoinFold, row: number, models: readonly number[], knownMs: number): void {
  const { spec } = fold;
  const own = cellsOf(fold, row, knownMs);
  for (const model of models) {
    spec.outputs.forEach((output, o) => {
      const [answer, truth] = [answerOf(fold, row, model, o), truthOf(fold, row, o)];
      const scores =
        output.type === 'classifier' ? cellsOf(fold, row, knownMs, scoresPart(fold, model, o)) : [];
      foldTruth(output, modelName(spec, model), answer, truth, { own, scores });
      if (model === 0 || model === spec.models.length) return;
      const answers = { primary: answerOf(fold, row, 0, o), shadow: answer };
      foldPair(output, modelName(spec, model), answers, truth, own);
    });
  }
  if (models.includes(0)) foldArm(fold, row, own);
}

/** Counts of a request by who answered it, into its cells. */
export function countRow(
  { spec, requests, layout }: JoinFold,
  row: number,
  cells: readonly Cell[],
  what: ArmCount,
): void {
  if (layout.routed < 0 || !countsArm(spec, what)) return;
  const at = row * requests.stride + layout.routed;
  const { numbers } = requests;
  const arm = armOf(spec, numbers[at + ROUTED.model]!, numbers[at + ROUTED.epoch]!);
  if (arm !== null) for (const cell of cells) countArm(countersOf(cell, ARMS_KEY), arm, what);
}

/** Whether the answer that was acted upon is right. */
function foldArm(fold: JoinFold, row: number, cells: readonly Cell[]): void {
  const { spec, requests, layout } = fold;
  const output = armsOutputOf(spec);
  if (output === undefined || layout.routed < 0) return;
  const model = requests.numbers[row * requests.stride + layout.routed + ROUTED.model]!;
  if (!(model < spec.models.length)) return;
  const o = spec.outputs.indexOf(output);
  const right = isRight(output, answerOf(fold, row, model, o), truthOf(fold, row, o));
  if (right === undefined) return;
  countRow(fold, row, cells, 'labelled');
  if (!right) countRow(fold, row, cells, 'wrong');
}

/** The scores of answers that wait for a label from now on. */
export function foldWaiting(fold: JoinFold, row: number, models: readonly number[], knownMs: number): void {
  const { spec } = fold;
  if (!hasStream(spec, 'labels')) return;
  for (const model of models) {
    spec.outputs.forEach((output, o) => {
      if (output.type !== 'classifier') return;
      const cells = cellsOf(fold, row, knownMs, scoresPart(fold, model, o));
      foldAsked(output, modelName(spec, model), answerOf(fold, row, model, o), cells);
    });
  }
}

export const ownModels = ({ models }: ServiceSpec): number[] => models.map((_, model) => model);

/** Folds what has become complete: truth with answers, and with another system's. */
export function foldMatches(fold: JoinFold, row: number): void {
  const { spec, requests, layout } = fold;
  const { numbers, tags, stride } = requests;
  const at = row * stride;
  const truthMs = numbers[at + layout.truthMs]!;
  const externalMs = numbers[at + layout.externalMs]!;
  if (Number.isNaN(truthMs)) return;
  if ((tags[row]! & HAS_ANSWERS) !== 0 && (tags[row]! & ANSWERS_FOLDED) === 0) {
    tags[row]! |= ANSWERS_FOLDED;
    foldAnswers(fold, row, ownModels(spec), truthMs);
  }
  if (!Number.isNaN(externalMs) && (tags[row]! & EXTERNAL_FOLDED) === 0) {
    tags[row]! |= EXTERNAL_FOLDED;
    foldAnswers(fold, row, [spec.models.length], Math.max(externalMs, truthMs));
  }
}
