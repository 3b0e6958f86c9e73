import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricsMarkdown } from '../../src/metric/docs.ts';
import { METRICS } from '../../src/metric/registry.ts';

test('docs/metrics.md is what the registry says', () => {
  const written = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  // To renew it: npm run build && node -e "import('./dist/metric/docs.js').then((m) => process.stdout.write(m.metricsMarkdown()))" > docs/metrics.md
  expect(written).toBe(metricsMarkdown());
});

test('every metric has one row', () => {
  const rows = metricsMarkdown()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.map((line) => line.split('`')[1]).sort()).toEqual(Object.keys(METRICS).sort());
});
