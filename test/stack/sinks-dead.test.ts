/** From the first record that cannot be read to the cure: the alarm, the list, the replay, and what it counts. */
import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../../src/records.ts';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import {
  type ConfigFolder,
  configFolder,
  killDaemons,
  MAIN,
  type RunningDaemon,
  readPublic,
  startDaemon,
} from './daemon.ts';
import { endOf, extend, plantOf, reading, T0, untilWindow, WINDOW_MS } from './sinks-support.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const LETTERS = 40;

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** `telltale dead ...` as a person types it. */
function dead(dir: string, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, '--config', dir, 'dead', ...args]);
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.err += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}

describeStack('dead letters', (stack) => {
  const folders: ConfigFolder[] = [];
  const receivers: Receiver[] = [];
  const databases: string[] = [];

  afterEach(async () => {
    await killDaemons();
    for (const receiver of receivers.splice(0)) await receiver.close();
    for (const folder of folders.splice(0)) folder.remove();
    for (const name of databases.splice(0)) await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  });

  test('above the limit the daemon raises an alarm about itself; after the cure a replay counts them', async () => {
    const prefix = uniquePrefix('letters');
    databases.push(prefix);
    const receiver = await startReceiver();
    receivers.push(receiver);
    const folder = configFolder(stack, prefix);
    folders.push(folder);
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests, partitions: 2 }]);
    // The mistake: the records carry their time in `time`.
    folder.service(plantOf(requests, 'at'));
    extend(folder, {
      webhooks: [{ name: 'pager', url: `http://${receiver.host}/` }],
      dead_letters: { rate_max: 0.2, min_records: 20, window: '2s' },
    });
    const send = async (window: number, count: number): Promise<void> => {
      const records = Array.from({ length: count }, (_, i) => ({
        ...reading(`${window}-${i}`, T0 + window * WINDOW_MS + i, 10),
        headers: { trace: `${window}-${i}` },
      }));
      expect(await javaProduce(stack.kafka, requests, records)).toBe(count);
    };
    const alarms = async (daemon: RunningDaemon, state: string) =>
      (await daemon.get<Alert[]>('/api/alerts')).filter(
        (alert) => alert.service === 'telltale' && alert.state === state,
      );

    const daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    await send(0, LETTERS);
    const [firing] = await daemon.until('an alarm of the daemon itself', async () => {
      const found = await alarms(daemon, 'firing');
      return found.length > 0 ? found : null;
    });
    expect(firing).toMatchObject({
      rule: 'dead-letters',
      level: 'critical',
      value: 1,
      threshold: 'critical > 0.2',
    });
    await daemon.until('the alarm at the receiver', async () =>
      receiver.posted.some(({ body, status }) => status < 300 && JSON.parse(body).id === firing!.id),
    );

    const filter = ['--service', 'plant', '--code', 'time_missing'];
    const listed = await dead(folder.dir, 'list', ...filter, '--json');
    expect(listed.code).toBe(0);
    const { letters, matched } = JSON.parse(listed.out);
    expect([letters.length, matched]).toEqual([LETTERS, LETTERS]);
    expect(letters[0]).toMatchObject({ stage: 'decode', topic: requests, count: 1, replay: 'none' });
    expect((await dead(folder.dir, 'list', ...filter)).out).toContain('time_missing');

    folder.service(plantOf(requests));
    daemon.child.kill('SIGHUP');
    await daemon.until('reload', async () => daemon.log().includes('configuration reloaded'));
    const replayed = await dead(folder.dir, 'replay', ...filter);
    expect(replayed.err).toBe('');
    expect(replayed.code).toBe(0);
    expect(replayed.out).toContain(`${LETTERS} replayed, 0 refused`);
    const once = await dead(folder.dir, 'replay', ...filter, '--json');
    expect(JSON.parse(once.out)).toMatchObject({ ok: true, replayed: [] });
    expect(JSON.parse(once.out).refused).toHaveLength(LETTERS);

    // Every record is on its topic twice: as its producer wrote it, and back in its place.
    const onTopic = await foreignConsume(stack.kafka, requests);
    const back = onTopic.filter(({ headers }) => headers['x-replayed-from'] !== undefined);
    const placeOf = ({ partition, key, value, headers }: (typeof onTopic)[0]) =>
      [partition, key, value, headers.trace].join('|');
    expect(onTopic).toHaveLength(2 * LETTERS);
    const original = onTopic.filter((record) => !back.includes(record));
    expect(back.map(placeOf).sort()).toEqual(original.map(placeOf).sort());
    for (const { headers } of back) expect(Object.keys(headers).sort()).toEqual(['trace', 'x-replayed-from']);

    // Records of both partitions close the window, and say that all is well.
    await send(1, LETTERS);
    await untilWindow(daemon, 0);
    await daemon.until('the alarm is resolved', async () => (await alarms(daemon, 'resolved')).length > 0);
    await daemon.until('the end of the alarm at the receiver', async () =>
      receiver.posted.some(({ body }) => /"service":"telltale".*"state":"resolved"/.test(body)),
    );

    // Once more, on purpose: their window is closed, so they are late and change nothing.
    const late = await dead(folder.dir, 'replay', '--id', letters[0].id, '--again');
    expect([late.code, late.err]).toEqual([0, '']);
    await daemon.until('a late record', async () => (await daemon.service('plant')).counts.late === 1);
    await send(2, LETTERS);
    await untilWindow(daemon, 1);
    expect((await daemon.end('SIGTERM')).code).toBe(0);

    const results = await readPublic(stack.kafka, folder.prefix, 'result');
    const figure = (metric: string, window: number) =>
      results.find((result) => result.metric === metric && result.windowEndMs === endOf(window))?.value;
    expect(figure('volume', 0)).toBe(LETTERS);
    expect(figure('dead_letters', 0)).toBe(LETTERS);
    expect(figure('volume', 1)).toBe(LETTERS);
    expect(figure('late', 1)).toBe(1);
  }, 240_000);
});
