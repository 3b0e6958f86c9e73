/** Roll-outs through the whole flow: requests and labels in, steps and routing tables out, with a process that is lost at any time. */

import { describe, expect, test } from 'vitest';
import type { Command, RolloutRecord, RolloutSpec, ServiceSpec } from '../../src/records.ts';
import { route } from '../../src/router/route.ts';
import { drive, MINUTE, type Outcome, openDrive, randomOf, type Sent, specOf, T0 } from './support.ts';
import { PLAN, scorer, TWO_MODELS } from './two-models.ts';

const SERVICE = `${TWO_MODELS}join: { max_delay: 2m, revise_after: [] }
`;

const service = (over: Partial<RolloutSpec> = {}): ServiceSpec => ({
  ...specOf(SERVICE),
  rollout: { ...PLAN, ...over },
});

/** Sixty requests a minute, half of them frauds; each model is wrong at random, at the rate of the minute. */
function records(minutes: number, wrong: (minute: number) => { old: number; new: number }): Sent[] {
  const random = randomOf(7);
  const rows: { seconds: number; sent: Sent }[] = [];
  for (let i = 0; i < 60 * minutes; i++) {
    const [id, isFraud, rates] = [`r${i}`, i % 2 === 0, wrong(Math.floor(i / 60))];
    const score = (rate: number): number => (random() < rate !== isFraud ? 0.9 : 0.1);
    const add = (stream: Sent['stream'], seconds: number, more: object): void => {
      rows.push({ seconds, sent: { stream, key: id, value: { id, time: T0 + seconds * 1_000, ...more } } });
    };
    add('requests', i, { a: score(rates.old), b: score(rates.new) });
    add('labels', i + 30, { fraud: isFraud ? 'yes' : 'no' });
  }
  return rows.sort((a, b) => a.seconds - b.seconds).map(({ sent }) => sent);
}

const said = (rollouts: readonly RolloutRecord[]): string[] =>
  rollouts
    .filter(({ event }) => event !== 'verdict')
    .map(
      ({ atMs, event, stageKind, by }) =>
        `${(atMs - T0) / MINUTE} ${event} ${stageKind}${by === '' ? '' : ` ${by}`}`,
    );
const shares = ({ tables }: Outcome): string[] =>
  tables.map(({ epoch, versions }) =>
    [epoch, ...versions.map(({ version, role, share }) => `${version}:${role}:${share}`)].join(' '),
  );

const WAYS = [
  { chunk: 10_000 },
  { chunk: 37 },
  { chunk: 150, lostAfter: [1, 4, 6, 9, 13] },
  { chunk: 400, partitions: 2, lostAfter: [2] },
];

describe('a candidate that is better', () => {
  const rows = records(25, () => ({ old: 0.2, new: 0.05 }));
  const bytes: string[] = [];

  test.each(WAYS)(
    'takes over, at the same time and with the same records however the streams are cut: %o',
    async (way) => {
      const outcome = await drive(service(), rows, { scorer, ...way });
      expect(said(outcome.rollouts)).toEqual([
        '0 started shadow',
        '3 advanced canary',
        '6 advanced live',
        '10 promoted live',
      ]);
      expect(shares(outcome)).toEqual([
        '1 old:primary:1 new:shadow:1',
        '2 old:primary:0.9 new:canary:0.1',
        '3 new:primary:1 old:previous:0',
      ]);
      const [, canary] = outcome.tables;
      expect(
        Array.from({ length: 1_000 }, (_, i) => route(canary!, `k${i}`).version).filter((v) => v === 'new')
          .length,
      ).toBeGreaterThan(60);
      bytes.push(JSON.stringify([outcome.rollouts, outcome.tables]));
      expect(bytes.at(-1)).toBe(bytes[0]);
    },
  );

  test('counts what both answered, each request once', async () => {
    const { rollouts, results } = await drive(service(), rows, { scorer });
    const gains = results.filter(
      ({ metric, model, segment }) => metric === 'discordant_gain' && model === 'new' && segment === '*',
    );
    const last = rollouts.at(-1)!;
    const until = gains.filter(
      ({ windowEndMs }) => windowEndMs + 2 * MINUTE <= last.atMs && windowEndMs > T0 + 0 * MINUTE,
    );
    expect(last.counts.n).toBe(until.reduce((sum, { n }) => sum + n, 0));
    expect(last.counts.better - last.counts.worse).toBeCloseTo(
      until.reduce((sum, { n, value }) => sum + n * value!, 0),
      6,
    );
    expect(rollouts.map(({ previousHash }) => previousHash)).toEqual([
      '',
      ...rollouts.slice(0, -1).map(({ hash }) => hash),
    ]);
  });

  test('says in a dry run what it would do, and answers nothing', async () => {
    const outcome = await drive(service({ isDryRun: true }), rows, { scorer });
    expect(said(outcome.rollouts).at(-1)).toBe('10 promoted live');
    expect(shares(outcome)).toEqual(['1 old:primary:1 new:shadow:1']);
  });
});

test('a roll-out begins with the first window, though no label has come yet', async () => {
  const rows = records(6, () => ({ old: 0.1, new: 0.1 })).filter(({ stream }) => stream === 'requests');
  for (const way of WAYS) {
    const outcome = await drive(service(), rows, { scorer, ...way });
    expect(said(outcome.rollouts)).toEqual(['0 started shadow']);
    expect(outcome.rollouts[0]).toMatchObject({ verdict: 'inconclusive', doubt: 'no_data' });
    expect(shares(outcome)).toEqual(['1 old:primary:1 new:shadow:1']);
  }
});

test('a candidate that becomes worse while it is tried is taken back, with its exposure', async () => {
  const rows = records(25, (minute) => ({ old: 0.1, new: minute < 6 ? 0.1 : 0.6 }));
  for (const way of WAYS) {
    const outcome = await drive(service({ margin: 0.001 }), rows, { scorer, ...way });
    expect(said(outcome.rollouts).slice(0, 2)).toEqual(['0 started shadow', '3 advanced canary']);
    const last = outcome.rollouts.at(-1)!;
    expect(last).toMatchObject({
      event: 'rolled_back',
      stageKind: 'canary',
      share: 0.1,
      verdict: 'rollback',
      by: '',
    });
    expect(last.low).toBeGreaterThan(0);
    expect(shares(outcome).at(-1)).toMatch(/^3 old:primary:1/);
  }
});

test('people steer, and a lost process forgets none of it', async () => {
  const rows = records(14, () => ({ old: 0.2, new: 0.05 }));
  const command = (kind: Command['kind'], target = ''): Command => ({
    ...{ id: kind, service: 'shop', kind, target, by: 'ann', reason: 'so' },
  });
  const at = (minute: number): number =>
    rows.findIndex(({ value }) => (value as { time: number }).time >= T0 + minute * MINUTE);
  const run = async (isLost: boolean): Promise<Outcome> => {
    const driver = await openDrive(service(), { scorer });
    const go = async (from: number, to: number): Promise<void> => {
      await driver.send(rows.slice(from, to));
      if (isLost) await driver.lose();
    };
    await go(0, at(5));
    await driver.command(command('rollout.pause'));
    await go(at(5), at(8));
    await driver.command(command('rollout.promote'));
    await driver.command(command('rollout.resume'));
    await driver.command(command('rollout.promote', 'full'));
    await go(at(8), at(10));
    await driver.command(command('rollout.rollback'));
    await driver.command(command('rollout.level', 'assist'));
    await go(at(10), rows.length);
    const outcome = await driver.end();
    await driver.close();
    return outcome;
  };
  const plain = await run(false);
  expect(said(plain.rollouts)).toEqual([
    '0 started shadow',
    '3 advanced canary',
    '4 paused canary ann',
    '7 refused canary ann',
    '7 resumed canary ann',
    '7 promoted live ann',
    '9 rolled_back live ann',
    '9 level live ann',
  ]);
  expect(shares(plain).slice(-3)).toEqual([
    '3 new:primary:1 old:previous:0',
    '4 old:primary:1 new:shadow:1',
    '5 old:primary:1 new:shadow:1',
  ]);
  expect(plain.tables.at(-1)!.level).toBe('assist');
  const lost = await run(true);
  expect([lost.rollouts, lost.tables]).toEqual([plain.rollouts, plain.tables]);
});
