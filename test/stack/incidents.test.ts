/** The daemon on real Kafka: alarms as incidents, told once by PagerDuty's events whatever happens to the process, and silenced by a command. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import type { Incident } from '../../src/records.ts';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import { type ConfigFolder, configFolder, killDaemons, MAIN, readPublic, startDaemon } from './daemon.ts';
import { endOf, extend, plantOf, sendWindows, T0, untilWindow } from './sinks-support.ts';
import { describeStack } from './support/context.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const run = promisify(execFile);

interface PagerDutyEvent {
  event_action: 'trigger' | 'resolve';
  dedup_key: string;
}

describeStack('incidents', (stack) => {
  let folder: ConfigFolder | null = null;
  let hook: Receiver | null = null;
  const prefix = uniquePrefix('incidents');

  afterEach(async () => {
    await killDaemons();
    await hook?.close();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  test('are told once each over kill -9, and not while they are silenced', async () => {
    hook = await startReceiver();
    const events = (): string[] =>
      hook!.posted.map(({ body }) => (JSON.parse(body) as PagerDutyEvent).event_action);
    folder = configFolder(stack, prefix);
    const { dir } = folder;
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests }]);
    folder.service(plantOf(requests));
    extend(folder, {
      notify: { pagerduty: [{ name: 'oncall', routing_key: 'key', url: `http://${hook.host}/enqueue` }] },
    });

    const first = await startDaemon(dir);
    await first.untilReady();
    // The alarm fires in window 1, ends in 2, and fires again in 3; a window is closed by what comes in the next.
    await sendWindows(stack.kafka, requests, 0, 4);
    await first.until('two incidents', async () => events().length === 3);
    expect(events()).toEqual(['trigger', 'resolve', 'trigger']);
    first.child.kill('SIGKILL');
    await first.ended();

    const second = await startDaemon(dir);
    await second.untilReady();
    await sendWindows(stack.kafka, requests, 5, 5);
    await second.until('the end of the second', async () => events().length === 4);

    const silence = (from: number, until: number): string[] => [
      ...['--config', dir, '--json', 'silence', 'add', '--service', 'plant', '--match', 'rule=high'],
      ...['--from', new Date(from).toISOString(), '--until', new Date(until).toISOString(), '--by', 'ann'],
    ];
    const { stdout } = await run(process.execPath, [MAIN, ...silence(T0, endOf(6))]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
    // Silenced in window 5, and over in 6; then it fires in 7 and is told.
    await sendWindows(stack.kafka, requests, 6, 7);
    await untilWindow(second, 6);
    second.child.kill('SIGKILL');
    await second.ended();
    const third = await startDaemon(dir);
    await third.untilReady();
    await sendWindows(stack.kafka, requests, 8, 8);
    await third.until('the third that is told', async () => events().length === 5);
    expect(events()).toEqual(['trigger', 'resolve', 'trigger', 'resolve', 'trigger']);
    const keys = hook.posted.map(({ body }) => (JSON.parse(body) as PagerDutyEvent).dedup_key);
    expect([keys[0] === keys[1], keys[2] === keys[3], new Set(keys).size]).toEqual([true, true, 3]);

    const records = new Map(
      (await readPublic(stack.kafka, folder.prefix, 'incident')).map((one) => [one.id, one]),
    );
    const said = [...records.values()]
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ atMs, state, notify, muted }: Incident) => [(atMs - T0) / 60_000 - 1, state, notify, muted]);
    expect(said).toEqual([
      [1, 'open', 'first_notification', ''],
      [2, 'resolved', 'all_alerts_resolved', ''],
      [3, 'open', 'first_notification', ''],
      [4, 'resolved', 'all_alerts_resolved', ''],
      [5, 'open', '', 'silenced by ann'],
      [6, 'resolved', '', ''],
      [7, 'open', 'first_notification', ''],
    ]);
    expect((await third.end('SIGTERM')).code).toBe(0);
  }, 180_000);
});
