/** The raw bytes of tensors in the Open Inference Protocol: row-major and little-endian, without padding. */

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a binary32. */
function brain(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

/** A number where it is one without loss. */
export const whole = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

type Read = (view: DataView, at: number) => unknown;

/** By data type: bytes of an element, and how it is read. */
const ELEMENTS: Readonly<Record<string, readonly [bytes: number, read: Read]>> = {
  BOOL: [1, (view, at) => view.getUint8(at) !== 0],
  UINT8: [1, (view, at) => view.getUint8(at)],
  UINT16: [2, (view, at) => view.getUint16(at, true)],
  UINT32: [4, (view, at) => view.getUint32(at, true)],
  UINT64: [8, (view, at) => whole(view.getBigUint64(at, true))],
  INT8: [1, (view, at) => view.getInt8(at)],
  INT16: [2, (view, at) => view.getInt16(at, true)],
  INT32: [4, (view, at) => view.getInt32(at, true)],
  INT64: [8, (view, at) => whole(view.getBigInt64(at, true))],
  FP16: [2, (view, at) => half(view.getUint16(at, true))],
  BF16: [2, (view, at) => brain(view.getUint16(at, true))],
  FP32: [4, (view, at) => view.getFloat32(at, true)],
  FP64: [8, (view, at) => view.getFloat64(at, true)],
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is UTF-8 is a text; images and the like stay bytes. */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes;
  }
}

/** The elements of a tensor; null where bytes and data type do not fit. */
export function readRaw(datatype: string, bytes: Uint8Array): unknown[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (datatype === 'BYTES') return readTexts(bytes, view);
  if (!Object.hasOwn(ELEMENTS, datatype)) return null;
  const [size, read] = ELEMENTS[datatype]!;
  if (bytes.length % size !== 0) return null;
  return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size));
}

/** Each element has its length before it, in four bytes. */
function readTexts(bytes: Uint8Array, view: DataView): unknown[] | null {
  const found: unknown[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) return null;
    found.push(textOrBytes(bytes.subarray(at + 4, end)));
    at = end;
  }
  return found;
}
