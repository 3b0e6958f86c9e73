/** The daemon on real Kafka: the model of a training that is done becomes a shadow, and stays one over kill -9. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { logistic } from '../score/support/onnx.ts';
import { type ConfigFolder, configFolder, killDaemons, MAIN, readPublic, startDaemon } from './daemon.ts';
import { endOf, plantOf, sendWindows } from './sinks-support.ts';
import { describeStack } from './support/context.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const run = promisify(execFile);

/** Says yes above the limit. */
const above = (limit: number) => logistic(10, -10 * limit);

describeStack('a trained model', (stack) => {
  let folder: ConfigFolder | null = null;
  const prefix = uniquePrefix('trained');

  afterEach(async () => {
    await killDaemons();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  test('becomes a shadow by a report, and is one after kill -9', async () => {
    folder = configFolder(stack, prefix);
    const { dir } = folder;
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests }]);
    folder.write('old.onnx', above(15));
    const trained = folder.write('new.onnx', above(25));
    folder.service({
      ...plantOf(requests),
      outputs: { high: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes' } },
      models: [
        {
          ...{ name: 'old', role: 'primary', file: '../old.onnx', inputs: { x: ['x'] } },
          outputs: { high: { probabilities: 'p' } },
        },
      ],
      retrain: { mode: 'automatic', on: ['high'], lookback: '1m', shadow: true },
    });
    /** Window ends of what is measured of a shadow, by its name. */
    const measured = async (): Promise<Map<string, number[]>> => {
      const found = new Map<string, number[]>();
      for (const { metric, model, windowEndMs } of await readPublic(stack.kafka, folder!.prefix, 'result'))
        if (metric === 'agreement') found.set(model, [...(found.get(model) ?? []), windowEndMs]);
      return found;
    };

    const first = await startDaemon(dir);
    await first.untilReady();
    await sendWindows(stack.kafka, requests, 0, 2);
    const [asked] = await first.until('the request', async () => {
      const records = await readPublic(stack.kafka, folder!.prefix, 'retrain');
      return records.length > 0 && records;
    });
    expect(await measured()).toEqual(new Map());
    const { retrainId } = asked!;
    const done = ['retrain', 'done', retrainId, '--service', 'plant', '--model', trained, '--by', 'trainer'];
    await run(process.execPath, [MAIN, '--config', dir, ...done]);
    await first.until('the shadow', async () => first.log().includes('the model of a training is a shadow'));
    await sendWindows(stack.kafka, requests, 3, 6);
    const [name] = await first.until('what is measured of it', async () => {
      const names = [...(await measured()).keys()];
      return names.length > 0 && names;
    });
    expect(name).toBe(`retrained-${retrainId.slice(0, 8)}`);
    first.child.kill('SIGKILL');
    await first.ended();

    const second = await startDaemon(dir);
    await second.untilReady();
    await sendWindows(stack.kafka, requests, 7, 9);
    await second.until('what is measured of it now', async () =>
      (await measured()).get(name!)!.includes(endOf(8)),
    );
    expect((await second.end('SIGTERM')).code).toBe(0);
  }, 120_000);
});
