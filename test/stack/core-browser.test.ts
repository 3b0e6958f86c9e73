/** `telltale/core`, bundled for browsers as its users bundle it, in a real Chromium. */
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { createProfiler } from '../../src/core/index.ts';
import { rowsOf, T0 } from '../core/rows.ts';
import { contentsOf, SPEC } from '../core/support.ts';
import { openBrowser } from './support/browser.ts';

const ROWS = 10_000;
const NOW = T0 + 3_600_000;

async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('../core/page.mjs', import.meta.url));
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, lib: { entry, formats: ['iife'], name: 'core', fileName: 'core' } },
  })) as Rolldown.RolldownOutput[];
  return built[0]!.output[0].code;
}

test('profiles 10,000 rows in the browser to the slots that Node makes of them', async () => {
  const code = await bundle();
  expect(code).not.toMatch(/__vite-browser-external|require\(/);
  expect(code.length).toBeLessThan(200_000);
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.addScriptTag({ content: code });
    const found = (await page.evaluate(`(() => {
      const profiler = core.createProfiler(${JSON.stringify(SPEC)}, { source: 'page' });
      const refused = profiler.add(core.rowsOf(0, ${ROWS}), ${NOW});
      const slots = profiler.takeSlots().map(({ key, value }) => ({ key, value: [...value] }));
      return { refused, slots };
    })()`)) as { refused: unknown[]; slots: { key: string; value: number[] }[] };
    expect(faults).toEqual([]);
    expect(found.refused).toEqual([]);
    const profiler = createProfiler(SPEC, { source: 'page' });
    profiler.add(rowsOf(0, ROWS), NOW);
    const here = profiler.takeSlots();
    const there = found.slots.map(({ key, value }) => ({ key, value: Uint8Array.from(value) }));
    expect(contentsOf(there)).toEqual(contentsOf(here));
    expect(there.map(({ value }) => Buffer.from(value).toString('base64').length)).toEqual(
      here.map(({ value }) => Buffer.from(value).toString('base64').length),
    );
  } finally {
    await browser.close();
  }
});
