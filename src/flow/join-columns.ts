/**
 * How an answer and a truth of each output go through the join: as a run of numbers, NaN where there is none.
 *
 *     classifier   answer: class index, score    truth: class index
 *     regressor    answer: value                 truth: value
 *     multilabel   answer: words of the set      truth: words of the set
 *
 * Outputs of other types cannot be compared with labels and take no room.
 */

import { wordsOf } from '../math/bits.ts';
import { CELL_OK, type OutputColumn, type OutputSpec, type RoutedColumn } from '../records.ts';

/** Numbers of an answer. */
export function answerWidth({ type, classes }: OutputSpec): number {
  if (type === 'classifier') return 2;
  if (type === 'multilabel') return wordsOf(classes.length);
  return type === 'regressor' ? 1 : 0;
}

/** Numbers of a truth. */
export const truthWidth = (output: OutputSpec): number =>
  output.type === 'classifier' ? 1 : answerWidth(output);

/** Where the numbers of each output begin in a run of all, and how long the run is. */
export interface Columns {
  at: number[];
  width: number;
}

export function columnsOf(outputs: readonly OutputSpec[], widthOf: (output: OutputSpec) => number): Columns {
  const at: number[] = [];
  let width = 0;
  for (const output of outputs) {
    at.push(width);
    width += widthOf(output);
  }
  return { at, width };
}

/** Appends the numbers of a row's answer, or of its truth. */
export function pushNumbers(
  into: number[],
  output: OutputSpec,
  column: OutputColumn | undefined,
  row: number,
  isTruth: boolean,
): void {
  const width = isTruth ? truthWidth(output) : answerWidth(output);
  if (width === 0) return;
  if (column === undefined || column.state[row] !== CELL_OK) {
    for (let i = 0; i < width; i++) into.push(Number.NaN);
  } else if (column.kind === 'class') {
    into.push(column.codes[row]!);
    if (!isTruth) into.push(column.scores[row]!);
  } else if (column.kind === 'set') {
    for (let at = width * row; at < width * (row + 1); at++) into.push(column.words[at]!);
  } else if (column.kind === 'number') into.push(column.values[row]!);
}

/** Who answered, behind the answers: the model, the epoch of the table where the id decided, who decided; as in `RoutedColumn`, NaN where nothing is said. */
export const ROUTED = { model: 0, epoch: 1, decided: 2 } as const;
export const ROUTED_WIDTH = 3;

/** Appends what the headers of a row say. */
export function pushRouted(into: number[], routed: RoutedColumn | undefined, row: number): void {
  const said = [routed?.answered[row], routed?.epochs[row], routed?.decided[row]];
  into.push(...said.map((value) => (value === undefined || value < 0 ? Number.NaN : value)));
}
