/** The daemon and a real Alertmanager: what fires, is said again, resolves, and is silenced. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import { type ConfigFolder, configFolder, killDaemons, startDaemon, until } from './daemon.ts';
import { extend, plantOf, sendWindows, T0, WINDOW_MS } from './sinks-support.ts';
import {
  ALERTMANAGER_MISSING,
  type Alertmanager,
  type GettableAlert,
  startAlertmanager,
} from './support/alertmanager.ts';
import { describeStack } from './support/context.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

interface Told {
  status: 'firing' | 'resolved';
  alerts: { labels: Record<string, string> }[];
}

const suffix = ALERTMANAGER_MISSING === null ? '' : ` (skipped: ${ALERTMANAGER_MISSING})`;

describe.skipIf(ALERTMANAGER_MISSING !== null)(`with a real Alertmanager${suffix}`, () => {
  describeStack('alertmanager', (stack) => {
    let folder: ConfigFolder | null = null;
    let hook: Receiver | null = null;
    let manager: Alertmanager | null = null;
    const prefix = uniquePrefix('alertmanager');

    afterEach(async () => {
      await killDaemons();
      await manager?.stop();
      await hook?.close();
      folder?.remove();
      await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
    });

    test('an alarm fires, is said again, resolves, ends with the daemon, comes back, and is silenced', async () => {
      hook = await startReceiver();
      const { posted } = hook;
      manager = await startAlertmanager(`http://${hook.host}/`);
      const { alerts, silence, url } = manager;
      const theOnly = async (): Promise<GettableAlert | undefined> =>
        (await alerts()).find(({ labels }) => labels.service === 'plant');
      const toldOf = (status: Told['status']): number =>
        posted
          .map(({ body }) => JSON.parse(body) as Told)
          .filter((told) => told.status === status && told.alerts[0]!.labels.service === 'plant').length;

      folder = configFolder(stack, prefix);
      const requests = `${prefix}.requests`;
      await createTopics(stack.kafka, [{ topic: requests }]);
      folder.service(plantOf(requests));
      extend(folder, {
        notify: {
          alertmanager: [
            {
              name: 'main',
              // One of the cluster is away, which does not matter.
              url: [url, 'http://127.0.0.1:9'],
              resend: '1s',
              labels: { team: 'ml' },
              link: 'http://grafana.example/d/t?var-service={{service}}',
            },
          ],
        },
      });
      const daemon = await startDaemon(folder.dir);
      await daemon.untilReady();
      await sendWindows(stack.kafka, requests, 0, 2);
      const first = (await daemon.until('the alarm', theOnly)) as GettableAlert;
      expect(first.labels).toEqual({
        alertname: 'high',
        service: 'plant',
        metric: 'mean',
        subject: 'x',
        segment: '*',
        severity: 'critical',
        team: 'ml',
      });
      expect(first.annotations).toMatchObject({ value: '20', threshold: 'critical > 15' });
      expect(first.annotations.summary).toMatch(/\w/);
      expect(Date.parse(first.startsAt)).toBeLessThanOrEqual(T0 + 2 * WINDOW_MS);
      await daemon.until('its notification', async () => toldOf('firing') === 1);
      await daemon.until('it once more', async () => {
        const again = await theOnly();
        return again !== undefined && Date.parse(again.endsAt) > Date.parse(first.endsAt);
      });

      await sendWindows(stack.kafka, requests, 3, 3);
      await daemon.until('its end', async () => (await theOnly()) === undefined);
      await daemon.until('the notification of its end', async () => toldOf('resolved') === 1);
      await sendWindows(stack.kafka, requests, 4, 4);
      await daemon.until('the next alarm', theOnly);
      await daemon.until('its notification', async () => toldOf('firing') === 2);

      expect((await daemon.end('SIGTERM')).code).toBe(0);
      await until('its end, since nobody speaks of it', async () => (await theOnly()) === undefined);
      await until('the notification of this end', async () => toldOf('resolved') === 2);
      const id = await silence({ service: 'plant', alertname: 'high' });
      const second = await startDaemon(folder.dir);
      await second.until('the alarm that still fires, silenced', async () => {
        const { state, silencedBy } = (await theOnly())?.status ?? {};
        return state === 'suppressed' && silencedBy?.[0] === id;
      });
      // Its end is told before any later alert would be: nothing came in between.
      await sendWindows(stack.kafka, requests, 5, 5);
      await second.until('its end', async () => (await theOnly()) === undefined);
      expect((await second.end('SIGTERM')).code).toBe(0);
      expect(toldOf('firing')).toBe(2);
    }, 120_000);
  });
});
