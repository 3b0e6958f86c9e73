import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { housing } from '../../src/demo/stories/housing.ts';
import { writeStory } from '../../src/demo/to-files.ts';
import { tell } from './support.ts';

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-demo-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
};

it('writes every record of a story into the file of its stream, in the order of arrival', async () => {
  const dir = folder();
  const files = await writeStory(dir, housing, 3);
  const { records } = await tell(housing, 3);
  for (const stream of ['requests', 'labels']) {
    const path = join(dir, 'housing', `${stream}.ndjson`);
    const told = records.filter((record) => record.stream === stream);
    expect(files).toContainEqual({ path, records: told.length });
    expect(readFileSync(path, 'utf8')).toBe(told.map(({ value }) => `${value}\n`).join(''));
  }
  expect(files.reduce((sum, one) => sum + one.records, 0)).toBe(records.length);
});

it('says which folder it cannot write', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'housing'), '');
  await expect(writeStory(dir, housing, 3)).rejects.toMatchObject({
    code: 'file_unreadable',
    message: expect.stringContaining('housing cannot be written'),
  });
});
