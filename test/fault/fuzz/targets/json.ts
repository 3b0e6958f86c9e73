/** JSON records of every stream. */
import { createDecoder } from '../../../../src/decode/decoder.ts';
import { NOW } from '../../../decode/helpers.ts';
import type { Choices } from '../choices.ts';
import { mutate } from '../mutate.ts';
import { decodeBetween, type Reader } from '../neighbours.ts';
import { MESSAGE_BYTES_MAX, STREAMS, spec, streams } from '../services.ts';
import type { Target } from '../target.ts';
import { buildJson, bytesOf, pair } from './json-text.ts';

const GOOD: Record<string, unknown> = {
  id: 'good',
  time: NOW,
  number: 0.5,
  whole: 7,
  category: 'clicked',
  inner: { kind: 'B', price: 3.5 },
  comment: 'words',
  photo: 'QUJD',
  vector: [0.5, -2, 1e-7],
  fraud: 'yes',
  parts: [{ box: [0, 0, 1, 1], label: 'nut', confidence: 0.5 }],
  tags: ['nut', 2],
};
const FIELDS = Object.keys(GOOD);

/** A record of which some fields are as they should be, some odd, and some come twice. */
function buildRecord(choices: Choices): string {
  const fields = FIELDS.map((name) => {
    if (choices.once(8)) return pair('__proto__', buildJson(choices));
    if (choices.once(3)) return pair(name, buildJson(choices));
    return pair(name, JSON.stringify(GOOD[name]));
  });
  if (choices.once(6)) fields.push(pair(choices.of(FIELDS), buildJson(choices)));
  return `{${fields.join(',')}}`;
}

export function jsonTarget(): Target {
  const good = Buffer.from(JSON.stringify(GOOD));
  const readers: Reader[] = STREAMS.map((name) => ({
    spec,
    stream: streams[name],
    good,
    decoder: createDecoder(spec, streams[name], { schemas: null, schemaFile: null }),
  }));
  const keyed = readers.map((reader) => ({ ...reader, key: 'key' }));
  const all = [...readers.map((reader) => ({ ...reader, key: null })), ...keyed];
  return {
    variants: [...STREAMS, ...STREAMS.map((name) => `${name}-keyed`)],
    build: (choices) => {
      const variant = choices.pick(all.length);
      const text = choices.once(20) ? buildJson(choices) : buildRecord(choices);
      const bytes = bytesOf(choices, text);
      const changed = choices.once(3) ? mutate(choices, bytes, [good]) : bytes;
      return { variant, bytes: changed.subarray(0, MESSAGE_BYTES_MAX + 10) };
    },
    check: ({ variant, bytes }) => {
      const { key, ...reader } = all[variant]!;
      decodeBetween(reader, bytes, key);
    },
    // `[[],[],...]` takes three bytes an item and some forty as objects.
    heap: { fixedBytes: 4 << 20, perByte: 100 },
    residentBytesMax: null,
  };
}
