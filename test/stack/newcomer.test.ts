/** The path of a newcomer: a fresh clone, `npm ci`, `npm run demo`, and the page shows the first alert. How long that may take is said by `npm run bench -- newcomer`. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newcomer } from '../bench/support/newcomer.mjs';
import { openBrowser, openPage } from './support/browser.ts';

test('a newcomer sees the first alert', { timeout: 600_000 }, async ({ onTestFinished }) => {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-newcomer-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const { alert, seconds } = await newcomer(dir, async (url, { service }) => {
    const browser = await openBrowser();
    onTestFinished(() => browser.close());
    const { page } = await openPage(browser, url);
    const card = page.locator('li.service', { hasText: service });
    await card.getByText(/alarms? firing/).waitFor();
  });
  expect(alert).toMatchObject({ state: 'firing', service: expect.any(String), rule: expect.any(String) });
  process.stdout.write(`newcomer: ${JSON.stringify(seconds)}\n`);
});
