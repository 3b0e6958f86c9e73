/** `npm run fuzz -- [--runs N] [--target NAME]... [--seed N] `: see USAGE. */
import { createHash, randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { keepCase } from './corpus.ts';
import type { Finished, FoundFailure, Job } from './messages.ts';
import { ALL, entryOf, TARGETS } from './targets/index.ts';
import { fuzz } from './watch.ts';

const USAGE = `Fuzzes the decoders. Options:
  --runs N       inputs in all (100000), shared out to the targets by what each costs
  --target NAME  ${ALL.join(', ')}; may be repeated; all when absent
  --seed N       makes the same inputs again; a random one when absent
A failing input is printed and kept in test/fault/fuzz/corpus, which every test run replays.`;
const HANG_MS_MAX = 120_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Whole numbers of runs that add up to `runs`, by share. */
export function jobsOf(targets: readonly string[], runs: number): Job[] {
  const shares = targets.map((target) => entryOf(target).share || 1);
  const sum = shares.reduce((a, b) => a + b, 0);
  const jobs = targets.map((target, at) => ({ target, runs: Math.floor((runs * shares[at]!) / sum) }));
  jobs[0]!.runs += runs - jobs.reduce((all, job) => all + job.runs, 0);
  return jobs;
}

function lineOf(finished: Finished): string {
  const { target, runs, kept, ms, heapBytesMax, residentBytesMax, inputBytesMax, again } = finished;
  const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1e3)} kB`;
  const resident = residentBytesMax === 0 ? '' : `, resident set + ${kilobytes(residentBytesMax)}`;
  return (
    `${target.padEnd(6)} ${String(runs).padStart(8)} inputs of up to ${kilobytes(inputBytesMax)} and ${kept} kept ones ` +
    `in ${(ms / 1e3).toFixed(1)} s; one takes at most ${kilobytes(heapBytesMax)} of heap and buffers${resident}; ${again} checked again alone`
  );
}

function tell(failure: FoundFailure): void {
  const { target, variant, bytes, message, seed, file } = failure;
  const buffer = Buffer.from(bytes);
  const digest = createHash('sha256').update(buffer).digest('hex').slice(0, 12);
  const kept = file ?? keepCase(target, variant, digest, buffer);
  say(`\nFAILED ${target} ${variant}, ${buffer.length} bytes, kept as ${kept}`);
  say(
    seed === null
      ? '  input known from its file alone'
      : `  again with: --target ${target} --seed ${seed} --runs 200`,
  );
  say(`  ${message.split('\n').slice(0, 12).join('\n  ')}`);
  say(`  bytes: ${buffer.subarray(0, 200).toString('hex')}${buffer.length > 200 ? '...' : ''}`);
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '100000' },
      target: { type: 'string', multiple: true, default: [...ALL] },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const targets = values.target;
  const runs = Number(values.runs);
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  const known = targets.every((target) => Object.hasOwn(TARGETS, target));
  if (values.help || !known || !Number.isSafeInteger(runs) || runs < 0 || !Number.isSafeInteger(seed)) {
    say(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  say(`seed ${seed}`);
  const isTerminal = process.stderr.isTTY;
  const onProgress = (target: string, done: number): void => {
    if (isTerminal) process.stderr.write(`\r${target} ${done}   `);
  };
  const started = performance.now();
  const { finished, failures } = await fuzz({
    jobs: jobsOf(targets, runs),
    seed,
    hangMsMax: HANG_MS_MAX,
    onProgress,
  });
  if (isTerminal) process.stderr.write('\r');
  for (const one of finished) say(lineOf(one));
  for (const failure of failures) tell(failure);
  const all = finished.reduce((sum, one) => sum + one.runs, 0);
  say(`${all} inputs, ${failures.length} failures, ${((performance.now() - started) / 1e3).toFixed(0)} s`);
  if (failures.length > 0) process.exitCode = 1;
}
