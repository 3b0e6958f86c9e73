/** Every page of the console over the whole demo, in light and dark: nothing hinders people, nothing is too heavy. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Incident } from '../../src/records.ts';
import { MAIN, until } from './daemon.ts';
import { barriersOf, openBrowser, openPage, type Scheme } from './support/browser.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMAGES = join(ROOT, 'docs/img');
const TAKES_SCREENSHOTS = process.env.TELLTALE_SCREENSHOTS === '1';
const SCRIPT_BYTES_MAX = 150_000;
const IMAGE_BYTES_MAX = 120_000;

let demo: ChildProcess;
let url = '';
let browser: Browser;
let incident = '';

/** As fast as it goes, until its stories have ended. */
async function startDemo(): Promise<void> {
  demo = spawn(process.execPath, [MAIN, 'demo', '--port', '0', '--speed', '2000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  demo.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await until('the end of the stories', async () => text.includes('The stories have ended'), 150_000);
  url = /live page is at (\S+)/.exec(text)![1]!;
}

beforeAll(async () => {
  [browser] = await Promise.all([openBrowser(), startDemo()]);
  const open = (await (await fetch(`${url}/api/incidents`)).json()) as Incident[];
  incident = open.find(({ service }) => service === 'fraud')!.incidentId;
}, 180_000);

afterAll(async () => {
  await browser?.close();
  demo?.kill('SIGKILL');
  if (demo?.exitCode === null && demo.signalCode === null) await once(demo, 'exit');
});

/** Address, name of its image, and what stands there when all has been read. */
const PAGES: [path: () => string, name: string, isThere: string][] = [
  [() => '/', 'overview', 'li.service .spark'],
  [() => '/services/fraud', 'service', '.chart canvas'],
  [() => '/services/fraud/inputs', 'inputs', '.histogram'],
  [() => '/services/fraud/segments', 'segments', '.whiskers circle'],
  [() => '/services/fraud/models', 'models', '.chart canvas'],
  [() => '/services/fraud/quality', 'quality', '.square svg'],
  [() => '/incidents', 'incidents', '.item'],
  [() => `/incidents/${incident}`, 'incident', '.histogram'],
  [() => '/decisions', 'decisions', '.item .actions'],
  [() => '/rollouts', 'rollouts', '.stages'],
  [() => '/rollouts/fraud', 'rollout', '.chart canvas'],
  [() => '/dead-letters', 'dead-letters', '.empty'],
];

async function takeScreenshot(page: Page, name: string, scheme: Scheme): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  await page.evaluate('document.fonts.ready.then(() => null)');
  const file = join(IMAGES, `console-${name}-${scheme}.png`);
  const { size } = await sharp(await page.screenshot())
    .png({ palette: true, colours: 128, compressionLevel: 9, effort: 10 })
    .toFile(file);
  expect(size, file).toBeLessThan(IMAGE_BYTES_MAX);
}

for (const scheme of ['light', 'dark'] as const) {
  test.each(PAGES)(`${scheme}: $1 is read without barriers and complaints`, async (path, name, isThere) => {
    const { page, context, faults } = await openPage(browser, url + path(), { scheme });
    await page.locator(isThere).first().waitFor();
    await page.getByText('Reading ...').waitFor({ state: 'detached' });
    expect(await page.title()).toMatch(/ · Telltale$/);
    expect(await barriersOf(page)).toEqual([]);
    expect(faults).toEqual([]);
    if (TAKES_SCREENSHOTS) await takeScreenshot(page, name, scheme);
    await context.close();
  });
}

test('a dialog and the sheet of keys have no barriers either, and Escape closes them', async () => {
  const { page, context } = await openPage(browser, `${url}/decisions`);
  await page
    .getByRole('button', { name: /^Approve retraining of/ })
    .first()
    .click();
  await page.getByRole('dialog', { name: 'Approve retraining' }).waitFor();
  expect(await barriersOf(page)).toEqual([]);
  if (TAKES_SCREENSHOTS) await takeScreenshot(page, 'command', 'light');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  // A key may be lost while the dialog gives the focus back; whoever sees nothing presses it again.
  const isHelpThere = async (): Promise<boolean> => {
    await page.keyboard.press('?');
    return page.getByRole('dialog', { name: 'Keyboard' }).isVisible();
  };
  await expect.poll(isHelpThere, { timeout: 20_000 }).toBe(true);
  expect(await barriersOf(page)).toEqual([]);
  await context.close();
});

test('on a phone no page is wider than its screen', async () => {
  const { page, context } = await openPage(browser, url, { width: 390 });
  for (const [path, , isThere] of PAGES) {
    await page.goto(url + path());
    await page.locator(isThere).first().waitFor();
    const wide = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect([path(), wide]).toEqual([path(), 0]);
  }
  await context.close();
});

test('a decision on the page becomes a record, and what follows from it shows', async () => {
  const { page, context, faults } = await openPage(browser, `${url}/decisions`);
  await page.getByRole('button', { name: 'Approve retraining of inspection' }).click();
  await page.getByLabel('Your name').fill('ann');
  await page.getByLabel('Reason').fill('the lamp is new');
  await page.getByRole('button', { name: 'Approve', exact: true }).last().click();
  const item = page.locator('.item', { hasText: 'inspection: retraining' });
  await item.getByText('manual by ann').waitFor();
  expect(await item.getByRole('button').count()).toBe(0);
  expect(faults).toEqual([]);
  await context.close();
});

test('the scripts of the console stay within their budget', () => {
  const assets = join(ROOT, 'dist/web/assets');
  const bytes = readdirSync(assets)
    .filter((name) => name.endsWith('.js'))
    .map((name) => gzipSync(readFileSync(join(assets, name))).length);
  expect(bytes.length).toBeGreaterThan(0);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(SCRIPT_BYTES_MAX);
});
