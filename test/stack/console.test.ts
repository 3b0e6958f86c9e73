/** The console of a real daemon on real Kafka, in a real browser. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SilenceView } from '../../src/console/source.ts';
import type { Incident } from '../../src/records.ts';
import {
  type ConfigFolder,
  configFolder,
  killDaemons,
  MAIN,
  type RunningDaemon,
  startDaemon,
} from './daemon.ts';
import { plantOf, sendWindows, untilWindow } from './sinks-support.ts';
import { openBrowser, openPage } from './support/browser.ts';
import { describeStack } from './support/context.ts';
import { javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const run = promisify(execFile);

/** The name of what has the focus. */
const FOCUSED =
  "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''";

/** Presses Tab until the focus is on what has the name, as one does who has no mouse. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate<string>(FOCUSED);
    if (name.test(found)) return;
  }
  throw new Error(`Tab does not lead to ${name}`);
}

describeStack('the console', (stack) => {
  const prefix = uniquePrefix('console');
  const requests = `${prefix}.requests`;
  let folder: ConfigFolder;
  let daemon: RunningDaemon;
  let browser: Browser;

  beforeAll(async () => {
    folder = configFolder(stack, prefix);
    await createTopics(stack.kafka, [{ topic: requests }]);
    folder.service(plantOf(requests));
    [daemon, browser] = await Promise.all([startDaemon(folder.dir), openBrowser()]);
    await daemon.untilReady();
    // The alarm fires in the odd windows: it fires in the last one that has closed.
    await sendWindows(stack.kafka, requests, 0, 4);
    await untilWindow(daemon, 3);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await killDaemons();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  test('shows the service, opens its chart by a link, and follows new windows without being asked', async () => {
    const { page, context, faults } = await openPage(browser, daemon.url);
    const card = page.locator('li.service', { hasText: 'plant' });
    await card.getByText('1 alarm firing').waitFor();
    await card.getByRole('link', { name: 'plant' }).click();
    await page.waitForURL('**/services/plant');
    const chart = page.getByRole('img', { name: /^mean · x: 4 windows, from 10 to 20, last 20/ });
    await chart.waitFor();
    expect(await chart.locator('canvas').count()).toBe(1);
    expect(await chart.getAttribute('aria-label')).toContain('critical > 15 (high)');
    const readout = page.locator('.chart output');
    await chart.focus();
    await page.keyboard.press('ArrowLeft');
    await readout.getByText('2026-03-01 12:04: 20 (20 to 20), n 5; high fires, critical').waitFor();
    await page.keyboard.press('ArrowLeft');
    await readout.getByText('2026-03-01 12:03: 10').waitFor();

    await sendWindows(stack.kafka, requests, 5, 5);
    await page.getByRole('img', { name: /^mean · x: 5 windows, from 10 to 20, last 10/ }).waitFor();
    await page.getByText('All calm').waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  test('an address of a series, and one of an incident, open what they name', async () => {
    const key = encodeURIComponent(JSON.stringify(['volume', '', '', '*']));
    const { page, context, faults } = await openPage(browser, `${daemon.url}/services/plant?series=${key}`);
    await page.getByRole('img', { name: /^volume: / }).waitFor();
    const [past] = await daemon.get<Incident[]>('/api/incidents/past');
    await page.goto(`${daemon.url}/incidents/${past!.incidentId}`);
    await page.getByRole('heading', { level: 1, name: past!.summary }).waitFor();
    await page.getByText('No retraining was asked for.').waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'plant' }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  test('an alarm is silenced with the keyboard alone, the judge takes it, and the silence is ended from its list', async () => {
    // Window 5 closes, and with it the alarm fires again.
    await sendWindows(stack.kafka, requests, 6, 6);
    await untilWindow(daemon, 5);
    const { page, context, faults } = await openPage(browser, daemon.url);
    await page.getByText('1 alarm firing').first().waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.waitForURL('**/incidents');
    await tabTo(page, /^Silence high/);
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Silence high' });
    await dialog.waitFor();
    expect(await dialog.getByText('"kind": "silence.add"').count()).toBe(1);
    await dialog.getByLabel('Your name').focus();
    await page.keyboard.type('ann');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a new sensor');
    await tabTo(page, /^Silence$/);
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('Written as').waitFor();
    const focused = await page.evaluate<string>(FOCUSED);
    expect(focused, 'the focus goes back to where it was').toMatch(/^Silence high/);

    await page.getByText('not told: silenced by ann: a new sensor').first().waitFor();
    const [open] = await daemon.get<Incident[]>('/api/incidents');
    expect(open!.muted).toBe('silenced by ann: a new sensor');

    const silence = page.getByRole('listitem').filter({ hasText: 'by ann; mutes 1 alarm now' });
    await silence.getByText('plant: rule high, metric mean, subject x, no model, any segment').waitFor();
    await silence.getByText('a new sensor').waitFor();
    await tabTo(page, /^End the silence of rule high/);
    await page.keyboard.press('Enter');
    const end = page.getByRole('dialog', { name: 'End the silence' });
    await end.getByText('"kind": "silence.expire"').waitFor();
    await end.getByLabel('Reason').focus();
    await page.keyboard.type('it is calibrated');
    await tabTo(page, /^End it$/);
    await page.keyboard.press('Enter');
    await page.getByText('No silence runs.').waitFor();
    const [told] = await daemon.get<Incident[]>('/api/incidents');
    expect(told!.muted).toBe('');
    expect(faults).toEqual([]);
    await context.close();
  });

  test('each of two instances knows the silences, whichever judges the service', async () => {
    const second = await startDaemon(folder.dir);
    await second.untilReady(15_000);
    const times = ['--from', '2026-03-01T00:00Z', '--until', '2026-03-02T00:00Z'];
    const { stdout } = await run(process.execPath, [
      ...[MAIN, '--config', folder.dir, '--json', 'silence', 'add', '--service', 'plant', '--all'],
      ...[...times, '--by', 'ann', '--reason', 'a new sensor'],
    ]);
    const { id } = JSON.parse(stdout) as { id: string };
    for (const one of [daemon, second]) {
      const own = await one.until(
        `the silence of ${one === second ? 'second' : 'first'}`,
        async () => {
          const all = await one.get<SilenceView[]>('/api/silences');
          return all.length > 0 && all;
        },
        15_000,
      );
      expect(own).toMatchObject([{ id, service: 'plant', match: {}, by: 'ann', reason: 'a new sensor' }]);
    }
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('records that cannot be read stand among the dead letters with their reason', async () => {
    await javaProduce(stack.kafka, requests, [{ key: 'k', value: Buffer.from('no json') }]);
    const { page, context, faults } = await openPage(browser, `${daemon.url}/dead-letters`);
    await page.getByRole('cell', { name: new RegExp(`^${requests}/0@`) }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('nothing like this');
    await page.getByText('Nothing fits the filter.').waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});
