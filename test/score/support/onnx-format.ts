/**
 * A small writer of ONNX files, so that the tests need neither Python nor binary fixtures: the few
 * messages of onnx.proto3 that a graph needs, encoded by hand. Field numbers are those of onnx/onnx.proto.
 */

export const FLOAT = 1;
export const INT64 = 7;
export const STRING = 8;
export const BOOL = 9;
export const DOUBLE = 11;
export const UINT8 = 2;
/** TensorProto.DataType. */
export type ElementType =
  | typeof FLOAT
  | typeof UINT8
  | typeof INT64
  | typeof STRING
  | typeof BOOL
  | typeof DOUBLE;

/** A number is a fixed dimension, a text a symbolic one. */
export type Dim = number | string;

export interface Value {
  name: string;
  type?: ElementType;
  dims: Dim[];
}

export interface Tensor {
  name?: string;
  type?: ElementType;
  dims: number[];
  data: ArrayLike<number>;
}

export type Attribute =
  | { float: number }
  | { int: number }
  | { string: string }
  | { floats: ArrayLike<number> }
  | { ints: ArrayLike<number> }
  | { strings: string[] }
  | { graph: Graph };

export interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, Attribute>;
  domain?: string;
}

export interface Graph {
  inputs: Value[];
  outputs: Value[];
  nodes: Node[];
  initializers?: Tensor[];
}

// ----------------------------------------------------------------------------------------------- protobuf

function varint(value: number): Buffer {
  const bytes: number[] = [];
  // Negative int64 values take ten bytes in two's complement.
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const integer = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);

function bytes(field: number, value: Buffer | string): Buffer {
  const body = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

function floats(values: ArrayLike<number>): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

const packedInts = (values: ArrayLike<number>): Buffer =>
  Buffer.concat(Array.from(values, (value) => varint(value)));

// ------------------------------------------------------------------------------------------ onnx messages

function rawData(type: ElementType, data: ArrayLike<number>): Buffer {
  if (type === INT64) return Buffer.from(BigInt64Array.from(Array.from(data, BigInt)).buffer);
  if (type === DOUBLE) return Buffer.from(Float64Array.from(data).buffer);
  return floats(data);
}

function tensorProto(tensor: Tensor): Buffer {
  const type = tensor.type ?? FLOAT;
  return Buffer.concat([
    ...tensor.dims.map((dim) => integer(1, dim)),
    integer(2, type),
    bytes(8, tensor.name ?? ''),
    bytes(9, rawData(type, tensor.data)),
  ]);
}

function valueProto(value: Value): Buffer {
  const dims = value.dims.map((dim) => bytes(1, typeof dim === 'number' ? integer(1, dim) : bytes(2, dim)));
  const tensor = Buffer.concat([integer(1, value.type ?? FLOAT), bytes(2, Buffer.concat(dims))]);
  return Buffer.concat([bytes(1, value.name), bytes(2, bytes(1, tensor))]);
}

function attributeProto(name: string, attribute: Attribute): Buffer {
  const body = (): Buffer[] => {
    if ('float' in attribute) {
      return [Buffer.concat([varint(2 * 8 + 5), floats([attribute.float])]), integer(20, 1)];
    }
    if ('int' in attribute) return [integer(3, attribute.int), integer(20, 2)];
    if ('string' in attribute) return [bytes(4, attribute.string), integer(20, 3)];
    if ('graph' in attribute) return [bytes(6, graphProto(attribute.graph)), integer(20, 5)];
    if ('floats' in attribute) return [bytes(7, floats(attribute.floats)), integer(20, 6)];
    if ('ints' in attribute) return [bytes(8, packedInts(attribute.ints)), integer(20, 7)];
    return [...attribute.strings.map((text) => bytes(9, text)), integer(20, 8)];
  };
  return Buffer.concat([bytes(1, name), ...body()]);
}

function nodeProto(node: Node): Buffer {
  return Buffer.concat([
    ...node.inputs.map((name) => bytes(1, name)),
    ...node.outputs.map((name) => bytes(2, name)),
    bytes(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => bytes(5, attributeProto(name, value))),
    bytes(7, node.domain ?? ''),
  ]);
}

function graphProto(graph: Graph): Buffer {
  return Buffer.concat([
    ...graph.nodes.map((node) => bytes(1, nodeProto(node))),
    bytes(2, 'graph'),
    ...(graph.initializers ?? []).map((tensor) => bytes(5, tensorProto(tensor))),
    ...graph.inputs.map((value) => bytes(11, valueProto(value))),
    ...graph.outputs.map((value) => bytes(12, valueProto(value))),
  ]);
}

/** The bytes of a model file: IR version 8, opset 17 (IR 8's), ai.onnx.ml 3. */
export function onnxModel(graph: Graph): Buffer {
  const opset = (domain: string, version: number): Buffer =>
    bytes(8, Buffer.concat([bytes(1, domain), integer(2, version)]));
  return Buffer.concat([
    integer(1, 8),
    bytes(2, 'telltale-tests'),
    bytes(7, graphProto(graph)),
    opset('', 17),
    opset('ai.onnx.ml', 3),
  ]);
}
