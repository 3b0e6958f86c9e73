/** What kind of file some bytes are, in words, for those whose upload is refused. */

const SIGNATURES: readonly (readonly [name: string, offset: number, bytes: string])[] = [
  ['a JPEG', 0, '\xff\xd8\xff'],
  ['a PNG', 0, '\x89PNG'],
  ['a GIF', 0, 'GIF8'],
  ['a WebP', 8, 'WEBP'],
  ['an AVIF or HEIC', 4, 'ftyp'],
  ['a TIFF', 0, 'II*\x00'],
  ['a TIFF', 0, 'MM\x00*'],
  ['a BMP', 0, 'BM'],
  ['a PDF', 0, '%PDF'],
  ['a ZIP', 0, 'PK\x03\x04'],
  ['a gzip file', 0, '\x1f\x8b'],
];
/** Enough to tell text from anything else. */
const LOOK_BYTES = 512;

/** `a GIF`, `text`, `an empty file` ... */
export function kindOfFile(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const isAt = (offset: number, signature: string): boolean =>
    [...signature].every((char, i) => bytes[offset + i] === char.charCodeAt(0));
  for (const [name, offset, signature] of SIGNATURES) if (isAt(offset, signature)) return name;
  const head = bytes.subarray(0, LOOK_BYTES);
  const isText = head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  if (!isText) return 'a file of an unknown kind';
  return isAt(0, '<svg') || isAt(0, '<?xml') ? 'SVG or XML' : 'text';
}

/** Why an image cannot be read: another format, or one of ours that is damaged. */
export function whyNoImage(bytes: Uint8Array): string {
  const kind = kindOfFile(bytes);
  if (kind !== 'a JPEG' && kind !== 'a PNG') return `found ${kind}`;
  return `found ${kind} that cannot be read: it is damaged, cut short or has too many pixels`;
}
