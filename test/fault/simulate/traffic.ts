/** What is produced, and by which service it is read. */

import { parseService } from '../../../src/config/service.ts';
import { partitionOf } from '../../../src/log/partition.ts';
import { METRICS } from '../../../src/metric/registry.ts';
import type { Append, ServiceSpec, StreamName } from '../../../src/records.ts';
import type { Random } from './random.ts';

export const T0 = Date.parse('2026-01-01T00:00:00Z');
export const MINUTE = 60_000;
export const INPUT_PARTITIONS = 2;
/** Event time of the last record of every partition: what is earlier closes by data alone. */
const END_MS = 20 * MINUTE;

export interface Variant {
  name: string;
  /**
   * exact: every output must be what an undisturbed run gives. accounted: when windows close depends on clocks, or
   * what is kept on the order of reading; then no id may have two contents, and every row must be counted.
   */
  check: 'exact' | 'accounted';
  spec: ServiceSpec;
}

const specOf = (yaml: string): ServiceSpec => {
  const parsed = parseService(yaml, 'simulated.yaml', {
    registries: { metrics: new Map(Object.entries(METRICS)) },
    env: {},
    files: { resolve: (path) => path, exists: () => true, read: () => null },
  });
  if ('problems' in parsed) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return { ...parsed.spec, budget: BUDGET };
};

/** So large that pages come and go within an hour of a few rows a minute: no owner may ask for as many. */
const BUDGET = { alarms: 1, periodMs: 6_000, tolerance: {} };

interface Shape {
  streams: string;
  windows: string;
  join?: string;
  limits?: string;
}

const yamlOf = ({
  streams,
  windows,
  join = '{ max_delay: 3m, revise_after: [1m] }',
  limits = '{ segments_max: 3, categories_max: 5 }',
}: Shape) => `
service: shop
streams:
${streams}
inputs:
  amount: { type: numeric }
  country: { type: categorical }
outputs:
  price: { type: regressor }
  dear: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
  kinds: { type: multilabel, classes: [odd, big] }
segments: ${streams.includes('requests') ? '[[country]]' : '[]'}
limits: ${limits}
windows: ${windows}
join: ${join}
baseline: { learn: { rolling: 4, lag: 0 } }
rules:
  - { name: risk, metric: mae, subject: price, warning: '> 4', min_n: 3, keep_firing_for: 2m }
  - { name: risk-early, metric: mae, subject: price, critical: '> 4', min_n: 2, min_coverage: 0.3 }
  - { name: busy, metric: volume, info: '> 8', warning: '> 12', reset: { warning: '< 9' }, drop: staircase }
  - { name: often, metric: volume, info: '> 6', hits: 2 of 3, flapping: { history: 5 } }
  - { name: busy-and-right, when: { all: [busy, { not: risk }] } }
  - { name: busier, metric: volume, versus: { ago: 2m }, warning: '> 1.5' }
  - { name: slow, metric: late, warning: '>= 1' }
retrain: { mode: automatic, on: [risk, busy], level: warning, cooldown: 4m, lookback: 2m }
`;

const REQUESTS = '  requests: { topic: in.requests }\n';
const PREDICTIONS =
  '  predictions: { topic: in.predictions, fields: { price: price, dear: dear, kinds: kinds }, score: p }\n';
const LABELS = '  labels: { topic: in.labels, fields: { price: price, dear: dear, kinds: kinds } }\n';
const FEEDBACK = '  feedback: { topic: in.feedback }\n';
const ALL = REQUESTS + PREDICTIONS + LABELS + FEEDBACK;
/** Nothing falls idle while the simulation lasts. */
const CALM = 'idle_after: 1d';

export const VARIANTS: readonly Variant[] = (
  [
    ['tumbling', 'exact', { streams: ALL, windows: `{ size: 1m, lateness: 5s, ${CALM} }` }],
    [
      'hopping',
      'exact',
      { streams: ALL, windows: `{ size: 2m, hop: 1m, lateness: 5s, grace: 7s, ${CALM} }` },
    ],
    [
      'predictions only',
      'exact',
      {
        streams: PREDICTIONS + LABELS,
        windows: `{ size: 1m, lateness: 3s, ${CALM} }`,
        join: '{ max_delay: 2m }',
      },
    ],
    ['no join', 'exact', { streams: REQUESTS, windows: `{ size: 1m, lateness: 5s, ${CALM} }` }],
    ['idle', 'accounted', { streams: ALL, windows: '{ size: 1m, lateness: 5s, idle_after: 3s }' }],
    [
      'bounded',
      'accounted',
      {
        streams: ALL,
        windows: `{ size: 1m, lateness: 5s, ${CALM} }`,
        limits: '{ segments_max: 2, pending_joins_max: 12 }',
      },
    ],
  ] as [string, Variant['check'], Shape][]
).map(([name, check, shape]) => ({ name, check, spec: specOf(yamlOf(shape)) }));

/** What the outputs say of a price. */
const truthsOf = (price: number): object => ({
  price,
  dear: price >= 45 ? 'yes' : 'no',
  kinds: [...(price % 2 === 1 ? ['odd'] : []), ...(price > 20 ? ['big'] : [])],
});

/** One record of an input, with the time stamp that its log gives it. */
export interface Produced extends Append {
  partition: number;
  timestampMs: number;
}

/** In the order in which they are produced; of each partition the order is always the same. */
export function trafficOf(spec: ServiceSpec, random: Random): Produced[] {
  const timed: { atMs: number; record: Produced }[] = [];
  const has = new Map(spec.streams.map(({ stream, topic }) => [stream, topic]));
  const put = (
    stream: StreamName,
    id: string,
    atMs: number,
    value: Buffer | null,
    partition?: number,
  ): void => {
    const topic = has.get(stream);
    if (topic === undefined) return;
    const index = partition ?? partitionOf(id, INPUT_PARTITIONS);
    timed.push({ atMs, record: { topic, partition: index, key: id, value, timestampMs: T0 + atMs + 1_000 } });
  };
  /** Read up to 4 s later than it says: within the lateness of most variants, now and then beyond. */
  const send = (stream: StreamName, id: string, timeMs: number, more: object): void => {
    const value = Buffer.from(JSON.stringify({ id, time: T0 + timeMs, ...more }));
    put(stream, id, timeMs + random.below(4_000), value);
  };
  const requests = 60 + random.below(60);
  for (let i = 0; i < requests; i++) {
    const timeMs = Math.floor((i * 8 * MINUTE) / requests);
    // Some ids are used again.
    const id = random.chance(0.05) ? `r${random.below(i + 1)}` : `r${i}`;
    const amount = random.below(i > requests / 2 ? 90 : 50);
    const late = random.chance(0.04) ? 80_000 + random.below(60_000) : 0;
    const request = { amount, country: `c${random.below(7)}` };
    send('requests', id, timeMs, request);
    if (late > 0)
      put(
        'requests',
        `late${i}`,
        timeMs,
        Buffer.from(JSON.stringify({ id: `late${i}`, time: T0 + timeMs - late, ...request })),
      );
    send('predictions', id, timeMs + random.below(3_000), { ...truthsOf(amount), p: amount / 90 });
    if (random.chance(0.8)) {
      const delayMs = random.chance(0.1) ? random.below(300_000) : random.below(100_000);
      const truth = amount + random.below(i > requests / 2 ? 14 : 7);
      send('labels', id, timeMs + delayMs - 2_000, truthsOf(truth));
    }
    if (random.chance(0.06)) send('labels', id, timeMs + random.below(90_000), truthsOf(0));
    if (random.chance(0.05)) send('labels', `unknown${i}`, timeMs, { price: 1 });
    if (random.chance(0.05)) send('requests', id, timeMs + 2_000, request);
    if (random.chance(0.3))
      send('feedback', id, timeMs + random.below(60_000), { kind: random.pick(['click', 'redo', 'other']) });
    if (random.chance(0.03)) put('requests', `bad${i}`, timeMs, Buffer.from('{ not json'));
    if (random.chance(0.02)) {
      const future = { id: `future${i}`, time: T0 + timeMs + 60 * MINUTE, ...request };
      put('requests', future.id, timeMs, Buffer.from(JSON.stringify(future)));
    }
  }
  for (const { stream } of spec.streams) {
    for (let partition = 0; partition < INPUT_PARTITIONS; partition++) {
      const id = `end-${stream}-${partition}`;
      const value = { id, time: T0 + END_MS, amount: 1, country: 'c0', price: 1, kind: 'other' };
      put(stream, id, END_MS, Buffer.from(JSON.stringify(value)), partition);
    }
  }
  return timed.sort((a, b) => a.atMs - b.atMs).map(({ record }) => record);
}
