/** The daemon on real Kafka: predictions over HTTP follow a blue-green switch and the switch back, and the audit of both holds. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { logistic } from '../score/support/onnx.ts';
import { type ConfigFolder, configFolder, killDaemons, MAIN, readPublic, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { type ForeignRecord, foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const run = promisify(execFile);
/** Requests over HTTP have the time at which they come: what came before them is of a little while ago. */
const T0 = Math.floor(Date.now() / 60_000 - 10) * 60_000;
const MINUTE_MS = 60_000;

/** The probability is 1 from x = 0.5 on, or up to there. */
const threshold = (slope: number) => logistic(slope, -slope / 2);

interface Answer {
  id: string;
  version: string;
  outputs: { fraud: { class: string } };
}

describeStack('predictions over HTTP', (stack) => {
  let folder: ConfigFolder | null = null;
  const prefix = uniquePrefix('predict');
  const [requests, labels] = [`${prefix}.requests`, `${prefix}.labels`];

  afterEach(async () => {
    await killDaemons();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  const serviceOf = () => {
    const model = (name: string, role: string) => ({
      ...{ name, role, file: `../${name}.onnx` },
      inputs: { x: ['x'] },
      outputs: { fraud: { probabilities: 'p' } },
    });
    return {
      service: 'shop',
      streams: {
        requests: { topic: requests, encoding: 'json', time: 'time' },
        labels: { topic: labels, encoding: 'json', time: 'time', fields: { fraud: 'fraud' } },
      },
      inputs: { x: { type: 'numeric' } },
      outputs: { fraud: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes' } },
      models: [model('blue', 'primary'), model('green', 'shadow')],
      windows: { size: '1m', lateness: '0s', idle_after: '1h', max_past: 'none' },
      join: { max_delay: '1m' },
      rollout: { candidate: 'green', strategy: 'blue_green', live: { for: '30d' }, deadline: 'never' },
    };
  };

  test('switch and switch back with the next request, and the audit verifies both', async () => {
    folder = configFolder(stack, prefix);
    const { dir } = folder;
    folder.write('blue.onnx', threshold(100));
    folder.write('green.onnx', threshold(-100));
    folder.service(serviceOf());
    await createTopics(stack.kafka, [{ topic: requests }, { topic: labels }]);
    const daemon = await startDaemon(dir);
    await daemon.untilReady();
    // A roll-out begins when its service has an event time. Half is a yes to both models.
    const record = (i: number, more: object): ForeignRecord => ({
      key: `r${i}`,
      value: Buffer.from(JSON.stringify({ id: `r${i}`, time: T0 + (i * MINUTE_MS) / 4, ...more })),
    });
    const rows = Array.from({ length: 20 }, (_, i) => i);
    await javaProduce(
      stack.kafka,
      requests,
      rows.map((i) => record(i, { x: 0.5 })),
    );
    await javaProduce(
      stack.kafka,
      labels,
      rows.map((i) => record(i, { fraud: 'yes' })),
    );
    const steps = () => readPublic(stack.kafka, folder!.prefix, 'rollout');
    await daemon.until('the start', async () => (await steps()).some(({ event }) => event === 'started'));

    const url = /"url":"(http:[^"]+)"/.exec(daemon.log())![1]!;
    const ask = async (id: string): Promise<Answer> => {
      const response = await fetch(`${url}/predict/shop`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id, x: 1 }),
      });
      expect(response.status).toBe(200);
      return (await response.json()) as Answer;
    };
    expect(await ask('first')).toMatchObject({ version: 'blue', outputs: { fraud: { class: 'yes' } } });

    const telltale = (...args: string[]) => run(process.execPath, [MAIN, '--config', dir, '--json', ...args]);
    const steer = (what: string) =>
      telltale('rollout', what, '--service', 'shop', '--by', 'ann', '--reason', what);
    const answered = (version: string) =>
      daemon.until(`an answer of ${version}`, async () => (await ask(`to ${version}`)).version === version);
    await steer('promote');
    await answered('green');
    expect(await ask('second')).toMatchObject({ version: 'green', outputs: { fraud: { class: 'no' } } });
    await steer('rollback');
    await answered('blue');
    await expect(steer('promote')).rejects.toMatchObject({ code: 1 });

    const status = JSON.parse((await telltale('rollout', 'status')).stdout) as unknown;
    expect(JSON.stringify(status)).toContain('rolled_back');
    await telltale('audit', 'verify');
    const events = (await steps()).sort((a, b) => a.seq - b.seq).filter(({ event }) => event !== 'verdict');
    expect(events.map(({ event, by }) => `${event} ${by}`)).toEqual([
      'started ',
      'advanced ann',
      'rolled_back ann',
      'refused ann',
    ]);
    const logged = (await foreignConsume(stack.kafka, requests)).map(
      ({ value }) => JSON.parse(value!.toString()) as Answer,
    );
    expect(logged.filter(({ id }) => id === 'second')).toHaveLength(1);
    const decided = (await foreignConsume(stack.kafka, `${folder.prefix}decisions`)).map(
      ({ value }) => JSON.parse(value!.toString()) as { id: string; version: string },
    );
    expect(decided.find(({ id }) => id === 'second')).toMatchObject({ version: 'green' });
    expect((await daemon.end('SIGTERM')).code).toBe(0);
  }, 120_000);
});
