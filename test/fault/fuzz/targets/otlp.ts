/** Metrics in OTLP-JSON. */
import { createDecoder } from '../../../../src/decode/decoder.ts';
import type { LogRecord } from '../../../../src/records.ts';
import { NOW, record, stream } from '../../../decode/helpers.ts';
import { checkBatch } from '../batches.ts';
import type { Choices } from '../choices.ts';
import { mutate } from '../mutate.ts';
import { MESSAGE_BYTES_MAX, spec } from '../services.ts';
import { must, type Target } from '../target.ts';
import { buildJson, bytesOf, pair } from './json-text.ts';

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary', '__proto__'];
const VALUES = ['asDouble', 'asInt', 'count', 'sum', 'bucketCounts'];
const NAMES = ['"latency"', '""', '"__proto__"', 'null', `"${'n'.repeat(300)}"`];
const TIMES = [
  `"${NOW}000000"`,
  `${NOW}000000`,
  '"0"',
  '"-1e300"',
  '-1e300',
  '1e400',
  '"x"',
  '"  "',
  '"0x10"',
  `"${'9'.repeat(400)}"`,
];

const list = (choices: Choices, item: () => string): string =>
  choices.once(12) ? buildJson(choices) : `[${Array.from({ length: 1 + choices.pick(3) }, item).join(',')}]`;

function point(choices: Choices): string {
  const values = Array.from({ length: 1 + choices.pick(3) }, () =>
    pair(choices.of(VALUES), choices.once(3) ? buildJson(choices) : String(choices.pick(100))),
  );
  const time = choices.once(20) ? buildJson(choices) : choices.once(3) ? choices.of(TIMES) : TIMES[0]!;
  return `{${[pair('timeUnixNano', time), ...values].join(',')}}`;
}

function metric(choices: Choices): string {
  const kind = choices.of(KINDS);
  const name = choices.once(3) ? choices.of(NAMES) : NAMES[0]!;
  return `{${pair('name', name)},${pair(
    kind,
    `{${pair(
      'dataPoints',
      list(choices, () => point(choices)),
    )}}`,
  )}}`;
}

function request(choices: Choices): string {
  const scopes = () =>
    `{${pair(
      'metrics',
      list(choices, () => metric(choices)),
    )}}`;
  const resources = () => `{${pair('scopeMetrics', list(choices, scopes))}}`;
  return `{${pair('resourceMetrics', list(choices, resources))}}`;
}

export function otlpTarget(): Target {
  const telemetry = stream({ stream: 'telemetry', encoding: 'otlp_json', id: '', time: '' });
  const decoder = createDecoder(spec, telemetry, { schemas: null, schemaFile: null });
  const dataPoints = [{ timeUnixNano: `${NOW}000000`, asDouble: 3 }];
  const metrics = [{ name: 'latency', gauge: { dataPoints } }];
  const good = Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));
  return {
    variants: ['telemetry'],
    build: (choices) => {
      const bytes = bytesOf(choices, choices.once(20) ? buildJson(choices) : request(choices));
      const changed = choices.once(3) ? mutate(choices, bytes, [good]) : bytes;
      return { variant: 0, bytes: changed.subarray(0, MESSAGE_BYTES_MAX + 10) };
    },
    check: ({ bytes }) => {
      const records: LogRecord[] = [record(good, 10), record(bytes, 11), record(good, 12)];
      const batch = decoder.decode(records);
      checkBatch(spec, telemetry, records, batch);
      for (const offset of [10, 12]) {
        const row = batch.offsets.indexOf(offset);
        must(row >= 0 && batch.telemetry!.values[row] === 3 && batch.times[row] === NOW, 'good points stay');
      }
    },
    heap: { fixedBytes: 4 << 20, perByte: 100 },
    residentBytesMax: null,
  };
}
