import { expect, test } from 'vitest';
import { ALL } from './fuzz/targets/index.ts';
import { FAULTS, SET_OFF } from './fuzz/targets/planted.ts';
import { fuzz } from './fuzz/watch.ts';

/** Some seconds in all. `npm run fuzz -- --runs 1000000` does more. */
const RUNS: Record<string, number> = {
  avro: 1_500,
  json: 1_500,
  otlp: 1_500,
  native: 1_500,
  internal: 1_500,
  codec: 200,
  image: 100,
};
const SEED = 20_260_115;
const TIMEOUT_MS = 300_000;

test(
  'decoders give rows or dead letters for any bytes, in bounded time and memory',
  async () => {
    const jobs = ALL.map((target) => ({ target, runs: RUNS[target]! }));
    const { failures, finished } = await fuzz({ jobs, seed: SEED, hangMsMax: 60_000 });
    expect(failures).toEqual([]);
    expect(finished.map(({ target, runs }) => [target, runs])).toEqual(Object.entries(RUNS));
    for (const { kept, target } of finished) expect(kept, `kept cases of ${target}`).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'the fuzzer finds each kind of fault, with the input that sets it off',
  async () => {
    const jobs = FAULTS.map((fault) => ({ target: `planted-${fault}`, runs: 100 }));
    const { failures } = await fuzz({ jobs, seed: SEED, hangMsMax: 10_000 });
    const found = Object.fromEntries(failures.map((failure) => [failure.target, failure]));
    expect(Object.keys(found)).toEqual(jobs.map(({ target }) => target));
    for (const { bytes } of failures) expect(bytes[0]).toBeGreaterThanOrEqual(SET_OFF);
    const messages = FAULTS.map((fault) => found[`planted-${fault}`]!.message);
    expect(messages).toEqual([
      expect.stringContaining('planted'),
      expect.stringMatching(/allocates \d+ bytes or more/),
      expect.stringMatching(/allocates -?\d+ bytes or more/),
      expect.stringMatching(/allocates 8\d+ bytes or more/),
      expect.stringContaining('hangs'),
      expect.stringContaining('SIGABRT'),
      expect.stringContaining('heap'),
    ]);
  },
  TIMEOUT_MS,
);
