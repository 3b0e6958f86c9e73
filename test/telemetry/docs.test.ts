import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '../../src/telemetry/metrics.ts';

const page = readFileSync(new URL('../../docs/telemetry.md', import.meta.url), 'utf8');

test('docs/telemetry.md has every metric as the code names it, with its unit and meaning, and no other', () => {
  const rows = page.split('\n').filter((line) => /^\| `[a-z_.]+` \| (counter|gauge|histogram) \|/.test(line));
  const expected = Object.entries(METRICS).map(
    ([name, { kind, unit, description }]) => `| \`${name}\` | ${kind} | ${unit} | ${description} |`,
  );
  expect(rows).toEqual(expected);
});
