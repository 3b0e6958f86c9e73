import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileSink } from '../../src/sink/file.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { makeAlert, makeResult, makeRetrain } from './records.ts';

const log = { info: () => {}, warn: () => {} };
let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'telltale-file-'));
  path = join(folder, 'deep', 'out.ndjson');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function ids(): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => `${JSON.parse(line).type}:${JSON.parse(line).id}`);
}

const batch = [
  { result: makeResult({ subject: 'a "b"\nc' }) },
  { alert: makeAlert() },
  { incident: makeIncident() },
  { rollout: makeRollout() },
  { retrain: makeRetrain() },
];

test('one line a delivery, the same delivery once, also after opening again', async () => {
  const first = await fileSink.create({ path }, { log });
  await first.write(batch);
  await first.write([...batch, { result: makeResult({ id: 'r2' }) }]);
  await first.close();
  const second = await fileSink.create({ path }, { log });
  await second.write([{ result: makeResult({ id: 'r2' }) }, { result: makeResult({ id: 'r3' }) }]);
  await second.close();
  expect(await ids()).toEqual([
    'result:r1',
    'alert:a1',
    'incident:i1',
    'rollout:o1',
    'retrain:t1',
    'result:r2',
    'result:r3',
  ]);
});

test('a line that a crash tore is removed and written whole', async () => {
  const first = await fileSink.create({ path }, { log });
  await first.write([{ result: makeResult({ id: 'r1' }) }]);
  await first.close();
  const torn = JSON.stringify({ type: 'result', ...makeResult({ id: 'r2' }) }).slice(0, 40);
  await appendFile(path, torn);
  const second = await fileSink.create({ path }, { log });
  expect(await ids()).toEqual(['result:r1']);
  await second.write([{ result: makeResult({ id: 'r2' }) }]);
  await second.close();
  expect(await ids()).toEqual(['result:r1', 'result:r2']);
});

test('a file of somebody else is refused and stays as it is', async () => {
  const other = join(folder, 'notes.txt');
  await writeFile(other, 'line\nno line break at the end');
  await expect(fileSink.create({ path: other }, { log })).rejects.toMatchObject({ code: 'file_unreadable' });
  expect(await readFile(other, 'utf8')).toBe('line\nno line break at the end');
});

test('a folder in place of the file is a clear error', async () => {
  await expect(fileSink.create({ path: folder }, { log })).rejects.toMatchObject({ code: 'file_unreadable' });
});

test('only the newest ids are remembered', async () => {
  const sink = await fileSink.create({ path, idsMax: 2 }, { log });
  for (const id of ['r1', 'r2', 'r3', 'r1', 'r3']) await sink.write([{ result: makeResult({ id }) }]);
  await sink.close();
  expect(await ids()).toEqual(['result:r1', 'result:r2', 'result:r3', 'result:r1']);
});
