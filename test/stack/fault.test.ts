/** Five rounds of faults; `npm run fault -- --rounds 50` runs more of them. */
import { expect, test } from 'vitest';
import type { Result } from '../../src/records.ts';
import { type FaultReport, runFaults } from '../fault/harness.ts';
import type { Observed, Stored } from '../fault/observed.ts';
import { tableOf } from '../fault/report.ts';
import { type Verdict, verify } from '../fault/verify.ts';
import { MAIN } from './daemon.ts';
import { describeStack } from './support/context.ts';

const ROUNDS = 5;
const SEED = 20260101;

const say = (line: string): void => void process.stderr.write(`fault: ${line}\n`);

/** What the verifier says when the daemons had written something else. */
function verdictOn(
  report: FaultReport,
  change: (observed: Observed) => Partial<Observed>,
): Verdict['counts'] {
  const observed = { ...report.observed, ...change(report.observed) };
  return verify(report.expected, observed, report.sent).counts;
}

const changed = (stored: Stored<Result>, record: Partial<Result>): Stored<Result> => ({
  record: { ...stored.record, ...record },
  bytes: `${stored.bytes}+`,
});

describeStack('three daemons and three brokers under faults', (stack) => {
  test('lose nothing and say nothing twice, and the verifier would have seen it', async () => {
    const report = await runFaults({ rounds: ROUNDS, seed: SEED, influx: stack.influx, main: MAIN, say });
    say(`\n${tableOf(report)}`);
    expect(report.verdict.problems).toEqual([]);
    expect(Object.values(report.faults)).toEqual([1, 1, 1, 1, 1]);
    expect(report.endings.length).toBeGreaterThan(0);
    const { counts } = report.verdict;
    expect(counts.alerts).toBeGreaterThan(10);
    expect(counts.retrains).toBe(1);

    const of = (metric: string): number =>
      report.observed.results.findIndex(({ record }) => record.metric === metric);
    const volume = report.observed.results[of('volume')]!;
    const without = verdictOn(report, ({ results }) => ({
      results: results.filter(({ record }) => record.id !== volume.record.id),
    }));
    expect(without).toMatchObject({ missing: 1, unexpected: 1, conflicts: 0 });
    const twice = verdictOn(report, ({ results }) => ({
      results: [...results, changed(volume, { value: -1 })],
    }));
    expect(twice).toMatchObject({ missing: 0, conflicts: 1 });
    const stranger = verdictOn(report, ({ results }) => ({
      results: [...results, changed(volume, { id: 'stranger', segment: 'country=atlantis' })],
    }));
    expect(stranger.unexpected).toBeGreaterThan(0);
    const wrong = verdictOn(report, ({ results }) => ({
      results: results.map((own) => (own.record.id === volume.record.id ? changed(own, { value: -1 }) : own)),
    }));
    expect(wrong.wrong).toBeGreaterThan(0);
    const lastAlert = report.observed.alerts.at(-1)!.record.id;
    const silent = verdictOn(report, ({ alerts }) => ({
      alerts: alerts.filter(({ record }) => record.id !== lastAlert),
      retrains: [],
    }));
    expect(silent.missing).toBe(2);
    expect(verdictOn(report, () => ({ dead: [] })).missing).toBe(report.expected.dead.size);
  }, 600_000);
});
