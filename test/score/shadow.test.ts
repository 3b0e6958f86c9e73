import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import { CELL_INVALID, CELL_OK, type ModelSpec, type OutputColumn } from '../../src/records.ts';
import { openHost } from '../../src/score/host.ts';
import { planModel } from '../../src/score/plan.ts';
import { Primary } from '../../src/score/primary.ts';
import { mlp, onnxModel, slowModel } from './support/onnx.ts';
import {
  batch,
  binding,
  input,
  numbers,
  output,
  plain,
  service,
  tabular,
  workshop,
} from './support/service.ts';

const shop = workshop();
afterAll(() => shop.dispose());

/** value = [10, 20, 30][a]: a run with any other `a` fails as a whole. */
const table = onnxModel({
  inputs: [{ name: 'x', dims: ['rows', 1] }],
  outputs: [{ name: 'value', dims: ['rows', 1] }],
  initializers: [{ name: 'table', dims: [3], data: [10, 20, 30] }],
  nodes: [
    { op: 'Cast', inputs: ['x'], outputs: ['index'], attributes: { to: { int: 7 } } },
    { op: 'Gather', inputs: ['table', 'index'], outputs: ['value'] },
  ],
});

const negate = onnxModel({
  inputs: [{ name: 'x', dims: ['rows', 1] }],
  outputs: [{ name: 'value', dims: ['rows', 1] }],
  nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['value'] }],
});

const tableFile = shop.file('table.onnx', table);
const negateFile = shop.file('negate.onnx', negate);

function regressor(part: Partial<ModelSpec> & { file: string }): ModelSpec {
  return { ...tabular(part, [plain('a')]), outputs: [binding({ value: 'value' })] };
}

function regression(...models: ModelSpec[]) {
  return service({ inputs: [input('a', 'numeric')], outputs: [output({ type: 'regressor' })], models });
}

function valuesOf(columns: OutputColumn[] | null | undefined): number[] | null {
  const column = columns?.[0];
  if (!column) return null;
  if (column.kind !== 'number') throw new Error('not numbers');
  return [...column.values];
}

test('rows that the primary fails on are found, and the others keep their answers', async () => {
  const scorer = await shop.scorer(regression(regressor({ file: tableFile })));
  const inputs = Array.from({ length: 1000 }, (_, row) => row % 3);
  inputs[17] = 99;
  inputs[18] = -99;
  inputs[999] = 3;
  const [columns] = (await scorer.score(batch(1000, [numbers(inputs)]))).models;
  const values = valuesOf(columns)!;
  const state = columns![0]!.state;
  for (const [row, value] of inputs.entries()) {
    const isPoison = value < 0 || value > 2;
    expect(state[row]).toBe(isPoison ? CELL_INVALID : CELL_OK);
    expect(values[row]).toBe(isPoison ? Number.NaN : 10 * (value + 1));
  }
  expect(scorer.stats()[0]).toMatchObject({ batches: 1, rows: 1000, failures: 0 });
  expect(scorer.stats()[0]!.lastError).toContain('Gather');
});

test('a primary that fails on every row rejects, and lives on', async () => {
  const scorer = await shop.scorer(regression(regressor({ file: tableFile })));
  const failure = scorer.score(batch(3, [numbers([7, 8, 9])]));
  await expect(failure).rejects.toThrow(TelltaleError);
  await expect(failure).rejects.toMatchObject({ code: 'model_failed' });
  await expect(failure).rejects.toThrow(tableFile);
  expect(scorer.stats()[0]).toMatchObject({ batches: 0, failures: 1 });
  expect(valuesOf((await scorer.score(batch(1, [numbers([1])]))).models[0])).toEqual([20]);
});

test('a primary whose thread has ended is started again', async () => {
  const model = regressor({ file: tableFile });
  const host = await openHost('thread', tableFile);
  await host.close();
  const events: string[] = [];
  const plan = planModel(model, regression(model), host);
  const primary = new Primary(plan, [host], (event) => events.push(event));
  const turn = primary.begin(1);
  await primary.score(turn, { batch: batch(1, [numbers([2])]), from: 0, to: 1, images: new Map() });
  await primary.close();
  expect(valuesOf(turn.columns)).toEqual([30]);
  expect(events).toEqual(['model_restarted']);
});

test('a shadow that fails five times in a row is switched off; four times and once good is not', async () => {
  const events: [string, object][] = [];
  const spec = regression(
    regressor({ name: 'first', file: negateFile }),
    regressor({ name: 'second', role: 'shadow', file: tableFile }),
  );
  const scorer = await shop.scorer(spec, { log: (event, facts) => events.push([event, facts]) });
  const ask = async (value: number): Promise<(number[] | null)[]> =>
    (await scorer.score(batch(2, [numbers([value, 1])]))).models.map(valuesOf);
  for (let turn = 0; turn < 4; turn++) expect(await ask(5)).toEqual([[-5, -1], null]);
  expect(await ask(2)).toEqual([
    [-2, -1],
    [30, 20],
  ]);
  for (let turn = 0; turn < 5; turn++) expect(await ask(5)).toEqual([[-5, -1], null]);
  expect(scorer.stats()[1]).toMatchObject({ batches: 1, rows: 2, failures: 9, skipped: 0, off: true });
  expect(await ask(2)).toEqual([[-2, -1], null]);
  expect(scorer.stats()[1]).toMatchObject({ batches: 1, failures: 9, skipped: 1 });
  expect(scorer.stats()[0]).toMatchObject({ batches: 11, failures: 0, skipped: 0, off: false });
  expect(events).toEqual([
    ['shadow_off', { model: 'second', failuresInRow: 5, lastError: expect.stringContaining('Gather') }],
  ]);
});

test('a slow shadow is given up, counted and switched off inside its run', async () => {
  const features = ['a', 'b'];
  const primary = tabular(
    { file: shop.file('mlp.onnx', mlp({ features: 2, hidden: 4, seed: 1 })) },
    features.map(plain),
  );
  const shadow = tabular(
    {
      name: 'slow',
      role: 'shadow',
      file: shop.file('slow.onnx', slowModel({ features: 2, turns: 1_000_000_000 })),
    },
    features.map(plain),
  );
  const base = { inputs: features.map((name) => input(name, 'numeric')), outputs: [output({})] };
  const alone = await shop.scorer(service({ ...base, models: [primary] }));
  const beside = await shop.scorer(service({ ...base, models: [primary, shadow] }), { shadowTimeoutMs: 1 });
  for (let turn = 0; turn < 6; turn++) {
    const rows = batch(2, [numbers([turn, 1]), numbers([0, -turn])]);
    const expected = await alone.score(rows);
    expect((await beside.score(rows)).models).toEqual([expected.models[0], null]);
    expect(beside.stats()[1]!.off).toBe(turn >= 4);
  }
  expect(beside.stats()[1]).toMatchObject({ batches: 0, failures: 0, skipped: 6, off: true });
  // The run would go on for hours: only a killed process lets close() return.
  await beside.close();
});

/** The shadow's process is the child of this one that has the model file among its arguments. */
function processOf(file: string): number | null {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const all = children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file));
  return all[0] === undefined ? null : Number(all[0]);
}

test.runIf(process.platform === 'linux')('a shadow whose process dies is started again', async () => {
  const file = shop.file('dies.onnx', table);
  const events: string[] = [];
  const spec = regression(regressor({ file: negateFile }), regressor({ name: 's', role: 'shadow', file }));
  const scorer = await shop.scorer(spec, { log: (event) => events.push(event) });
  const rows = batch(1, [numbers([0])]);
  expect((await scorer.score(rows)).models.map(valuesOf)).toEqual([[-0], [10]]);
  const pid = processOf(file)!;
  // Stopped first, so that the batch is surely under way when the process dies.
  process.kill(pid, 'SIGSTOP');
  const during = scorer.score(rows);
  process.kill(pid, 'SIGKILL');
  expect((await during).models.map(valuesOf)).toEqual([[-0], null]);
  expect((await scorer.score(rows)).models.map(valuesOf)).toEqual([[-0], [10]]);
  expect(scorer.stats()[1]).toMatchObject({ batches: 2, failures: 1, off: false });
  expect(events).toEqual(['model_restarted']);
  expect(processOf(file)).not.toBe(pid);
});

test('after close() nothing keeps a process from ending', () => {
  const spec = regression(
    regressor({ file: negateFile }),
    regressor({ name: 'second', role: 'shadow', file: negateFile }),
  );
  const script = `
    import { createScorer } from ${JSON.stringify(new URL('../../dist/score/scorer.js', import.meta.url).href)};
    const scorer = await createScorer(${JSON.stringify(spec)}, { threadsMax: 3, shadowTimeoutMs: Infinity, shadowFailuresMax: 5 });
    const column = { kind: 'numeric', values: Float64Array.of(4), state: Uint8Array.of(0) };
    const { models } = await scorer.score({ n: 1, inputs: [column] });
    await scorer.close();
    console.log(models[0][0].values[0], models[1][0].values[0]);
  `;
  // It throws when the process does not end of itself in time, or ends with another code than 0.
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 });
  expect(said.toString().trim()).toBe('-4 -4');
});
