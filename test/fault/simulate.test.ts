import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { RULE_NAMES } from './simulate/breaks.ts';
import { keptSeeds } from './simulate/cli.ts';
import { runSeed } from './simulate/run.ts';

const MAIN = fileURLToPath(new URL('./simulate/main.mjs', import.meta.url));
const SEEDS = 300;
/** Until somebody notices: R6 takes hundreds. */
const BROKEN_SEEDS_MAX = 1_000;
const TIMEOUT_MS = 900_000;

/** `npm run simulate`, as it is typed. */
async function simulate(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text };
}

describe('crashes, zombies, duplicates, compaction and rebalances', () => {
  test(`change nothing in ${SEEDS} seeded runs`, { timeout: TIMEOUT_MS }, async () => {
    const { code, text } = await simulate('--seeds', String(SEEDS));
    expect(text).toMatch(new RegExp(`${SEEDS} seeds, 0 wrong, [1-9]\\d{5,} outputs`));
    expect(code).toBe(0);
  });

  test('change nothing in runs that were wrong once', { timeout: TIMEOUT_MS }, async () => {
    for (const seed of keptSeeds()) expect((await runSeed(seed)).faults, `seed ${seed}`).toEqual([]);
  });

  test('are the same for the same seed', async () => {
    expect(await runSeed(1)).toEqual(await runSeed(1));
  });

  test.each(RULE_NAMES)('are noticed when %s is broken', { timeout: TIMEOUT_MS }, async (rule) => {
    const { code, text } = await simulate('--seeds', String(BROKEN_SEEDS_MAX), '--break', rule);
    expect(text).toContain(`${rule} broken`);
    expect(text).toMatch(/noticed by seed \d+/);
    expect(code).toBe(0);
  });
});
