import { expect, it } from 'vitest';
import { writeCommand } from '../../src/flow/commands.ts';
import { decodeSlots } from '../../src/flow/wire.ts';
import type { Append, Command, CommandKind } from '../../src/records.ts';
import { makeSpec } from '../console/records.ts';

const spec = makeSpec('fraud');
const written: Append[] = [];
const log = { append: async (batch: Append[]) => void written.push(...batch) };

function write(kind: CommandKind, target: string, over: Partial<Command> = {}): Promise<Command> {
  const asked = { service: 'fraud', kind, target, by: 'ann', reason: '', ...over };
  return writeCommand(log, { topic: 'slots', partitions: 4 }, asked, spec);
}
const silence = (fromMs: unknown, untilMs: number) => JSON.stringify({ match: {}, fromMs, untilMs });

it('writes the record that the judge reads', async () => {
  written.length = 0;
  const command = await write('silence.add', silence(0, 1000));
  const [{ topic, partition, key, value }] = written as [Append];
  const record = {
    topic,
    partition: partition!,
    offset: 0,
    timestampMs: 0,
    key: Buffer.from(String(key)),
    value,
    headers: {},
  };
  expect(decodeSlots(record as Parameters<typeof decodeSlots>[0])).toEqual({
    type: 'command',
    command: { model: null, ...command },
  });
});

it.each<[CommandKind, string, Partial<Command>, string]>([
  ['retrain.approve', '', {}, 'the target is missing'],
  ['retrain.approve', 'r1', { by: ' ' }, 'nobody is named'],
  ['retrain.approve', 'r1', { model: { file: 'm.onnx', name: '' } }, 'only retrain.done has a model'],
  ['retrain.done', 'r1', { model: { file: '', name: '' } }, 'model.file is missing'],
  ['silence.expire', '', {}, 'the target is missing'],
  ['silence.add', 'all', {}, 'does not say as JSON'],
  ['silence.add', silence('now', 1), {}, 'does not say as JSON'],
  ['silence.add', silence(5, 5), {}, 'over before it begins'],
  ['silence.add', silence(0, 400 * 86_400_000), {}, '366 days at most'],
  ['rollout.level', 'everything', {}, 'allowed: human_only'],
  ['rollout.promote', 'now', {}, 'allowed: full or nothing'],
  ['rollout.pause', 'x', {}, 'takes no target'],
  ['rollout.start', '', {}, 'no section rollout'],
])('%s %s is not written', async (kind, target, over, message) => {
  written.length = 0;
  await expect(write(kind, target, over)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(message),
  });
  expect(written).toEqual([]);
});
