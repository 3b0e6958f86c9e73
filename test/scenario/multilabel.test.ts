import { expect, test } from 'vitest';
import type { StreamName } from '../../src/records.ts';
import { drive, type Sent, sorted, T0 } from './support.ts';

const SERVICE = `
service: photos
streams:
  predictions: { topic: photos.predictions, fields: { tags: tags } }
  labels: { topic: photos.labels, fields: { tags: truth } }
outputs:
  tags: { type: multilabel, classes: [${Array.from({ length: 40 }, (_, i) => `c${i}`).join(', ')}] }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 5m }
rules:
  - { name: c3, metric: class_recall, subject: 'tags=c3', critical: '< 0.6', min_n: 1 }
`;

const sent = (stream: StreamName, id: string, seconds: number, more: object): Sent => ({
  stream,
  key: id,
  value: { id, time: T0 + seconds * 1_000, ...more },
});
const ROWS: [string[], string[]][] = [
  [
    ['c3', 'c39'],
    ['c3', 'c39'],
  ],
  [['c0'], ['c3']],
  [[], ['c31']],
  [['c32'], []],
];
const predictions = ROWS.map(([tags], i) => sent('predictions', `p${i}`, i, { tags }));
const labels = ROWS.map(([, truth], i) => sent('labels', `p${i}`, 20 + i, { truth }));

test('sets of another system are measured against the true sets, in any order', async () => {
  const { results, alerts } = await drive(SERVICE, [...predictions, ...labels], { chunk: 3 });
  const of = (metric: string, subject = 'tags') =>
    results.find((one) => one.metric === metric && one.subject === subject && one.windowStartMs === T0)!;
  expect(of('subset_accuracy')).toMatchObject({ value: 1 / 4, n: 4, model: 'external' });
  expect(of('hamming_loss')).toMatchObject({ value: 4 / 160 });
  expect(of('micro_f1')).toMatchObject({ value: 4 / 8 });
  expect(of('class_recall', 'tags=c3')).toMatchObject({ value: 1 / 2, n: 2 });
  expect(of('class_share', 'tags=c39')).toMatchObject({ value: 1 / 4, n: 4 });
  expect(of('class_share', 'tags=c32')).toMatchObject({ value: 1 / 4, n: 4 });
  expect(of('class_share', 'tags=c1')).toMatchObject({ value: 0, n: 4 });
  expect(of('score_mean')).toMatchObject({ value: 1, n: 4 });
  expect(alerts).toHaveLength(1);
  const apart = await drive(SERVICE, [...labels, ...predictions], { chunk: 100, partitions: 2 });
  expect(sorted(apart.results)).toEqual(sorted(results));
});
