/** Messages of model servers: those of the golden file, and what mutation makes of them. */
import { createDecoder } from '../../../../src/decode/decoder.ts';
import type { LogRecord } from '../../../../src/records.ts';
import { record, stream } from '../../../decode/helpers.ts';
import { goldenRecord, MESSAGES } from '../../../decode/native/golden.ts';
import { checkBatch } from '../batches.ts';
import type { Choices } from '../choices.ts';
import { mutate } from '../mutate.ts';
import { textOf } from '../neighbours.ts';
import { fields, MESSAGE_BYTES_MAX, spec } from '../services.ts';
import { must, type Target } from '../target.ts';
import { buildJson } from './json-text.ts';

const own = { id: '', time: '' } as const;
const VARIANTS = [
  { name: 'kserve-requests', good: 'kserve/structured', stream: stream({ ...own, encoding: 'kserve' }) },
  {
    name: 'kserve-predictions',
    good: 'kserve/response',
    stream: stream({ ...own, encoding: 'kserve', stream: 'predictions', fields, score: 'probabilities.1' }),
  },
  { name: 'seldon-requests', good: 'seldon/typed', stream: stream({ ...own, encoding: 'seldon' }) },
  {
    name: 'seldon-predictions',
    good: 'seldon/answer',
    stream: stream({ ...own, encoding: 'seldon', stream: 'predictions', fields }),
  },
] as const;

const SHAPES = [
  '[2]',
  '[1]',
  '[0]',
  '[-1]',
  '[4096]',
  '[1e9,0]',
  '[2,1e300]',
  '["2"]',
  'null',
  '[]',
  '[[2]]',
];

function tensors(choices: Choices): string {
  const data = choices.once(4) ? buildJson(choices) : choices.of(['[1,2]', '["a","b"]', '[[1],[2]]', '[]']);
  const tensor = `{"name":${choices.of(['"number"', '"__proto__"', '7'])},"shape":${choices.of(SHAPES)},"data":${data}}`;
  const list = `[${Array.from({ length: choices.pick(4) }, () => tensor).join(',')}]`;
  const key = choices.of(['inputs', 'outputs', 'instances', 'predictions']);
  return `{"${key}":${choices.once(5) ? buildJson(choices) : list}}`;
}

export function nativeTarget(): Target {
  const readers = VARIANTS.map((variant) => ({
    ...variant,
    good: goldenRecord(variant.good, 0),
    decoder: createDecoder(spec, variant.stream, { schemas: null, schemaFile: null }),
  }));
  const all = Object.keys(MESSAGES).map((name) => goldenRecord(name, 0).value!);
  return {
    variants: VARIANTS.map(({ name }) => name),
    build: (choices) => {
      const variant = choices.pick(VARIANTS.length);
      const bytes = choices.once(3) ? Buffer.from(tensors(choices)) : mutate(choices, choices.of(all), all);
      return { variant, bytes: bytes.subarray(0, MESSAGE_BYTES_MAX + 10) };
    },
    check: ({ variant, bytes }) => {
      const { decoder, good, stream: own } = readers[variant]!;
      const records: LogRecord[] = [
        { ...good, offset: 10 },
        { ...record(bytes, 11, 'key'), headers: good.headers },
        { ...good, offset: 12 },
      ];
      const batch = decoder.decode(records);
      checkBatch(spec, own, records, batch);
      must(textOf(batch, 10) === textOf(batch, 12), 'a broken message changes no other');
    },
    heap: { fixedBytes: 8 << 20, perByte: 400 },
    residentBytesMax: null,
  };
}
