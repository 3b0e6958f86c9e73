import { expect, test } from 'vitest';
import { metricsMarkdown } from '../../src/metric/docs.ts';
import { METRICS } from '../../src/metric/registry.ts';

test('every metric has one row', () => {
  const rows = metricsMarkdown()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.map((line) => line.split('`')[1]).sort()).toEqual(Object.keys(METRICS).sort());
});
