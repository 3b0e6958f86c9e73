/** One row of what a model said, as callers get it. */

import { CELL_OK, type ModelSpec, type OutputColumn, type OutputSpec, type ServiceSpec } from '../records.ts';
import type { Suggestion } from './decision.ts';

/**
 * classifier: `score` is that of the positive class, absent where there is none. detector: corners in 0..1 of the image.
 */
export type Answer =
  | { class: string; confidence: number | null; score?: number }
  | { classes: string[] }
  | { value: number }
  | { boxes: { class: string; confidence: number; x1: number; y1: number; x2: number; y2: number }[] };

/** By name of the output. */
export type Answers = Record<string, Answer>;

/** What `model` said of a row, and how sure it is: as sure as of its least sure output. Null: it could not score the row. */
export function suggestionOf(
  spec: Pick<ServiceSpec, 'outputs'>,
  model: Pick<ModelSpec, 'outputs'>,
  columns: readonly OutputColumn[],
  row: number,
): Suggestion | null {
  const outputs: Answers = {};
  let confidence: number | null = 1;
  for (const { output: name } of model.outputs) {
    const index = spec.outputs.findIndex((output) => output.name === name);
    const output = spec.outputs[index]!;
    const answer = answerOf(output, columns[index]!, row);
    if (answer === null) return null;
    outputs[name] = answer;
    const own = confidenceOf(answer);
    confidence = own === null || confidence === null ? null : Math.min(confidence, own);
  }
  return { outputs, confidence };
}

/** Sets, numbers and images without boxes say nothing of how sure they are. */
function confidenceOf(answer: Answer): number | null {
  if ('confidence' in answer) return answer.confidence;
  if (!('boxes' in answer) || answer.boxes.length === 0) return null;
  return Math.min(...answer.boxes.map(({ confidence }) => confidence));
}

function answerOf(output: OutputSpec, column: OutputColumn, row: number): Answer | null {
  if (column.state[row] !== CELL_OK) return null;
  const { classes } = output;
  switch (column.kind) {
    case 'class': {
      const found = classes[column.codes[row]!]!;
      const score = column.scores[row]!;
      if (!Number.isFinite(score)) return { class: found, confidence: null };
      if (output.positive === null || classes.length !== 2) return { class: found, confidence: score };
      return { class: found, confidence: found === output.positive ? score : 1 - score, score };
    }
    case 'set': {
      const { words, width } = column;
      const holds = (code: number): boolean =>
        ((words[row * width + (code >> 5)]! >>> (code & 31)) & 1) === 1;
      return { classes: classes.filter((_, code) => holds(code)) };
    }
    case 'number':
      return { value: column.values[row]! };
    case 'boxes':
      return {
        boxes: column.boxes[row]!.map(({ label, confidence, x1, y1, x2, y2 }) => ({
          class: classes[label] ?? String(label),
          confidence,
          x1,
          y1,
          x2,
          y2,
        })),
      };
    case 'text':
      return null;
  }
}
