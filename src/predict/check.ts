/** What is wrong with a row for the model that is to answer it. */

import { parsePath, valueAt } from '../decode/paths.ts';
import { DEAD_CODES, type DeadCode } from '../errors.ts';
import {
  type Batch,
  CELL_MISSING,
  CELL_OK,
  type InputSpec,
  type ModelSpec,
  type ServiceSpec,
} from '../records.ts';
import { EXPECTED, fieldOf, kindOf, type RequestRecord } from './record.ts';
import { Refusal } from './refusal.ts';

/** Indexes of the inputs that a model takes. */
export function inputsOf(spec: Pick<ServiceSpec, 'inputs'>, model: Pick<ModelSpec, 'tensors'>): number[] {
  const names = new Set(
    model.tensors.flatMap((tensor) =>
      tensor.kind === 'image' ? [tensor.input] : tensor.features.map(({ input }) => input),
    ),
  );
  return spec.inputs.flatMap(({ name }, index) => (names.has(name) ? [index] : []));
}

/** Names every input that is missing or of the wrong kind; null: the model can score the row. */
export function refusedInputs(
  spec: Pick<ServiceSpec, 'inputs'>,
  needed: readonly number[],
  batch: Batch,
  row: number,
  record: RequestRecord,
): Refusal | null {
  const bad = needed.filter((index) => batch.inputs[index]!.state[row] !== CELL_OK);
  if (bad.length === 0) return null;
  const found = bad.map((index) => {
    const input = spec.inputs[index]!;
    const isMissing = batch.inputs[index]!.state[row] === CELL_MISSING;
    return `${fieldOf(input)} ${isMissing ? 'is missing' : `is ${foundAt(record, input)}`}`;
  });
  const expected = bad.map((index) => {
    const input = spec.inputs[index]!;
    return `${fieldOf(input)}: ${EXPECTED[input.type]}`;
  });
  return new Refusal('bad_input', found.join('; '), `give ${expected.join('; ')}`);
}

function foundAt(record: RequestRecord, input: InputSpec): string {
  const kind = kindOf(valueAt(record, parsePath(fieldOf(input))));
  // Its kind alone would say that nothing is wrong.
  const isRightKind = {
    numeric: 'a number',
    categorical: 'a number',
    text: '',
    image: 'a text',
    embedding: 'a list',
  };
  return kind === isRightKind[input.type] ? `${kind} that cannot be used` : kind;
}

/** A record that the service's decoder refuses. */
export function refusedRecord(code: string, timeField: string): Refusal {
  const what = DEAD_CODES[code as DeadCode] ?? code;
  const cure = code.startsWith('time_')
    ? `give ${timeField} in milliseconds since 1970 or as ISO 8601, or leave it out`
    : 'send what the stream of requests in the YAML of the service describes';
  return new Refusal('bad_input', what, cure);
}
