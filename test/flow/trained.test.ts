/** Models that trainings gave, with real ONNX files, on the embedded log. */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NO_COUNTS, openScorer } from '../../src/flow/assembly.ts';
import { createEmbedded } from '../../src/flow/embedded.ts';
import { createTrainedShadows, withShadow } from '../../src/flow/trained.ts';
import { decodePublic, encodePublic } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Result, Retrain, ServiceSpec } from '../../src/records.ts';
import { MINUTE, NOW_MS, specOf, T0 } from '../scenario/support.ts';
import { makeRetrain } from '../sink/records.ts';

const MODELS = resolve(import.meta.dirname, '../../models');
const TOPIC = 't.retrain';
const SCORING = { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 };
const PAYMENTS = `
service: payments
streams: { requests: { topic: payments.requests } }
inputs:
  amount: { type: numeric }
  hour: { type: numeric }
  age: { type: numeric }
  tenure_days: { type: numeric }
  channel: { type: categorical, categories: [cash, transfer, card, wallet] }
  country: { type: categorical, categories: [de, fr, es, it, pl, nl, se, pt] }
outputs: { fraud: { type: classifier, classes: [legit, fraud], positive: fraud } }
models:
  - name: mlp
    role: primary
    file: models/fraud-mlp.onnx
    inputs:
      X: [amount, hour, age, tenure_days, { input: channel, one_hot: [cash, transfer, card, wallet] },
        { input: country, one_hot: [de, fr, es, it, pl, nl, se, pt] }]
    outputs: { fraud: { probabilities: probabilities } }
windows: { size: 1m, lateness: 0s }
rules: [{ name: shift, metric: mean, subject: amount, critical: "> 1e6" }]
retrain: { on: [shift], shadow: true }
`;
const spec = specOf(PAYMENTS);
let dir = '';
let warned: { cause: string; service: string; file: string }[] = [];
const logger = {
  info: () => {},
  warn: (facts: object) => void warned.push(facts as (typeof warned)[number]),
  error: () => {},
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'trained-'));
  copyFileSync(join(MODELS, 'fraud-mlp.onnx'), join(dir, 'fraud-8.onnx'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const doneOf = (retrainId: string, file: string, atMs = T0, name = ''): Retrain =>
  makeRetrain({
    id: `${retrainId}-done`,
    retrainId,
    service: 'payments',
    state: 'done',
    atMs,
    model: { file, name },
  });

const shadows = () =>
  createTrainedShadows(async (one) => {
    await (await openScorer(one, SCORING, logger))?.close();
  }, logger);

/** What a process runs that starts on this log. */
async function started(log: MemoryLog, given: ServiceSpec): Promise<ServiceSpec> {
  warned = [];
  const trained = shadows();
  await trained.load(log, TOPIC, false);
  const [found] = await trained.over([given], dir);
  return found!;
}

async function logWith(...records: Retrain[]): Promise<MemoryLog> {
  const log = createMemoryLog({ now: () => NOW_MS });
  log.createTopic('payments.requests', 1);
  log.createTopic(TOPIC, 2);
  await log.append(
    records.map((record) => ({
      topic: TOPIC,
      key: record.retrainId,
      value: encodePublic('retrain', record, null),
    })),
  );
  return log;
}

test('the model of a training answers as a shadow, also after a restart', async () => {
  const log = await logWith(doneOf('1f0c2d3e4f', 'fraud-8.onnx'));
  const found = await started(log, spec);
  expect(found.models.map(({ name, role }) => [name, role])).toEqual([
    ['mlp', 'primary'],
    ['retrained-1f0c2d3e', 'shadow'],
  ]);
  expect(found.digest).not.toBe(spec.digest);
  expect(warned).toEqual([]);
  // The same configuration wherever it is laid over it.
  expect((await started(log, spec)).digest).toBe(found.digest);

  const embedded = await createEmbedded({
    log,
    partitions: 2,
    group: 'g',
    prefix: 't.',
    services: [found],
    schemas: null,
    scoring: SCORING,
    checkpoint: { everyMs: 0, recordsMax: 1 },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger,
  });
  const payment = { hour: 3, age: 40, tenure_days: 9, channel: 'card', country: 'de' };
  await embedded.append(
    Array.from({ length: 12 }, (_, i) => ({
      topic: 'payments.requests',
      key: null,
      value: Buffer.from(JSON.stringify({ id: `p${i}`, time: T0 + i * 1_000, amount: 50 * i, ...payment })),
    })),
  );
  await embedded.end();
  const results = (await embedded.drain('t.results')).map(({ value }) =>
    decodePublic<Result>('result', value!, false),
  );
  const agreement = results.filter(({ metric }) => metric === 'agreement');
  // It is a copy of the primary.
  expect(agreement).toMatchObject([
    { model: 'retrained-1f0c2d3e', value: 1, n: 12, windowEndMs: T0 + MINUTE },
  ]);
  await embedded.close();
});

test('of several trainings the newest that gave a model counts', async () => {
  copyFileSync(join(MODELS, 'fraud-mlp.onnx'), join(dir, 'fraud-9.onnx'));
  const log = await logWith(
    doneOf('c', 'fraud-9.onnx', T0 + 2, 'nine'),
    doneOf('a', 'fraud-8.onnx', T0 + 1),
    makeRetrain({ retrainId: 'd', service: 'payments', state: 'done', atMs: T0 + 3 }),
    doneOf('b', 'fraud-8.onnx', T0),
  );
  expect((await started(log, spec)).models.map(({ name }) => name)).toEqual(['mlp', 'nine']);
  const trained = shadows();
  const news = ['fraud-8.onnx', 'fraud-9.onnx', 'fraud-8.onnx'].map((file, i) =>
    trained.note(doneOf(`r${i}`, file, T0 + [1, 2, 0][i]!)),
  );
  expect(news).toEqual([true, true, false]);
  expect(trained.note(doneOf('r1', 'fraud-9.onnx', T0 + 2))).toBe(false);
});

test.each<[string, Retrain, RegExp]>([
  ['of other tensors', doneOf('a', join(MODELS, 'fraud-forest.onnx')), /fraud-forest\.onnx[\s\S]*input `X`/],
  ['that is not there', doneOf('a', 'gone.onnx'), /no such file/],
  ['with the name of another', doneOf('a', 'fraud-8.onnx', T0, 'mlp'), /the name 'mlp' is taken/],
])('a model %s is left out with a warning, and the service goes on', async (_what, record, cause) => {
  const found = await started(await logWith(record), spec);
  expect(found).toBe(spec);
  expect(warned).toHaveLength(1);
  expect(warned[0]).toMatchObject({ service: 'payments', file: record.model!.file });
  expect(warned[0]!.cause).toMatch(cause);
});

test('what the configuration says of the model holds', () => {
  const trained = { retrainId: 'a', atMs: T0, model: { file: '../models/fraud-mlp.onnx', name: '' } };
  expect(withShadow(spec, trained, MODELS)).toBe(spec);
  const unwanted = specOf(PAYMENTS.replace(', shadow: true', ''));
  const other = { ...trained, model: { file: 'fraud-8.onnx', name: '' } };
  expect(withShadow(unwanted, other, dir)).toBe(unwanted);
  expect(withShadow(spec, other, dir)).not.toBe(spec);
});
