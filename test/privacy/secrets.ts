/** Values that nobody may see outside, and where they are looked for. */

export const SALARY = 8_675_309.25;
export const OUT_OF_RANGE = 91_234_567.125;
export const DIAGNOSIS = 'Zyklothymie-4711';
export const NATION = 'Absurdistan-77';
export const NOTE = 'my number is 078-05-1120, ask Wilhelmina';
export const COMPONENT = 0.123456789;
/** Stands only in records that cannot be read. */
export const BROKEN = 'xyzzy-unreadable-5150';
/** The whole of a record that is no JSON: parsers quote what is so short. */
export const SHORT = 'nix-5150';
export const HEADER = 'plugh-header-8088';
export const KEY = 'frobozz-key-1977';

const DOUBLES = [SALARY, OUT_OF_RANGE];

const bytesOf = (size: number, write: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};

const double = (value: number): Buffer => bytesOf(8, (bytes) => bytes.writeDoubleLE(value));
const inBigEndian = (value: number): Buffer => bytesOf(8, (bytes) => bytes.writeDoubleBE(value));

const WRITTEN: [name: string, bytes: Buffer][] = [
  ...[DIAGNOSIS, NATION, NOTE, BROKEN, SHORT, HEADER, KEY, '078-05-1120', 'Wilhelmina'].map(
    (text): [string, Buffer] => [text, Buffer.from(text)],
  ),
  ...[...DOUBLES, COMPONENT, Math.fround(COMPONENT)].flatMap((value): [string, Buffer][] => [
    [`${value}`, Buffer.from(`${value}`)],
    [`${value} as a double`, double(value)],
    [`${value} as a double`, inBigEndian(value)],
  ]),
  [`${COMPONENT} as a float`, bytesOf(4, (bytes) => bytes.writeFloatLE(COMPONENT))],
];

/** The letters of base64 that hold the bytes and nothing else, when `shift` bytes stand before them. */
function inBase64(bytes: Buffer, shift: number): Buffer {
  const written = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return Buffer.from(written.slice(shift === 0 ? 0 : shift + 1).replace(/.?.?=+$|.$/, ''));
}

/** Each as it is, and in base64 at any place of a longer text. */
const NEEDLES = WRITTEN.flatMap(([name, bytes]): [string, Buffer][] => [
  [name, bytes],
  ...(bytes.length < 6
    ? []
    : [0, 1, 2].map((shift): [string, Buffer] => [`${name} in base64`, inBase64(bytes, shift)])),
]);

/** Which secrets stand in the bytes. */
export function leaksIn(found: string | Buffer): string[] {
  const bytes = typeof found === 'string' ? Buffer.from(found) : found;
  return NEEDLES.filter(([, needle]) => bytes.includes(needle)).map(([name]) => name);
}
