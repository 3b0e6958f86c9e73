import { expect, test } from 'vitest';
import { textOfState } from '../../src/profile/baseline/states.ts';
import { createConfusion } from '../../src/profile/confusion.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import type { Alert, Baseline, Batch, OutputColumn, ServiceSpec } from '../../src/records.ts';
import { type DriveOptions, drive, MINUTE, randomOf, type Sent, scorerOf, specOf, T0 } from './support.ts';

const YAML = `
service: shop
streams:
  requests: { topic: shop.requests }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
inputs:
  channel: { type: categorical }
  score: { type: numeric }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
models:
  - { name: m, role: primary, file: none.onnx, inputs: { X: [score] }, outputs: { fraud: { probabilities: p } } }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 5m }
`;

/** The model's score is an input. */
const scorer = scorerOf((batch: Batch) => {
  const column = batch.inputs[1]!;
  const scores = column.kind === 'numeric' ? column.values.slice() : new Float64Array(batch.n);
  const codes = Int32Array.from(scores, (score) => (score >= 0.5 ? 1 : 0));
  const answer: OutputColumn = { kind: 'class', codes, scores, state: new Uint8Array(batch.n) };
  return { models: [[answer]], images: [] };
});

/** How requests come: the share of cards, and how probable the label yes is at a score. */
interface World {
  cards: number;
  yes: (score: number) => number;
}
const CALM: World = { cards: 0.3, yes: (score) => score };
const MORE_CARDS: World = { ...CALM, cards: 0.6 };
const OTHER_LAW: World = { ...CALM, yes: (score) => score / 3 };

interface Row {
  channel: string;
  score: number;
  fraud: string;
}
function rowOf(random: () => number, { cards, yes }: World): Row {
  const channel = random() < cards ? 'card' : 'cash';
  const score = random();
  return { channel, score, fraud: random() < yes(score) ? 'yes' : 'no' };
}

/** Of 5,000 calm rows. */
function baseline(): Baseline {
  const random = randomOf(7);
  const rows = Array.from({ length: 5_000 }, () => rowOf(random, CALM));
  const [bins, confusion] = [createScoreBins(), createConfusion(2)];
  const channels: Record<string, number> = { card: 0, cash: 0 };
  const counts = new Array<number>(12).fill(0);
  for (const { channel, score, fraud } of rows) {
    addScore(bins, score, fraud === 'yes' ? POSITIVE : NEGATIVE, 0.5);
    confusion.counts[(score >= 0.5 ? 2 : 0) + (fraud === 'yes' ? 1 : 0)]!++;
    channels[channel]!++;
    counts[1 + Math.floor(10 * score)]!++;
  }
  const none = { n: rows.length, missing: 0, invalid: 0 };
  return {
    format: 'telltale-baseline/2',
    service: 'shop',
    n: rows.length,
    tracks: {
      channel: { type: 'categorical', ...none, counts: channels },
      score: {
        type: 'numeric',
        ...{ ...none, mean: 0.5, std: 0.29, min: 0, max: 1, sketch: [], counts },
        edges: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
      },
    },
    states: {
      'scores/m/fraud': textOfState({ kind: 'score_bins', state: bins }),
      'performance/m/fraud': textOfState({ kind: 'confusion', state: confusion }),
    },
  };
}

const spec = (more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  ...specOf(YAML),
  baseline: baseline(),
  budget: { alarms: 1, periodMs: 7 * 24 * 60 * MINUTE, tolerance: {} },
  ...more,
});

/** Minutes of each world. */
const SPAN = 18;

/** Windows of 120 rows and as many labels; `worlds[i]` from minute `i * SPAN` on. */
function stream(worlds: readonly World[], seed = 1): Sent[] {
  const random = randomOf(seed);
  const sent: Sent[] = [];
  for (let minute = 0; minute < worlds.length * SPAN; minute++) {
    const world = worlds[Math.floor(minute / SPAN)]!;
    for (let i = 0; i < 120; i++) {
      const { fraud, ...request } = rowOf(random, world);
      const id = `${minute}-${i}`;
      const time = T0 + minute * MINUTE + i * 450;
      sent.push({ stream: 'requests', key: id, value: { id, time, ...request } });
      sent.push({ stream: 'labels', key: id, value: { id, time: time + 30_000, fraud } });
    }
  }
  return sent;
}

const run = (worlds: readonly World[], options: DriveOptions = {}): Promise<Alert[]> =>
  drive(spec(), stream(worlds), { scorer, chunk: 2_000, ...options }).then(({ alerts }) => alerts);

const told = (alerts: readonly Alert[]) =>
  alerts.map(({ metric, subject, state, level, evidence }) => [
    `${metric}/${subject}`,
    state,
    level,
    evidence?.kind,
  ]);

test('calm traffic pages nobody', async () => {
  expect(await run([CALM, CALM, CALM, CALM])).toEqual([]);
});

test('inputs that move are told at once, and as data drift when their labels are in; then that they are back', async () => {
  const alerts = await run([CALM, MORE_CARDS, CALM, CALM]);
  expect(told(alerts)).toEqual([
    ['psi/channel', 'firing', 'warning', 'unknown'],
    ['psi/channel', 'firing', 'warning', 'data'],
    ['psi/channel', 'resolved', 'warning', 'data'],
  ]);
  const [first] = alerts;
  expect(first).toMatchObject({
    rule: 'budget',
    segment: '*',
    threshold: 'evidence >= 20160 (1 per 7d)',
    sinceMs: T0 + SPAN * MINUTE,
    evidence: {
      onsetMs: T0 + SPAN * MINUTE,
      coverage: null,
      subjects: [{ name: 'channel' }],
      segments: [{ name: '*' }],
    },
  });
  const moved = first!.evidence!.streams[0]!;
  expect(moved.share).toBeGreaterThan(0.99);
  expect(moved.cells.map(({ cell }) => cell)).toEqual(
    ['card', 'cash', '(other)'].slice(0, moved.cells.length),
  );
  const [card] = moved.cells;
  expect(card!.reference).toBeCloseTo(0.3, 1);
  expect(card!.current).toBeCloseTo(0.6, 1);
  expect(first!.evidence!.log10Evidence).toBeGreaterThan(first!.evidence!.log10Boundary);
  expect(first!.reason).toMatch(
    /^the inputs moved; .*psi of channel: card (29|30)(\.\d+)? % -> (5|6)\d(\.\d+)? %/,
  );
});

test('a relation that moves while the inputs hold is concept drift, and critical', async () => {
  const alerts = await run([CALM, OTHER_LAW]);
  expect(told(alerts)).toEqual([['concept_drift/fraud', 'firing', 'critical', 'concept']]);
  expect(alerts[0]).toMatchObject({ model: 'm', sinceMs: T0 + SPAN * MINUTE });
  expect(alerts[0]!.evidence!.coverage).toBe(1);
});

test('both at once', async () => {
  const alerts = await run([CALM, { ...OTHER_LAW, cards: 0.6 }]);
  expect(new Set(alerts.map(({ evidence }) => evidence?.kind))).toEqual(new Set(['unknown', 'both']));
});

test('a lost process and other batches change nothing', async () => {
  const worlds = [CALM, { ...OTHER_LAW, cards: 0.6 }, CALM];
  const straight = await run(worlds);
  expect(straight.length).toBeGreaterThan(2);
  const byId = (alerts: readonly Alert[]) => alerts.map((alert) => JSON.stringify(alert)).sort();
  expect(byId(await run(worlds, { lostAfter: [2, 4, 7], chunk: 1_700 }))).toEqual(byId(straight));
});
