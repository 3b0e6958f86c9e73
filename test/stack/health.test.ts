/** What an orchestrator is told of a daemon whose surroundings go away: only what a restart could cure is a reason for one. */
import { afterEach, expect, test } from 'vitest';
import {
  type ConfigFolder,
  configFolder,
  createGate,
  type Gate,
  type Health,
  killDaemons,
  type RunningDaemon,
  startDaemon,
} from './daemon.ts';
import { plantOf, sendWindows, untilWindow } from './sinks-support.ts';
import { openBrokerGate } from './support/broker-gate.ts';
import { describeStack } from './support/context.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

describeStack('health', (stack) => {
  const prefix = uniquePrefix('health');
  const requests = `${prefix}.requests`;
  const gates: Gate[] = [];
  let folder: ConfigFolder | null = null;

  const gateTo = async (target: string): Promise<Gate> => {
    const gate = await createGate(target);
    gates.push(gate);
    await gate.open();
    return gate;
  };

  afterEach(async () => {
    await killDaemons();
    for (const gate of gates.splice(0)) await gate.close();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  const untilCheck = (daemon: RunningDaemon, name: string, ok: boolean): Promise<Health> =>
    daemon.until(`${name}: ${ok}`, async () => {
      const health = await daemon.get<Health>('/readyz');
      return health.checks.find((check) => check.name === name)?.ok === ok && health;
    });

  test('a sink that is away degrades the daemon, which stays ready, and since when is told', async () => {
    const influx = await gateTo(new URL(stack.influx).host);
    folder = configFolder({ ...stack, influx: `http://${influx.host}` }, prefix, { partitions: 1 });
    folder.service(plantOf(requests));
    await createTopics(stack.kafka, [{ topic: requests, partitions: 1 }]);
    const daemon = await startDaemon(folder.dir);
    // Its page answers before it has found anything.
    await daemon.untilReady();
    await sendWindows(stack.kafka, requests, 0, 2);
    await untilWindow(daemon, 1);
    const well = await untilCheck(daemon, 'influx', true);
    expect(well.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'start',
        'kafka',
        'lag',
        'flush',
        'loops',
        `group ${prefix}`,
        `group ${prefix}.judge`,
      ]),
    );
    expect(well.checks.find(({ name }) => name === 'flush')?.detail).toMatch(/^last commit [\d.]+ s ago$/);
    expect(well.degraded).toBe(false);

    const beforeMs = Date.now();
    await influx.close();
    await sendWindows(stack.kafka, requests, 3, 5);
    const away = await untilCheck(daemon, 'influx', false);
    expect(away).toMatchObject({ live: true, ready: true, degraded: true });
    expect([await daemon.status('/healthz'), await daemon.status('/readyz')]).toEqual([200, 200]);
    const check = away.checks.find(({ name }) => name === 'influx')!;
    expect(check).toMatchObject({ needed: 'nothing' });
    expect(Date.parse(check.since)).toBeGreaterThanOrEqual(beforeMs);
    await influx.open();
    expect((await untilCheck(daemon, 'influx', true)).degraded).toBe(false);
    expect((await daemon.end('SIGTERM')).code).toBe(0);
  }, 90_000);

  test('with the brokers away it is not ready, and live: a restart would not bring them back', async () => {
    const broker = await openBrokerGate(stack.kafka);
    folder = configFolder({ ...stack, kafka: broker.host }, prefix, { partitions: 1 });
    folder.service(plantOf(requests));
    const daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    const beforeMs = Date.now();
    await broker.close();
    const away = await untilCheck(daemon, 'kafka', false);
    expect(away).toMatchObject({ live: true, ready: false, degraded: true });
    const check = away.checks.find(({ name }) => name === 'kafka')!;
    expect(check.needed).toBe('ready');
    expect(Date.parse(check.since)).toBeGreaterThanOrEqual(beforeMs);
    expect([await daemon.status('/healthz'), await daemon.status('/readyz')]).toEqual([200, 503]);
  }, 90_000);

  test('whose group has not given out its partitions is not ready', async () => {
    folder = configFolder(stack, `${prefix}.waiting`, { partitions: 1 }, { session_timeout: '5m' });
    folder.service(plantOf(requests));
    const killed = await startDaemon(folder.dir);
    await killed.untilReady();
    await killed.end('SIGKILL');
    // Its partitions are the dead one's until its session ends.
    const next = await startDaemon(folder.dir);
    const health = await untilCheck(next, 'start', true);
    expect(health).toMatchObject({ live: true, ready: false });
    const check = health.checks.find(({ name }) => name === `group ${prefix}.waiting`);
    expect(check).toMatchObject({ ok: false, needed: 'ready' });
  }, 90_000);
});
