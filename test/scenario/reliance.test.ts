/** What people and models decided, counted from a small log that is written by hand, in any order of reading. */

import { expect, test } from 'vitest';
import type { Result, ServiceSpec } from '../../src/records.ts';
import { type RoutedDecision, routedHeaders } from '../../src/router/index.ts';
import { drive, type Sent, sorted, specOf, T0 } from './support.ts';
import { scorer, TWO_MODELS } from './two-models.ts';

const JOIN = 'join: { max_delay: 4m, revise_after: [1m] }\n';
const AUTOMATION = 'output: fraud, target_risk: 0.05';
const PEOPLE = TWO_MODELS.replace(
  '  labels',
  '  predictions: { topic: shop.decisions, fields: { fraud: fraud }, by: people }\n  labels',
);
const withTruth = specOf(`${PEOPLE}${JOIN}automation: { ${AUTOMATION} }\n`);

interface Request {
  version?: string;
  decided?: RoutedDecision;
  /** What the first model and the second say, a person decided, and the truth is: y or n, or - for nothing. */
  says: string;
}
const REQUESTS: Request[] = [
  { decided: 'model', says: 'yn-y' },
  { decided: 'model', says: 'yn-n' },
  // Follows wrong advice, and not.
  { decided: 'person', says: 'ynyn' },
  { decided: 'person', says: 'ynnn' },
  // Follows right advice, and not.
  { decided: 'person', says: 'nnnn' },
  { decided: 'person', says: 'nnyn' },
  { decided: 'blind', says: 'nnyy' },
  { decided: 'blind', says: 'nnyn' },
  { says: 'yn-n' },
  { says: 'ynyy' },
  // No decision, and no truth.
  { decided: 'person', says: 'yn-y' },
  { decided: 'person', says: 'ynn-' },
  { version: 'new', decided: 'model', says: 'yn-n' },
  { version: 'new', decided: 'person', says: 'ynnn' },
  { version: 'gone', decided: 'model', says: 'yyyn' },
];
const CLASS = { y: 'yes', n: 'no' } as const;

/** The records of each stream; decisions and labels come some seconds after their request, every third label before it. */
function streamsOf(requests: readonly Request[]): Record<'requests' | 'predictions' | 'labels', Sent[]> {
  const streams = { requests: [] as Sent[], predictions: [] as Sent[], labels: [] as Sent[] };
  requests.forEach(({ version = 'old', decided, says }, i) => {
    const [a, b, person, truth] = [...says] as ('y' | 'n' | '-')[];
    const [id, time] = [`r${i}`, T0 + i * 1_000];
    const headers =
      decided === undefined
        ? {}
        : { headers: routedHeaders({ version, epoch: 3, by: 'key' }, 'id', decided) };
    const value = { id, time, a: a === 'y' ? 0.9 : 0.1, b: b === 'y' ? 0.9 : 0.1 };
    streams.requests.push({ stream: 'requests', key: id, value, ...headers });
    const follow = (stream: 'predictions' | 'labels', said: string, seconds: number): void => {
      if (said === 'y' || said === 'n')
        streams[stream].push({
          stream,
          key: id,
          value: { id, time: time + seconds * 1_000, fraud: CLASS[said] },
        });
    };
    follow('predictions', person!, 5);
    follow('labels', truth!, i % 3 === 0 ? -2 : 150);
  });
  // A label is known from when it is read in its partition, which takes those of before for granted.
  const timeOf = ({ value }: Sent): number => (value as { time: number }).time;
  streams.labels.sort((one, other) => timeOf(one) - timeOf(other));
  return streams;
}

const NAMES = [
  ...['decided_share', 'deferral_rate', 'override_rate', 'over_reliance', 'under_reliance'],
  ...['human_error', 'model_error', 'decided_error', 'team_error'],
];
const shown = (results: readonly Result[], model: string): Record<string, string> =>
  Object.fromEntries(
    results
      .filter((one) => one.family === 'reliance' && one.model === model && one.segment === '*')
      .map(({ metric, value, n, reason }) => [
        metric,
        value === null ? reason : `${Math.round(value * n)}/${n}`,
      ]),
  );

async function run(spec: ServiceSpec, requests: readonly Request[]): Promise<Result[]> {
  const { requests: asked, predictions, labels } = streamsOf(requests);
  const streams = [asked, predictions, labels].map((all) =>
    all.filter(({ stream }) => spec.streams.some((own) => own.stream === stream)),
  );
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [1, 0, 2],
    [0, 2, 1],
    [2, 0, 1],
  ].map((order) => order.flatMap((i) => streams[i]!));
  const bytes: string[][] = [];
  let results: Result[] = [];
  for (const records of orders)
    for (const way of [{}, { chunk: 1, lostAfter: [3, 11, 20, 29] }, { chunk: 4, partitions: 2 }]) {
      const outcome = await drive(spec, records, { scorer, ...way });
      expect(outcome.dead).toEqual([]);
      results = outcome.results;
      const all = [...results, ...outcome.preliminary];
      bytes.push(sorted(all.filter(({ family }) => family === 'reliance')));
    }
  for (const one of bytes) expect(one).toEqual(bytes[0]);
  return results;
}

test('counts are exact in whatever order the streams are read', async () => {
  const results = await run(withTruth, REQUESTS);
  expect(shown(results, 'old')).toEqual({
    decided_share: '2/10',
    deferral_rate: '6/10',
    override_rate: '3/5',
    over_reliance: '1/2',
    under_reliance: '1/2',
    human_error: '1/2',
    model_error: '5/11',
    decided_error: '1/2',
    team_error: '4/8',
  });
  expect(shown(results, 'new')).toMatchObject({
    ...{ decided_share: '1/2', decided_error: '0/1', team_error: '0/2', model_error: '0/2' },
    ...{ override_rate: '0/1', under_reliance: '0/1' },
    over_reliance: 'no wrong suggestions that people saw',
    human_error: 'no labels of what people decided blind',
  });
  expect(new Set(results.filter(({ family }) => family === 'reliance').map(({ model }) => model))).toEqual(
    new Set(['old', 'new']),
  );
  const rate = results.find(({ metric, model }) => metric === 'decided_share' && model === 'old')!;
  expect([rate.low!, rate.high!].map((end) => Math.round(end * 1_000) / 1_000)).toEqual([0.057, 0.51]);
});

test('where labels are what people decided, only those of blind requests say how right the model is', async () => {
  const spec = specOf(`${TWO_MODELS}${JOIN}automation: { ${AUTOMATION}, labels: people }\n`);
  const results = await run(spec, REQUESTS);
  expect(shown(results, 'old')).toEqual({
    decided_share: '2/10',
    deferral_rate: '6/10',
    // Of those whose label says otherwise than the model; one has no label.
    override_rate: '2/5',
    model_error: '1/2',
  });
});

test('where nobody knows what people decided, what needs it is not told', async () => {
  const spec = specOf(`${TWO_MODELS}${JOIN}automation: { ${AUTOMATION} }\n`);
  const found = shown(await run(spec, REQUESTS), 'old');
  expect(Object.keys(found)).toEqual(['decided_error', 'decided_share', 'deferral_rate', 'model_error']);
  expect(found.model_error).toBe('5/11');
});

test('a service without automation pays nothing, and has none of it', async () => {
  const spec = specOf(PEOPLE.replace(', by: people', '') + JOIN);
  const results = await run(spec, REQUESTS);
  expect(results.filter(({ metric }) => NAMES.includes(metric))).toEqual([]);
});
