/** `npm run scoreboard -- [--quick | --full] [--only GROUP] [--write] [--jobs N]`: see USAGE. */

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { progress } from '../../src/cli/progress.ts';
import type { Group, Mode, Table } from './group.ts';
import { GROUPS } from './groups/index.ts';

const USAGE = `Detectors, the default rules of other tools and the budget, on streams whose truth is known: false alarms, delays, misses.
The seeds are fixed, so the same command prints the same numbers. Options:
  --quick        a glance, under a minute
  --full         many seeds, 30 days of the whole service: hours
  --days N       days of the whole service without drift, instead
  --only GROUP   ${GROUPS.map(({ name }) => name).join(', ')}
  --write        writes docs/scoreboard.md
  --jobs N       processes (2)

Examples:
  npm run scoreboard
  npm run scoreboard -- --only bernoulli
  npm run scoreboard -- --full --write`;

const MAIN = fileURLToPath(new URL('./main.mjs', import.meta.url));
const DOC = fileURLToPath(new URL('../../docs/scoreboard.md', import.meta.url));

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Plan {
  groups: readonly Group[];
  mode: Mode;
  jobs: number;
}

interface Task {
  group: Group;
  task: string;
}

const tasksOf = ({ groups, mode }: Plan): Task[] =>
  groups.flatMap((group) => group.tasks(mode).map((task) => ({ group, task })));

/** One process: every `jobs`-th task, a line of JSON for each. */
function work(plan: Plan, job: number): void {
  tasksOf(plan).forEach(({ group, task }, i) => {
    if (i % plan.jobs === job) say(JSON.stringify({ i, result: group.run(task, plan.mode) }));
  });
}

function spawnJob({ groups, mode, jobs }: Plan, job: number): ChildProcess {
  const args = [`--jobs=${jobs}`, `--job=${job}`];
  if (mode.size !== 'default') args.push(`--${mode.size}`);
  if (mode.days !== null) args.push(`--days=${mode.days}`);
  if (groups.length === 1) args.push(`--only=${groups[0]!.name}`);
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The results of all tasks, in their order. */
async function runAll(plan: Plan, onResult: () => void): Promise<unknown[]> {
  const results: unknown[] = [];
  const children = Array.from({ length: plan.jobs }, (_, job) => spawnJob(plan, job));
  await Promise.all(
    children.map(async (child, job) => {
      const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
      for await (const line of createInterface({ input: child.stdout! })) {
        const { i, result } = JSON.parse(line) as { i: number; result: unknown };
        results[i] = result;
        onResult();
      }
      const code = await exited;
      if (code !== 0) throw new Error(`job ${job} ended with ${code}`);
    }),
  );
  return results;
}

function markdownOf({ title, text, head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [`## ${title}`, '', text, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join(
    '\n',
  );
}

const INTRODUCTION = ({ size }: Mode): string =>
  `# Scoreboard

Written by \`npm run scoreboard -- ${size === 'default' ? '' : `--${size} `}--write\`; the seeds are fixed. What a false alarm is, is known: the streams are
generated, save those of electricity.
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      days: { type: 'string' },
      write: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
      job: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const groups = GROUPS.filter(({ name }) => values.only === undefined || values.only === name);
  const jobs = Number(values.jobs);
  const days = values.days === undefined ? null : Number(values.days);
  const isWrong =
    groups.length === 0 || !(jobs >= 1) || (days !== null && !(days > 0)) || (values.quick && values.full);
  if (values.help || isWrong || (values.write && values.only !== undefined)) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  const size = values.quick ? 'quick' : values.full ? 'full' : 'default';
  const mode: Mode = { size, days };
  const plan: Plan = { groups, mode, jobs };
  if (values.job !== undefined) {
    work(plan, Number(values.job));
    return 0;
  }
  const tasks = tasksOf(plan);
  const bar = progress(tasks.length, 'scoreboard', process.stderr, 'tasks');
  let done = 0;
  const results = await runAll(plan, () => bar.update(++done, done));
  bar.stop();
  const parts = groups.flatMap((group) => {
    const own = results.filter((_, i) => tasks[i]!.group === group);
    return group.tables(own, mode).map(markdownOf);
  });
  const text = [INTRODUCTION(mode), ...parts].join('\n');
  if (values.write) writeFileSync(DOC, text);
  say(text);
  return 0;
}
