/** Reports of trainings, from their topic into the log. */

import { expect, test } from 'vitest';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { createEmbedded } from '../../src/flow/embedded.ts';
import { createRetrainStatusTask } from '../../src/flow/retrain-status.ts';
import { decodeSlots } from '../../src/flow/wire.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { specOf, T0 } from '../scenario/support.ts';

const SHOP = `
service: shop
streams: { requests: { topic: shop.requests } }
inputs: { amount: { type: numeric } }
`;
const TOPIC = 't.retrain.status';

async function open() {
  const log = createMemoryLog({ now: () => T0 });
  log.createTopic('shop.requests', 1);
  const embedded = await createEmbedded({
    log,
    partitions: 1,
    group: 'g',
    prefix: 't.',
    services: [specOf(SHOP)],
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: 1, shadowFailuresMax: 1 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const commits: number[] = [];
  const membership = {
    commit: async (_topic: string, _partition: number, offset: number) => void commits.push(offset),
  };
  const task = createRetrainStatusTask(embedded.runtime, TOPIC, 0, membership);
  const report = async (...values: (object | string | null)[]) => {
    await log.append(
      values.map((value) => ({
        topic: TOPIC,
        key: null,
        value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      })),
    );
    const records = await log.read(TOPIC, 0, commits.at(-1) ?? 0, 100, 0);
    await task.handle(records, async () => {});
    return records;
  };
  const commands = async () =>
    (await log.read('t.slots', 0, 0, 1_000, 0)).flatMap((record) => {
      const found = decodeSlots(record);
      return found?.type === 'command' ? [found.command] : [];
    });
  const dead = async () =>
    (await embedded.drain('t.dead')).map(({ headers }) => [
      headers['x-error-code']!.toString(),
      headers['x-error-message']!.toString(),
    ]);
  return { report, commands, dead, commits, task };
}

test('a report becomes a command, the same one when it is read again', async () => {
  const { report, commands, commits, task } = await open();
  const records = await report(
    { service: 'shop', retrainId: 'r1', state: 'started', by: 'trainer', reason: 'run 7' },
    null,
    { service: 'shop', retrainId: 'r1', state: 'done', model: { file: 'new.onnx' } },
  );
  expect(commits).toEqual([3]);
  const found = await commands();
  expect(found.map(({ kind, target, by, reason, model }) => [kind, target, by, reason, model])).toEqual([
    ['retrain.started', 'r1', 'trainer', 'run 7', null],
    ['retrain.done', 'r1', '', '', { file: 'new.onnx', name: '' }],
  ]);
  await task.handle(records, async () => {});
  const again = await commands();
  expect(again.slice(2)).toEqual(found);
});

test('what says nothing of a training is put aside, and the rest goes on', async () => {
  const { report, commands, dead } = await open();
  const ok = { service: 'shop', retrainId: 'r1', state: 'failed' };
  await report(
    '{',
    [],
    { ...ok, state: 'paused' },
    { ...ok, service: 'shoe' },
    { ...ok, retrainId: '' },
    { ...ok, by: 7 },
    { ...ok, model: { file: 'new.onnx' } },
    { ...ok, state: 'done', model: 'new.onnx' },
    { ...ok, state: 'done', model: { name: 'new' } },
    { ...ok, state: 'done', model: { file: 'new.onnx', name: 'a/b' } },
    ok,
  );
  expect(await commands()).toHaveLength(1);
  const found = await dead();
  expect(found.map(([code]) => code)).toEqual(['json', ...Array<string>(9).fill('report_invalid')]);
  expect(found.slice(1).map(([, message]) => message)).toEqual([
    'no JSON object',
    "state is 'paused', allowed: started, done, failed",
    "no service 'shoe' is configured",
    'service and retrainId are needed',
    'by is no text',
    'a model goes with the state done, not failed',
    'model is no object with a file',
    'model.file is missing: the path of the new model',
    "'a/b' is no name of letters, digits, dots, - and _",
  ]);
});
