/** `npm run simulate -- [--seeds N] [--from N] [--break RULE] [--jobs N]`: see USAGE. */

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { progress } from '../../../src/cli/progress.ts';
import { NOTICED_BY, RULE_NAMES, RULES, type Rule } from './breaks.ts';
import { runSeed, type SeedReport } from './run.ts';

const USAGE = `Runs the daemon's tasks on a simulated broker with crashes, zombies, duplicates, compaction and rebalances, and
compares what comes out with an undisturbed run and with an oracle. Options:
  --seeds N      how many (1000)
  --from N       the first of them (0)
  --break RULE   breaks a rule of the log on purpose: ${RULE_NAMES.join(', ')}; ends with success at the first seed that notices, one that is known to first
  --jobs N       processes (2)
A failing seed is printed and kept in test/fault/simulate/seeds.txt, which every test run repeats.

Examples:
  npm run simulate -- --seeds 50000
  npm run simulate -- --from 253 --seeds 1
  npm run simulate -- --break R6`;

const MAIN = fileURLToPath(new URL('./main.mjs', import.meta.url));
const KEPT = fileURLToPath(new URL('./seeds.txt', import.meta.url));
const FAULTS_SHOWN = 3;
const FAULT_LENGTH_SHOWN = 1_200;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Seeds that failed once. */
export function keptSeeds(): number[] {
  if (!existsSync(KEPT)) return [];
  const lines = readFileSync(KEPT, 'utf8').split('\n');
  return lines.filter((line) => /^\d/.test(line)).map((line) => Number.parseInt(line, 10));
}

function tell({ seed, variant, faults }: SeedReport): void {
  say(`seed ${seed} (${variant}): ${faults.length} faults`);
  for (const fault of faults.slice(0, FAULTS_SHOWN)) say(`  ${fault.slice(0, FAULT_LENGTH_SHOWN)}`);
}

interface Plan {
  from: number;
  seeds: number;
  rule: Rule | null;
  jobs: number;
}

/** One process: every `jobs`-th seed, a line of JSON for each. */
async function work(plan: Plan, job: number): Promise<void> {
  if (plan.rule !== null && job === 0) say(JSON.stringify(await runSeed(NOTICED_BY[plan.rule], plan.rule)));
  for (let seed = plan.from + job; seed < plan.from + plan.seeds; seed += plan.jobs)
    say(JSON.stringify(await runSeed(seed, plan.rule)));
}

function spawnJob(plan: Plan, job: number): ChildProcess {
  const args = [`--from=${plan.from}`, `--seeds=${plan.seeds}`, `--jobs=${plan.jobs}`, `--job=${job}`];
  if (plan.rule !== null) args.push(`--break=${plan.rule}`);
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Runs all jobs; `onReport` gives false to end them. Rejects when one ends before its seeds do. */
async function runAll(plan: Plan, onReport: (report: SeedReport) => boolean): Promise<void> {
  const children = Array.from({ length: plan.jobs }, (_, job) => spawnJob(plan, job));
  let isOver = false;
  await Promise.all(
    children.map(async (child, job) => {
      const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
      for await (const line of createInterface({ input: child.stdout! })) {
        if (isOver || onReport(JSON.parse(line) as SeedReport)) continue;
        isOver = true;
        // Not a signal that they could handle: a job that runs seeds never comes to it before its last one.
        for (const other of children) other.kill('SIGKILL');
      }
      const code = await exited;
      if (code !== 0 && !isOver) throw new Error(`job ${job} ended with ${code}`);
    }),
  );
}

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '0' },
      break: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      job: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const rule = (values.break ?? null) as Rule | null;
  if (values.help || (rule !== null && !RULE_NAMES.includes(rule))) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  const seeds = Number(values.seeds);
  const plan: Plan = { from: Number(values.from), seeds, rule, jobs: Math.min(Number(values.jobs), seeds) };
  if (!Number.isInteger(plan.from) || !Number.isInteger(seeds) || !(plan.jobs >= 1)) {
    say(USAGE);
    return 2;
  }
  if (values.job !== undefined) {
    await work(plan, Number(values.job));
    return 0;
  }
  const startedMs = performance.now();
  const bar = progress(seeds, rule === null ? 'simulate' : `without ${rule}`, process.stderr, 'seeds');
  let [done, bad, outputs] = [0, 0, 0];
  await runAll(plan, (report) => {
    done++;
    outputs += report.outputs;
    bar.update(done, done);
    if (report.faults.length === 0) return true;
    bad++;
    if (rule !== null) {
      bar.stop();
      say(`${rule} broken (${RULES[rule]}): noticed by seed ${report.seed}, after ${done} seeds`);
    }
    tell(report);
    if (rule === null) appendFileSync(KEPT, `${report.seed} ${report.variant}\n`);
    return rule === null;
  });
  bar.stop();
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  say(`${done} seeds, ${bad} wrong, ${outputs} outputs, ${seconds} s`);
  if (rule === null) return bad === 0 ? 0 : 1;
  if (bad === 0) say(`${rule} broken (${RULES[rule]}): nobody noticed`);
  return bad > 0 ? 0 : 1;
}
