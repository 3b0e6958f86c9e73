/** Which table a service follows: good ones, bad ones, and what a reload of the configuration makes of them. */
import { expect, test } from 'vitest';
import { createTables, tableOfModels } from '../../src/predict/tables.ts';
import type { AutomationSpec, ServiceSpec } from '../../src/records.ts';
import { firstTable, nextTable, type RoutingTable } from '../../src/router/index.ts';
import { service as specOf, tabular } from '../score/support/service.ts';

const modelsOf = (...names: string[]): ServiceSpec =>
  specOf({
    service: 'churn',
    models: names.map((name, i) => tabular({ name, file: name, role: i === 0 ? 'primary' : 'shadow' }, [])),
  });

function open(first: ServiceSpec) {
  let spec = first;
  const refused: string[] = [];
  const tables = createTables({
    specOf: (name) => (name === 'churn' ? spec : undefined),
    warn: ({ why }) => refused.push(why),
  });
  return {
    refused,
    reload: (next: ServiceSpec) => {
      spec = next;
    },
    read: (value: unknown, key = 'churn') =>
      tables.read({
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      }),
    now: () => {
      const { version, shadows, epoch } = tables.routerOf(spec).route('k');
      return `${version}+${shadows.join(',')}@${epoch}`;
    },
  };
}

const only = (version: string, other: string, epoch: number): RoutingTable => {
  const table = firstTable({ service: 'churn', seed: 's', level: 'full' }, [
    { version, role: 'primary', share: 1 },
    { version: other, role: 'previous', share: 0 },
  ]);
  return { ...table, epoch };
};

test('without a table the primary answers, beside all shadows', () => {
  expect(open(modelsOf('a', 'b', 'c')).now()).toBe('a+b,c@0');
  expect(tableOfModels(modelsOf('a'))).toMatchObject({ level: 'full', epoch: 0 });
  // What shall begin in the shadow decides nothing before its first window has closed.
  const automation = { level: 'shadow', blind: 0.05 } as AutomationSpec;
  expect(tableOfModels({ ...modelsOf('a'), automation })).toMatchObject({
    ...{ level: 'shadow', epoch: 0, blind: 0.05 },
  });
});

test('a table of the topic holds from the next request on, even one of epoch 0', () => {
  const churn = open(modelsOf('a', 'b'));
  expect(churn.now()).toBe('a+b@0');
  churn.read(only('b', 'a', 0));
  expect(churn.now()).toBe('b+@0');
  churn.read(nextTable(only('b', 'a', 0), [{ version: 'a', role: 'primary', share: 1 }]));
  expect(churn.now()).toBe('a+@1');
  expect(churn.refused).toEqual([]);
});

test.each<[what: string, value: unknown, why: string, key?: string]>([
  ['no JSON', '{', 'JSON'],
  ['no table', { format: 'telltale-routing/1' }, 'not a routing table'],
  ['another service', { ...only('b', 'a', 9), service: 'fraud' }, 'it is of service fraud'],
  ['a foreign key', only('b', 'a', 9), 'it is of service churn', 'fraud'],
  ['an older epoch', only('b', 'a', 4), 'older than 5'],
  ['another one of the epoch', only('b', 'a', 5), 'two writers'],
  ['a version that is no model', only('z', 'a', 9), 'no model is named z; the models are a, b'],
  ['a previous version that is no model', only('b', 'y', 9), 'no model is named y'],
  ['nothing', null, 'taken away'],
])('refuses %s and goes on with the one before', (_, value, why, key) => {
  const churn = open(modelsOf('a', 'b'));
  churn.read(only('a', 'b', 5));
  churn.read(value, key);
  expect(churn.refused).toEqual([expect.stringContaining(why)]);
  expect(churn.now()).toBe('a+@5');
});

test('a table that came before its model holds when a reload brings it', () => {
  const churn = open(modelsOf('a', 'b'));
  churn.read(only('a', 'b', 1));
  churn.read(only('new', 'a', 2));
  expect(churn.now()).toBe('a+@1');
  churn.reload(modelsOf('a', 'b', 'new'));
  expect(churn.now()).toBe('new+@2');
  churn.reload(modelsOf('a', 'b'));
  expect([churn.now(), churn.refused.length]).toEqual(['a+b@0', 2]);
});

test('tables of services that are not here are kept and not complained of', () => {
  const churn = open(modelsOf('a'));
  churn.read({ ...only('x', 'y', 1), service: 'else' }, 'else');
  expect(churn.refused).toEqual([]);
});
