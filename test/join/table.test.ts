import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addRow,
  createTable,
  expireRows,
  findRow,
  packTable,
  removeRow,
  rowsOf,
  type Table,
  unpackTable,
} from '../../src/join/table.ts';
import { hash128 } from '../../src/math/hash.ts';

const keyOf = (id: number): Uint32Array => {
  const key = new Uint32Array(4);
  hash128(`id${id}`, key);
  // Few homes, so that rows of other keys stand in the way.
  key[1] = id % 5;
  return key;
};

const bytesOf = (table: Table): Uint8Array => Buffer.concat(packTable(table));

type Step = { do: 'add' | 'remove'; id: number; expiresMs: number } | { do: 'expire'; watermarkMs: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('add' as const), id: fc.nat(60), expiresMs: fc.nat(500) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('remove' as const), id: fc.nat(60), expiresMs: fc.nat(500) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), watermarkMs: fc.nat(500) }) },
  ),
  { maxLength: 300 },
);

test('a table is a map with an expiry, whatever is added, removed, grown and packed', () => {
  fc.assert(
    fc.property(steps, fc.nat(300), (list: Step[], packedAt) => {
      let table = createTable(2, 100, 4);
      const model = new Map<number, number>();
      list.forEach((step, i) => {
        if (i === packedAt) table = unpackTable(bytesOf(table), table.size, 2, 100);
        if (step.do === 'expire') {
          const gone: number[] = [];
          expireRows(table, step.watermarkMs, (row) => gone.push(table.numbers[2 * row]!));
          const expected = [...model]
            .filter(([, expiresMs]) => expiresMs < step.watermarkMs)
            .map(([id]) => id);
          expect(gone.sort()).toEqual(expected.sort());
          for (const id of expected) model.delete(id);
        } else if (step.do === 'add' && !model.has(step.id)) {
          const row = addRow(table, keyOf(step.id), step.id, step.expiresMs);
          expect(table.numbers[2 * row + 1]).toBeNaN();
          table.numbers[2 * row] = step.id;
          model.set(step.id, step.expiresMs);
        } else if (step.do === 'remove' && model.delete(step.id))
          removeRow(table, findRow(table, keyOf(step.id)));
      });
      expect(table.size).toBe(model.size);
      for (let id = 0; id <= 60; id++) {
        const row = findRow(table, keyOf(id));
        expect(row >= 0).toBe(model.has(id));
        if (row < 0) continue;
        expect([table.tags[row], table.numbers[2 * row], table.expires[row]]).toEqual([
          id,
          id,
          model.get(id),
        ]);
      }
      expect(rowsOf(table)).toHaveLength(model.size);
    }),
    { numRuns: 300 },
  );
});
