/** Requests and answers as model servers log them, joined with labels. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drive, type Sent, specOf, T0, total } from './support.ts';

const serviceOf = (encoding: 'kserve' | 'seldon'): string => `
service: fraud
streams:
  requests: { topic: fraud.requests, encoding: ${encoding} }
  predictions: { topic: fraud.answers, encoding: ${encoding}, fields: { fraud: label }, score: probabilities.1 }
  labels: { topic: fraud.labels, fields: { fraud: fraud }, time: ${encoding === 'kserve' ? 'time' : "''"} }
inputs:
  amount: { type: numeric }
  country: { type: categorical, categories: [de, fr] }
outputs:
  fraud: { type: classifier, classes: ["no", "yes"], positive: "yes" }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 5m }
`;

const ROWS = 3;
const MESSAGES = 20;

/** A message of three rows; the answer says yes to every other row, and is right for all but the first of each message. */
function batch(m: number): Sent[] {
  const timeMs = T0 + m * 1_000;
  const event = (kind: string): Record<string, string> => ({
    ce_type: `org.kubeflow.serving.inference.${kind}`,
    ce_id: `m${m}`,
    ce_time: new Date(timeMs).toISOString(),
  });
  const rows = Array.from({ length: ROWS }, (_, i) => (m * ROWS + i) % 2);
  const tensor = (name: string, data: unknown[], width = 1) => ({
    name,
    shape: [ROWS, width],
    datatype: 'FP64',
    data,
  });
  const request = {
    inputs: [
      tensor(
        'amount',
        rows.map((yes, i) => 10 * yes + i),
      ),
      tensor(
        'country',
        rows.map((yes) => (yes ? 'fr' : 'de')),
      ),
    ],
  };
  const answer = {
    outputs: [
      tensor('label', rows),
      tensor(
        'probabilities',
        rows.flatMap((yes) => [yes ? 0.2 : 0.9, yes ? 0.8 : 0.1]),
        2,
      ),
    ],
  };
  return [
    { stream: 'requests', key: `m${m}`, value: request, headers: event('request') },
    { stream: 'predictions', key: `m${m}`, value: answer, headers: event('response') },
    ...rows.map(
      (yes, i): Sent => ({
        stream: 'labels',
        key: `m${m}#${i}`,
        value: { id: `m${m}#${i}`, time: timeMs + 2_000, fraud: (i === 0 ? 1 - yes : yes) ? 'yes' : 'no' },
      }),
    ),
  ];
}

const sent = Array.from({ length: MESSAGES }, (_, m) => batch(m)).flat();

test.each([
  ['kserve', 1, []],
  ['kserve', 7, [4, 9]],
  // Messages have no time of their own, and the log's clock is past all of them.
  ['seldon', 5, []],
] as const)(
  '%s, %i records at a time: every row of a message counts once',
  async (encoding, chunk, lostAfter) => {
    const { results, dead } = await drive(serviceOf(encoding), sent, { chunk, lostAfter });
    expect(dead).toEqual([]);
    const n = ROWS * MESSAGES;
    expect(total(results, 'volume')).toBe(n);
    const accuracy = results.find(({ metric, model }) => metric === 'accuracy' && model === 'external');
    expect(accuracy).toMatchObject({ n, value: (ROWS - 1) / ROWS });
    for (const lost of ['duplicates', 'unmatched', 'late'])
      expect(total(results, lost, 'events'), lost).toBe(0);
    expect(results.find(({ metric, subject }) => metric === 'mean' && subject === 'amount')).toMatchObject({
      n,
      value: 6,
    });
  },
);

test('the example of the documentation is a configuration', () => {
  const page = readFileSync(new URL('../../docs/native-inputs.md', import.meta.url), 'utf8');
  const [, kserve, seldon] = page.split(/```yaml\n|\n```\n/).filter((_, i) => i === 0 || i % 2 === 1);
  const streams = specOf(kserve!).streams;
  expect(streams.map(({ stream, encoding, id, time }) => [stream, encoding, id, time])).toEqual([
    ['requests', 'kserve', '', ''],
    ['predictions', 'kserve', '', ''],
    ['labels', 'json', 'id', 'time'],
  ]);
  const other = kserve!.replace(/ {2}requests.*\n {2}predictions.*/, seldon!);
  expect(specOf(other).streams.map(({ encoding }) => encoding)).toEqual(['seldon', 'seldon', 'json']);
});
