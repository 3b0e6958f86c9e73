import { expect, test } from 'vitest';
import { createChunker } from '../../src/cli/baseline/columns.ts';
import { createShaper } from '../../src/cli/replay/shape.ts';
import type { InputSpec } from '../../src/records.ts';
import { service, stream } from '../decode/helpers.ts';

const vector: InputSpec = {
  name: 'v',
  type: 'embedding',
  from: 'v',
  range: null,
  categories: null,
  dimensions: 2,
};

test('vectors of CSV, as JSON and with bars, are those of the stream', () => {
  const chunker = createChunker([vector], true);
  for (const v of ['[1, 2.5]', '3|-4', '', '5', 'no']) chunker.add({ v });
  const { columns } = chunker.take();
  expect(columns[0]).toMatchObject({
    vectors: 2,
    values: Float32Array.of(1, 2.5, 3, -4),
    state: Uint8Array.of(0, 0, 1, 2, 2),
  });
});

test('a replay of CSV writes them as arrays', () => {
  const shape = createShaper(service({ inputs: [vector] }), stream(), 'csv', null);
  const value = shape({ id: 'a', time: '2026-01-01T00:00:00Z', v: '1|2.5' }, 0).value;
  expect(JSON.parse(value.toString())).toMatchObject({ id: 'a', v: [1, 2.5] });
});
