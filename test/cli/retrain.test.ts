import { beforeEach, describe, expect, it } from 'vitest';
import { decodeSlots } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Command } from '../../src/records.ts';
import { fakeWiring, folder, telltale } from './support.ts';

let log: MemoryLog;
let dir = '';

beforeEach(() => {
  log = createMemoryLog();
  log.createTopic('t.slots', 1);
  dir = folder({
    'telltale.yaml': 'topics: { prefix: t. }\nkafka: { group: g }\n',
    'services/fraud.yaml': 'service: fraud\nstreams: { requests: { topic: fraud.requests } }\n',
  });
});

const retrain = (...args: string[]) =>
  telltale(
    ['--config', dir, 'retrain', ...args, '--service', 'fraud', '--by', 'ada'],
    fakeWiring({ openLog: async () => ({ ...log, close: async () => {} }) }),
  );
const commands = async (): Promise<Command[]> =>
  (await log.read('t.slots', 0, 0, 100, 0)).flatMap((record) => {
    const found = decodeSlots(record);
    return found?.type === 'command' ? [found.command] : [];
  });

describe('telltale retrain', () => {
  it('writes what a training gave, or that it says nothing of it', async () => {
    const codes = [
      await retrain(
        'done',
        'r1',
        '--reason',
        'run 118',
        '--model',
        '../models/new.onnx',
        '--name',
        'fraud-8',
      ),
      await retrain('done', 'r2', '--model', '/models/new.onnx'),
      await retrain('done', 'r3'),
      await retrain('approve', 'r4'),
    ].map(({ code }) => code);
    expect(codes).toEqual([0, 0, 0, 0]);
    const written = (await commands()).map(({ kind, target, by, reason, model }) => [
      kind,
      target,
      by,
      reason,
      model,
    ]);
    expect(written).toEqual([
      ['retrain.done', 'r1', 'ada', 'run 118', { file: '../models/new.onnx', name: 'fraud-8' }],
      ['retrain.done', 'r2', 'ada', '', { file: '/models/new.onnx', name: '' }],
      ['retrain.done', 'r3', 'ada', '', null],
      ['retrain.approve', 'r4', 'ada', '', null],
    ]);
  });

  it.each([
    [['done', 'r1', '--name', 'new'], '--name names the model of --model, which is missing'],
    [['done', 'r1', '--model', 'a.onnx', '--name', 'a/b'], "'a/b' is no name of letters"],
    [['failed', 'r1', '--model', 'a.onnx'], "unknown option '--model'"],
  ])('refuses %j and writes nothing', async (args, message) => {
    const { code, err } = await retrain(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(await commands()).toEqual([]);
  });
});
