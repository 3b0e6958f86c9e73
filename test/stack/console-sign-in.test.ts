/** Signing in on the page with a token, in a real browser. */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuthOptions } from '../../src/console/auth/access.ts';
import { type Console, createConsole } from '../../src/console/server.ts';
import { type ConsoleState, createConsoleState } from '../../src/console/state.ts';
import type { Command } from '../../src/records.ts';
import { makeRetrain, makeSpec } from '../console/records.ts';
import { barriersOf, openBrowser, openPage } from './support/browser.ts';

const AUTH: AuthOptions = {
  ...{ mode: 'token', sessionMs: 60_000, proxy: null },
  tokens: [
    { name: 'ann', role: 'operator', token: 'the-token-of-ann-1' },
    { name: 'vera', role: 'viewer', token: 'the-token-of-vera-1' },
  ],
};

let browser: Browser;
let app: Console;
let state: ConsoleState;
const written: Omit<Command, 'id'>[] = [];

beforeAll(async () => {
  state = createConsoleState([makeSpec('fraud')]);
  state.apply({ retrain: makeRetrain('t1') });
  const source = {
    ...state,
    ...{ profiles: () => [], letters: async () => [], silences: async () => [], config: () => null },
    health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
    command: async (asked: Omit<Command, 'id'>) => {
      written.push(asked);
      return { id: 'c1', ...asked };
    },
  };
  app = await createConsole(source, { host: '127.0.0.1', port: 0, auth: AUTH });
  browser = await openBrowser();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await app?.close();
});

async function signIn(token: string) {
  const { page, context } = await openPage(browser, `${app.url}/decisions`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  return { page, context };
}

test('a wrong token is refused in words, and the page has no barriers', async () => {
  const { page, context } = await signIn('the-token-of-nobody');
  await page.getByRole('alert').getByText('the token is not known').waitFor();
  expect(await barriersOf(page)).toEqual([]);
  await context.close();
});

test('an operator decides by the name of the token; signing out shows nothing more', async () => {
  const { page, context } = await signIn('the-token-of-ann-1');
  await page.getByText('ann (operator)').waitFor();
  await page.getByRole('button', { name: 'Reject retraining of fraud' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByLabel('Your name').count()).toBe(0);
  await dialog.getByLabel('Reason').fill('the labels were wrong');
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await page.getByRole('status').getByText('Written as c1').waitFor();
  expect(written).toMatchObject([
    { service: 'fraud', kind: 'retrain.reject', by: 'ann', reason: 'the labels were wrong' },
  ]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  expect(await page.getByText('fraud').count()).toBe(0);
  await context.close();
});

test('a viewer sees what waits, and has no buttons', async () => {
  const { page, context } = await signIn('the-token-of-vera-1');
  await page.getByText('fraud: retraining').waitFor();
  await page.getByText('vera may look, and not decide').waitFor();
  expect(await page.getByRole('button', { name: /retraining of fraud/ }).count()).toBe(0);
  await context.close();
});
