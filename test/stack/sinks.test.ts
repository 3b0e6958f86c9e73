/** Receivers that are away, a daemon that dies meanwhile, and records that no receiver takes. */
import { afterEach, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import {
  type ConfigFolder,
  configFolder,
  createGate,
  type Gate,
  type Health,
  killDaemons,
  type RunningDaemon,
  readPublic,
  startDaemon,
} from './daemon.ts';
import {
  endOf,
  extend,
  idsBelowCommit,
  lastAlertMs,
  plantOf,
  sendWindows,
  takenBy,
  untilWindow,
} from './sinks-support.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

describeStack('sinks', (stack) => {
  const folders: ConfigFolder[] = [];
  const gates: Gate[] = [];
  const receivers: Receiver[] = [];
  const databases: string[] = [];

  const gateTo = async (target: string): Promise<Gate> => {
    const gate = await createGate(target);
    gates.push(gate);
    await gate.open();
    return gate;
  };
  const receiverOf = async (): Promise<Receiver> => {
    const receiver = await startReceiver();
    receivers.push(receiver);
    return receiver;
  };
  const folderFor = (prefix: string, influx: string): ConfigFolder => {
    const folder = configFolder({ ...stack, influx }, prefix);
    folders.push(folder);
    databases.push(prefix);
    return folder;
  };

  afterEach(async () => {
    await killDaemons();
    for (const gate of gates.splice(0)) await gate.close();
    for (const receiver of receivers.splice(0)) await receiver.close();
    for (const folder of folders.splice(0)) folder.remove();
    for (const name of databases.splice(0)) await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  });

  test('each goes on from its own offsets after outages and a crash: no gap, nothing twice', async () => {
    const prefix = uniquePrefix('sinks');
    const influx = await gateTo(new URL(stack.influx).host);
    const [away, steady] = [await receiverOf(), await receiverOf()];
    const hook = await gateTo(away.host);
    const folder = folderFor(prefix, `http://${influx.host}`);
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests }]);
    folder.service(plantOf(requests));
    extend(folder, {
      webhooks: [
        { name: 'away', url: `http://${hook.host}/`, on: ['alerts', 'results'], timeout: '2s' },
        { name: 'steady', url: `http://${steady.host}/`, on: ['alerts'] },
      ],
    });
    const inInflux = async (measurement: string) =>
      influxQuery(stack.influx, prefix, `SELECT * FROM ${measurement} WHERE service = 'plant'`);
    const influxHas = async (window: number): Promise<boolean> =>
      (await inInflux('telltale_alert')).some(({ time }) => time === endOf(window));

    const untilAway = (daemon: RunningDaemon) =>
      daemon.until('both outages are seen', async () => {
        const { checks } = await daemon.get<Health>('/readyz');
        return ['influx', 'webhook.away'].every((name) =>
          checks.some((check) => check.name === name && !check.ok),
        );
      });

    const first = await startDaemon(folder.dir);
    await first.untilReady();
    await sendWindows(stack.kafka, requests, 0, 2);
    await first.until('window 1 at all', async () => {
      return lastAlertMs(away.posted) === endOf(1) && lastAlertMs(steady.posted) === endOf(1) && influxHas(1);
    });

    await hook.close();
    await sendWindows(stack.kafka, requests, 3, 5);
    await first.until('the others, while one is away', async () => {
      return lastAlertMs(steady.posted) === endOf(4) && influxHas(4);
    });
    await influx.close();
    await sendWindows(stack.kafka, requests, 6, 8);
    await untilWindow(first, 7);
    await first.until('alerts while two are away', async () => lastAlertMs(steady.posted) === endOf(7));
    await untilAway(first);
    expect(lastAlertMs(away.posted)).toBe(endOf(1));
    await first.end('SIGKILL');

    // Write, then commit: whatever a group calls done is with its receiver.
    const done = async (sink: string, name: 'alert' | 'result'): Promise<string[]> => {
      const ids = await idsBelowCommit(stack.kafka, `${prefix}.sink.${sink}`, folder.prefix, name);
      expect(ids.length, `${sink}, ${name}`).toBeGreaterThan(0);
      return ids;
    };
    const taken = [...takenBy(away.posted).keys()];
    expect(taken).toEqual(expect.arrayContaining(await done('webhook.away', 'alert')));
    expect(taken).toEqual(expect.arrayContaining(await done('webhook.away', 'result')));
    const points = (await inInflux('telltale_alert')).map(({ id }) => id);
    expect(points).toEqual(expect.arrayContaining(await done('influx', 'alert')));

    await hook.open();
    const second = await startDaemon(folder.dir);
    await sendWindows(stack.kafka, requests, 9, 10);
    await second.until('what one has missed, while the other is still away', async () => {
      return lastAlertMs(away.posted) === endOf(9) && lastAlertMs(steady.posted) === endOf(9);
    });
    await influx.open();
    await second.until('what InfluxDB has missed', () => influxHas(9));
    const alerts = await readPublic(stack.kafka, folder.prefix, 'alert');
    const results = await readPublic(stack.kafka, folder.prefix, 'result');
    await second.until('all results', async () => {
      const got = [...takenBy(away.posted).values()].filter(({ type }) => type === 'result');
      return got.length >= new Set(results.map(({ id }) => id)).size;
    });
    expect((await second.end('SIGTERM')).code).toBe(0);

    const idsOf = (records: readonly { id: string }[]): string[] =>
      [...new Set(records.map(({ id }) => id))].sort();
    expect(
      alerts
        .map(({ windowEndMs }) => windowEndMs)
        .filter((at, i, all) => all.indexOf(at) === i)
        .sort(),
    ).toEqual(Array.from({ length: 9 }, (_, window) => endOf(window + 1)));
    expect([...takenBy(steady.posted).keys()].sort()).toEqual(idsOf(alerts));
    expect([...takenBy(away.posted).keys()].sort()).toEqual(idsOf([...alerts, ...results]));
    // A point with the same tags and time is one point: rows are as many as ids only if none is there twice.
    expect((await inInflux('telltale_alert')).map(({ id }) => id).sort()).toEqual(idsOf(alerts));
    const rows = await inInflux('telltale_result');
    const pointOf = (record: Record<string, unknown>) =>
      ['metric', 'subject', 'model', 'segment'].map((name) => record[name] || '-').join('|');
    const lines = (found: readonly Record<string, unknown>[], time: string) =>
      found.map((row) => `${row[time]}|${pointOf(row)}|${row.value ?? null}|${row.n}`).sort();
    const unique = [...new Map(results.map((result) => [result.id, result])).values()];
    expect(lines(rows, 'time')).toEqual(lines(unique as never, 'windowEndMs'));
  }, 300_000);

  test('what cannot be decoded or is refused for good is put aside, and the rest arrives', async () => {
    const prefix = uniquePrefix('sinkdead');
    const receiver = await receiverOf();
    const folder = folderFor(prefix, stack.influx);
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests }]);
    folder.service(plantOf(requests));
    extend(folder, { webhooks: [{ name: 'picky', url: `http://${receiver.host}/`, on: ['alerts'] }] });
    receiver.answer = ({ body }) => ({
      status: JSON.parse(body).windowEndMs === endOf(2) ? 422 : 204,
      body: 'no',
    });

    const daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    await sendWindows(stack.kafka, requests, 0, 2);
    await daemon.until('the first alert', async () => lastAlertMs(receiver.posted) === endOf(1));
    // In both partitions, so that the alerts that follow stand behind it.
    const alerts = `${folder.prefix}alerts`;
    const foreign = Array.from({ length: 20 }, (_, i) => ({
      key: `k${i}`,
      value: Buffer.from('not an alert'),
    }));
    await javaProduce(stack.kafka, alerts, foreign);
    await sendWindows(stack.kafka, requests, 3, 5);
    await daemon.until('an alert behind the poison', async () => lastAlertMs(receiver.posted) === endOf(4));
    await daemon.until('the same in InfluxDB', async () => {
      const rows = await influxQuery(stack.influx, prefix, 'SELECT id FROM telltale_alert');
      return rows.some(({ time }) => time === endOf(4));
    });
    expect((await daemon.end('SIGTERM')).code).toBe(0);

    expect([...takenBy(receiver.posted).values()].map(({ windowEndMs }) => windowEndMs)).toEqual([
      endOf(1),
      endOf(3),
      endOf(4),
    ]);
    const letters = (await foreignConsume(stack.kafka, `${folder.prefix}dead`)).map(({ headers, value }) => ({
      code: String(headers['x-error-code']),
      stage: String(headers['x-stage']),
      topic: String(headers['x-topic']),
      origin: `${headers['x-partition']}@${headers['x-offset']}`,
      message: String(headers['x-error-message']),
      text: value?.toString(),
    }));
    expect(new Set(letters.map(({ stage, topic }) => `${stage} ${topic}`))).toEqual(
      new Set([`sink ${alerts}`]),
    );
    const undecodable = letters.filter(({ code }) => code === 'avro');
    // Once by each of the two sinks.
    expect(undecodable).toHaveLength(40);
    expect(new Set(undecodable.map(({ origin }) => origin)).size).toBe(20);
    expect(new Set(undecodable.map(({ text }) => text))).toEqual(new Set(['not an alert']));
    const refused = letters.filter(({ code }) => code === 'refused');
    expect(refused).toHaveLength(1);
    expect(refused[0]!.message).toContain('HTTP 422: no');
  }, 180_000);
});
