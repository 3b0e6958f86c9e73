import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { root } from './markdown.ts';

const folder = new URL('docs/img/', root);
const names = readdirSync(folder).filter((name) => name.endsWith('.svg'));

test.each(names)('%s is drawn, in light and dark, and says what it shows', async (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const { channels } = await sharp(Buffer.from(text)).stats();
  expect(channels.at(-1)!.mean).toBeGreaterThan(1);
  expect(text).toContain('prefers-color-scheme: dark');
  expect(text).toMatch(/<title id="title">\w.*<\/title>\s*<desc id="desc">\w/);
});
