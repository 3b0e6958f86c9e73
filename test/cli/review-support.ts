/** Reviews of written results by rules of a service `shop`. */

import { expect } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import type { Result } from '../../src/records.ts';
import { resultAt, resultLines, windows } from './stretches.ts';
import { folder, telltale } from './support.ts';

export const COUNT = 1_000;

const serviceWith = (rules: string): Record<string, string> => ({
  'telltale.yaml': 'services: services\n',
  'services/shop.yaml': `service: shop
streams:
  requests: { topic: shop.requests }
inputs:
  age: { type: numeric }
  fee: { type: numeric }
  kind: { type: categorical, categories: [a, b] }
segments: [[kind]]
windows: { size: 1m }
rules:
${rules}
`,
});

export const review = async (
  rules: string,
  results: readonly Result[],
  alerts: string,
  ...args: string[]
) => {
  const dir = folder({
    ...serviceWith(rules),
    'out/results.ndjson': resultLines(results),
    'out/alerts.ndjson': alerts,
  });
  return telltale(['--config', dir, 'review', '--from', `${dir}/out`, ...args], wiring);
};

// biome-ignore lint/suspicious/noExplicitAny: the review as a program reads it
export const jsonOf = async (rules: string, results: readonly Result[], alerts = ''): Promise<any> => {
  const { code, out, err } = await review(rules, results, alerts, '--json');
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out).services[0];
};

/** COUNT windows of the mean of an input. */
export const mean = (subject: string, at: (window: number) => number, n = 200, segment = '*'): Result[] =>
  windows(COUNT).map((window) =>
    resultAt(window, { metric: 'mean', subject, segment, value: at(window), n }),
  );
