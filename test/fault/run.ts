/** `npm run fault -- --rounds N [--seed N] [--main FILE]` */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { settingsFrom } from '../../src/stack/settings.ts';
import { up } from '../../src/stack/stack.ts';
import { prepareForeign } from '../stack/support/foreign.ts';
import { runFaults } from './harness.ts';
import { tableOf } from './report.ts';

const ROOT = join(import.meta.dirname, '../..');

const startedMs = Date.now();
const say = (line: string): void =>
  void process.stderr.write(
    `fault: ${((Date.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${line}\n`,
  );

/** @returns the exit code: 0 only when everything is as it must be */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      main: { type: 'string', default: join(ROOT, 'dist/main.js') },
    },
  });
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  if (!Number.isInteger(rounds) || rounds < 0 || !Number.isInteger(seed)) {
    say('--rounds and --seed are whole numbers');
    return 2;
  }
  say(`${rounds} rounds with --seed ${seed}`);
  const { influx } = await up(settingsFrom(process.env, { root: ROOT }), say);
  await prepareForeign();
  const report = await runFaults({ rounds, seed, influx, main: values.main, say });
  process.stdout.write(`${tableOf(report)}\n`);
  return report.verdict.problems.length === 0 ? 0 : 1;
}
