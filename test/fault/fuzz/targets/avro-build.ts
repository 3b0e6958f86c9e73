/** Avro bytes of a schema in which, now and then, something is not as the schema says. */
import type { Shape } from '../../../../src/decode/avro-schema.ts';
import { NOW } from '../../../decode/helpers.ts';
import type { Choices } from '../choices.ts';
import { edgeVarint, repeat, varint } from '../mutate.ts';

const DEPTH_MAX = 80;
const DOUBLES = [
  0,
  -0,
  1,
  -1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  1e308,
];
const TEXTS = ['a', '', 'yes', 'no', 'clicked', 'again', '__proto__', '2026-01-15T00:00:00Z', '\u{1f600}'];
const BAD_UTF8 = ['ff', 'c080', 'eda080', 'f4908080', 'e282', '80', 'fe61'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
/** Record, item or branch: one in so many is wrong. */
const WRONG_ONE_IN = 40;

/** Bytes of one value; `name` is the field's. */
export function buildAvro(choices: Choices, shape: Shape, name: string, depth = 0): Buffer {
  if (choices.once(WRONG_ONE_IN)) return wrong(choices, shape, depth);
  switch (shape.kind) {
    case 'null':
      return Buffer.alloc(0);
    case 'boolean':
      return Buffer.from([choices.pick(3)]);
    case 'int':
      return choices.once(4) ? edgeVarint(choices) : varint(BigInt(choices.pick(1000)));
    case 'long':
      return longOf(choices, name, shape.perMs);
    case 'float':
    case 'double': {
      const bytes = Buffer.alloc(8);
      const value = choices.of(DOUBLES);
      if (shape.kind === 'double') bytes.writeDoubleLE(value);
      else bytes.writeFloatLE(value);
      return shape.kind === 'double' ? bytes : bytes.subarray(0, 4);
    }
    case 'fixed':
      return choices.bytes(shape.sizeBytes);
    case 'enum':
      return varint(BigInt(choices.pick(shape.symbols.length)));
    case 'string':
    case 'bytes': {
      const text = textOf(choices, name);
      return Buffer.concat([varint(BigInt(text.length)), text]);
    }
    case 'union': {
      // Deep down the first branch, which is null where the schema is recursive.
      const branch = depth > DEPTH_MAX ? 0 : choices.pick(shape.branches.length);
      return Buffer.concat([
        varint(BigInt(branch)),
        buildAvro(choices, shape.branches[branch]!, name, depth + 1),
      ]);
    }
    case 'record':
      return Buffer.concat(
        shape.fields.map((field) => buildAvro(choices, field.shape, field.name, depth + 1)),
      );
    default:
      return blocks(choices, shape.items, shape.kind === 'map', depth);
  }
}

function longOf(choices: Choices, name: string, perMs: number): Buffer {
  if (choices.once(6)) return edgeVarint(choices);
  if (name !== 'time') return varint(BigInt(choices.pick(1_000_000)));
  return varint(BigInt(NOW - choices.pick(100_000)) * BigInt(perMs || 1));
}

function textOf(choices: Choices, name: string): Buffer {
  if (name === 'id' && !choices.once(10)) return Buffer.from(`id-${choices.pick(50)}`);
  if (choices.once(8)) return choices.of(BAD_UTF8);
  if (choices.once(40)) return repeat(Buffer.from(choices.of(TEXTS)), choices.of([10, 100, 300, 20_000]));
  return Buffer.from(choices.of(TEXTS));
}

/** Arrays and maps: blocks whose counts may be negative (with a size) or far more than there is. */
function blocks(choices: Choices, items: Shape, isMap: boolean, depth: number): Buffer {
  const parts: Buffer[] = [];
  const count = depth > DEPTH_MAX ? 0 : choices.pick(4);
  const contents = Buffer.concat(
    Array.from({ length: count }, () => {
      const key = isMap ? [varint(1n), Buffer.from(choices.of(['x', 'y', '_']))] : [];
      return Buffer.concat([...key, buildAvro(choices, items, '', depth + 1)]);
    }),
  );
  if (choices.once(40)) {
    // As many empty items as a block may name, in very few bytes.
    const block = Buffer.concat([varint(BigInt(choices.of([65_536, 65_535, 1_000]))), contents, varint(0n)]);
    return repeat(block, choices.of([1, 10, 1_000, 15_000]));
  }
  if (choices.once(20)) parts.push(edgeVarint(choices));
  if (choices.once(6)) parts.push(varint(BigInt(-count)), varint(BigInt(contents.length + choices.pick(2))));
  else if (count > 0) parts.push(varint(BigInt(count)));
  return Buffer.concat([...parts, contents, varint(0n)]);
}

function wrong(choices: Choices, shape: Shape, depth: number): Buffer {
  switch (choices.pick(4)) {
    case 0:
      return edgeVarint(choices);
    case 1:
      return choices.bytes(choices.pick(20));
    case 2:
      return Buffer.alloc(0);
    default:
      return Buffer.concat([
        edgeVarint(choices),
        shape.kind === 'record' ? buildAvro(choices, shape, '', depth + 1) : choices.bytes(3),
      ]);
  }
}
