/** Names of the segments that rows belong to. */

import { assert } from '../errors.ts';
import { type Batch, CELL_MISSING, CELL_OK, type Column, type ServiceSpec } from '../records.ts';

/** Text of the segment of each row, by segmentation. */
export function segmentTexts(spec: ServiceSpec, columns: readonly Column[], row: number): string[] {
  return spec.segments.map((names) =>
    names.map((name) => `${name}=${categoryAt(spec, columns, name, row)}`).join(','),
  );
}

function categoryAt(spec: ServiceSpec, columns: readonly Column[], name: string, row: number): string {
  const column = columns[spec.inputs.findIndex((input) => input.name === name)]!;
  assert(column.kind === 'categorical', 'segments are categorical');
  return column.state[row] === CELL_OK
    ? column.dictionary[column.codes[row]!]!
    : column.state[row] === CELL_MISSING
      ? '(missing)'
      : '(invalid)';
}

/** Rows of each segment of one segmentation. The text of a combination of codes is made once a batch. */
export function bySegment(
  spec: ServiceSpec,
  batch: Batch,
  names: readonly string[],
  rows: readonly number[],
) {
  const columns = names.map((name) => batch.inputs[spec.inputs.findIndex((input) => input.name === name)]!);
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    let group = 0;
    for (const column of columns) {
      assert(column.kind === 'categorical', 'segments are categorical');
      const code = column.state[row] === CELL_OK ? column.codes[row]! + 2 : column.state[row]! - 1;
      group = group * (column.dictionary.length + 2) + code;
    }
    const own = groups.get(group);
    if (own === undefined) groups.set(group, [row]);
    else own.push(row);
  }
  return [...groups.values()].map((own) => ({
    segment: names.map((name) => `${name}=${categoryAt(spec, batch.inputs, name, own[0]!)}`).join(','),
    rows: Int32Array.from(own),
  }));
}
