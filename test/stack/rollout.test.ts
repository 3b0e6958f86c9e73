/**
 * Roll-outs on real Kafka: a good candidate takes over, a bad one is taken back, and a daemon that is killed in every phase writes the same bytes as one that runs through.
 */

import { afterEach, expect, test } from 'vitest';
import { parseTable } from '../../src/router/table.ts';
import { logistic, seededNumbers } from '../score/support/onnx.ts';
import { type ConfigFolder, configFolder, killDaemons, readPublic, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { type ForeignRecord, foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;
const A_MINUTE = 60;
const MINUTES = 26;
/** From this minute on the bad candidate is bad. */
const TURNS_BAD = 8;

/** The probability is 1 from x = 0.5 on. */
const threshold = logistic(100, -50);

/** What each model answers is an input; the labels come half a minute later, in the same order. */
function recordsOf(from: number, to: number): { requests: ForeignRecord[]; labels: ForeignRecord[] } {
  const requests: ForeignRecord[] = [];
  const labels: ForeignRecord[] = [];
  const record = (id: string, timeMs: number, more: object): ForeignRecord => ({
    key: id,
    value: Buffer.from(JSON.stringify({ id, time: timeMs, ...more })),
  });
  for (let i = from * A_MINUTE; i < to * A_MINUTE; i++) {
    const random = seededNumbers(i);
    const [id, isFraud, timeMs] = [`r${i}`, i % 2 === 0, T0 + (i * MINUTE_MS) / A_MINUTE];
    const answer = (wrongRate: number): number => ((random() + 1) / 2 < wrongRate !== isFraud ? 1 : 0);
    const isBad = i >= TURNS_BAD * A_MINUTE;
    requests.push(
      record(id, timeMs, { old: answer(0.2), good: answer(0.04), bad: answer(isBad ? 0.6 : 0.2) }),
    );
    labels.push(record(id, timeMs + MINUTE_MS / 2, { fraud: isFraud ? 'yes' : 'no' }));
  }
  return { requests, labels };
}

describeStack('roll-outs', (stack) => {
  const folders: ConfigFolder[] = [];
  const groups: string[] = [];
  const inputs = uniquePrefix('rollout-in');
  const topicOf = (service: string, stream: string): string => `${inputs}.${service}.${stream}`;

  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
    for (const group of groups.splice(0)) await influxQuery(stack.influx, group, `DROP DATABASE "${group}"`);
  });

  const serviceOf = (name: 'good' | 'bad', file: string) => {
    const model = (own: string, role: string) => ({
      ...{ name: own, role, file },
      inputs: { x: [own] },
      outputs: { fraud: { probabilities: 'p' } },
    });
    return {
      service: name,
      streams: {
        requests: { topic: topicOf(name, 'requests'), encoding: 'json', time: 'time' },
        labels: {
          topic: topicOf(name, 'labels'),
          encoding: 'json',
          time: 'time',
          fields: { fraud: 'fraud' },
        },
      },
      inputs: { old: { type: 'numeric' }, [name]: { type: 'numeric' } },
      outputs: { fraud: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes' } },
      models: [model('old', 'primary'), model(name, 'shadow')],
      windows: { size: '1m', lateness: '1s', idle_after: '1h' },
      join: { max_delay: '2m' },
      rollout: {
        candidate: name,
        strategy: 'canary',
        shadow: { for: '2m', min_n: 50, needs: 'keep' },
        steps: [10],
        for: '3m',
        min_n: 100,
        live: { for: '4m' },
        margin: 0.02,
      },
    };
  };

  const folderOf = (name: string, file: string | null): { folder: ConfigFolder; file: string } => {
    const group = uniquePrefix(name);
    const folder = configFolder(stack, group);
    folders.push(folder);
    groups.push(group);
    const model = file ?? folder.write('threshold.onnx', threshold);
    folder.service(serviceOf('good', model));
    folder.service(serviceOf('bad', model));
    return { folder, file: model };
  };

  const stepsOf = async ({ prefix }: ConfigFolder) => {
    const records = await readPublic(stack.kafka, prefix, 'rollout');
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const record of records) expect(byId.get(record.id)).toEqual(record);
    return [...byId.values()].sort((a, b) =>
      a.service < b.service ? -1 : a.service > b.service ? 1 : a.seq - b.seq,
    );
  };
  const tablesOf = async ({ prefix }: ConfigFolder): Promise<string[]> => {
    const found = await foreignConsume(stack.kafka, `${prefix}routing`);
    const tables = found.map(({ value }) => parseTable(value!.toString()));
    return [...new Set(tables.map((table) => JSON.stringify(table)))].sort();
  };

  test('write the same steps and tables, over kill -9 in every phase', async () => {
    const names = ['good', 'bad'];
    const topics = names.flatMap((name) => [topicOf(name, 'requests'), topicOf(name, 'labels')]);
    await createTopics(
      stack.kafka,
      topics.map((topic) => ({ topic })),
    );
    const send = async (from: number, to: number): Promise<void> => {
      const records = recordsOf(from, to);
      for (const name of names) {
        await javaProduce(stack.kafka, topicOf(name, 'requests'), records.requests);
        await javaProduce(stack.kafka, topicOf(name, 'labels'), records.labels);
      }
    };
    const calm = folderOf('rollout-calm', null);
    const hit = folderOf('rollout-hit', calm.file);
    const through = await startDaemon(calm.folder.dir);
    await through.untilReady();
    // In each phase of the good one: shadow, canary, live, and behind the promotion.
    let sent = 0;
    for (const [minute, event] of [
      [4, 'started'],
      [9, 'advanced'],
      [14, 'advanced'],
      [19, 'promoted'],
    ] as const) {
      const daemon = await startDaemon(hit.folder.dir);
      await daemon.untilReady();
      await send(sent, minute);
      sent = minute;
      await daemon.until(`${event} by minute ${minute}`, async () =>
        (await stepsOf(hit.folder)).some((step) => step.service === 'good' && step.event === event),
      );
      daemon.child.kill('SIGKILL');
      await daemon.ended();
    }
    const last = await startDaemon(hit.folder.dir);
    await last.untilReady();
    await send(sent, MINUTES);
    const lastMs = T0 + (MINUTES - 2) * MINUTE_MS;
    for (const daemon of [through, last])
      await daemon.until(
        'all windows',
        async () => ((await daemon.service('good')).eventTimeMs ?? 0) >= lastMs,
      );
    const isDone = async ({ folder }: typeof calm): Promise<boolean> => {
      const events = (await stepsOf(folder)).map(({ service, event }) => `${service} ${event}`);
      return events.includes('good promoted') && events.includes('bad rolled_back');
    };
    await through.until('both are done', async () => (await isDone(calm)) && (await isDone(hit)));
    for (const daemon of [through, last]) expect((await daemon.end('SIGTERM')).code).toBe(0);

    const [whole, resumed] = [await stepsOf(calm.folder), await stepsOf(hit.folder)];
    expect(resumed).toEqual(whole);
    expect(await tablesOf(hit.folder)).toEqual(await tablesOf(calm.folder));
    const said = (name: string): string[] =>
      whole
        .filter(({ service, event }) => service === name && event !== 'verdict')
        .map(({ event, stageKind, atMs }) => `${(atMs - T0) / MINUTE_MS} ${event} ${stageKind}`);
    expect(said('good')).toEqual([
      '0 started shadow',
      '3 advanced canary',
      '6 advanced live',
      '10 promoted live',
    ]);
    const bad = whole.filter(({ service }) => service === 'bad').at(-1)!;
    expect(bad).toMatchObject({ event: 'rolled_back', verdict: 'rollback', by: '' });
    expect(bad.low).toBeGreaterThan(0);
  }, 400_000);
});
