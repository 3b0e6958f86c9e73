import { expect, test } from 'vitest';
import { drive, MINUTE, openDrive, type Sent, T0 } from './support.ts';

const serviceOf = (mode: string, more = ''): string => `
service: shop
streams:
  requests: { topic: shop.requests }
  ${more}
inputs:
  amount: { type: numeric }
outputs:
  price: { type: regressor }
windows: { size: 1m, lateness: 5s }
rules:
  - { name: amounts, metric: mean, subject: amount, critical: '> 10', min_n: 1 }
retrain: { mode: ${mode}, on: [amounts], level: critical, cooldown: 24h, lookback: 2m }
`;
const rows = (from: number, to: number, amount: number): Sent[] =>
  Array.from({ length: (to - from) * 6 }, (_, i) => ({
    stream: 'requests',
    key: `${from}-${i}`,
    value: { id: `${from}-${i}`, time: T0 + from * MINUTE + i * 10_000, amount },
  }));

test('a request for retraining waits for a person, who is named in the approval', async () => {
  const driver = await openDrive(serviceOf('manual'));
  await driver.send(rows(0, 5, 1));
  await driver.send(rows(5, 8, 20));
  const { retrains } = await driver.outcome();
  expect(retrains).toMatchObject([{ state: 'requested', mode: 'manual', by: '', atMs: T0 + 6 * MINUTE }]);
  const [asked] = retrains;
  // Two minutes before the breach and the minute of the breach: six rows each.
  expect(asked!.data).toEqual({
    fromMs: T0 + 3 * MINUTE,
    toMs: T0 + 6 * MINUTE,
    ranges: [{ stream: 'requests', topic: 'shop.requests', partition: 0, fromOffset: 18, toOffset: 35 }],
  });
  const command = { id: 'c1', service: 'shop', kind: 'retrain.approve' as const, by: 'ada', reason: 'seen' };
  await driver.command({ ...command, target: 'unknown' });
  await driver.lose();
  await driver.command({ ...command, target: asked!.retrainId });
  await driver.command({ ...command, target: asked!.retrainId, kind: 'retrain.reject' });
  const after = await driver.end();
  expect(after.retrains.map(({ state, by, reason }) => [state, by, reason])).toEqual([
    ['requested', '', asked!.reason],
    ['approved', 'ada', 'seen'],
  ]);
  await driver.close();
});

test('a training says which model it gave', async () => {
  const driver = await openDrive(serviceOf('automatic'));
  await driver.send([...rows(0, 5, 1), ...rows(5, 8, 20)]);
  const [asked] = (await driver.outcome()).retrains;
  const command = { id: 'c1', service: 'shop', target: asked!.retrainId, by: 'trainer', reason: '' };
  const model = { file: 'models/new.onnx', name: 'new' };
  await driver.command({ ...command, kind: 'retrain.started', model });
  await driver.lose();
  await driver.command({ ...command, kind: 'retrain.done', model });
  const { retrains } = await driver.end();
  expect(retrains.map((record) => [record.state, record.model])).toEqual([
    ['approved', null],
    ['started', null],
    ['done', model],
  ]);
  await driver.close();
});

test('a topic that does not exist holds back no request for retraining', async () => {
  const service = serviceOf('automatic', 'labels: { topic: shop.labels, fields: { price: price } }');
  const records = [...rows(0, 5, 1), ...rows(5, 8, 20)];
  const driver = await openDrive(service, { missing: ['labels'] });
  await driver.send(records);
  const { retrains } = await driver.outcome();
  expect(retrains).toMatchObject([{ state: 'approved', mode: 'automatic' }]);
  await driver.close();
  const silent = await drive(service, records, { chunk: 10 });
  expect(silent.retrains).toEqual(retrains);
});
