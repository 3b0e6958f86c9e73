/** Degrees of automation through the whole flow: labelled answers in, levels and routing tables out, with a process that is lost at any time. */

import { describe, expect, test } from 'vitest';
import { chainOf } from '../../src/cli/audit/chain.ts';
import { auditLevels } from '../../src/cli/audit/levels.ts';
import { auditOutcomes } from '../../src/cli/audit/outcomes.ts';
import { auditTables } from '../../src/cli/audit/tables.ts';
import { auditVerdicts } from '../../src/cli/audit/verdicts.ts';
import { auditCounts, createWindows, noteResult } from '../../src/cli/audit/windows.ts';
import { notesOf, rowOf, standingOf } from '../../src/cli/rollout/text.ts';
import { configureAutomation } from '../../src/flow/automation.ts';
import type { AutomationSpec, Command, RolloutRecord, RolloutSpec, ServiceSpec } from '../../src/records.ts';
import { createRolloutStates } from '../../src/rollout/fold.ts';
import { drive, MINUTE, type Outcome, openDrive, randomOf, type Sent, specOf, T0 } from './support.ts';
import { scorer, TWO_MODELS } from './two-models.ts';

const SERVICE = `${TWO_MODELS}join: { max_delay: 2m, revise_after: [] }
rules:
  - { name: slow, metric: volume, critical: '< 55', min_n: 1 }
`;
const AUTOMATION: AutomationSpec = {
  ...{ output: 'fraud', level: 'shadow', upTo: 'full', targetRisk: 0.05, assistRisk: 0.2, confidence: 0.95 },
  ...{ nMin: 100, coverageMin: 0.1, holdMs: 2 * MINUTE, gate: 'auto' },
  stopOn: { rules: [], level: 'critical' },
  blind: 0.05,
};
/** The same as it stands in a file. */
const WRITTEN = `automation:
  output: fraud
  up_to: full
  target_risk: 0.05
  assist_risk: 0.2
  min_n: 100
  hold: 2m
  gate: auto
`;
const service = (over: Partial<AutomationSpec> = {}, rollout?: RolloutSpec): ServiceSpec => ({
  ...specOf(SERVICE),
  automation: { ...AUTOMATION, ...over },
  ...(rollout === undefined ? {} : { rollout }),
});

interface Rates {
  /** Wrong answers among the sure half and the other one. */
  sure: number;
  unsure: number;
}

/** Sixty requests a minute, half of them frauds; of every four answers two have a confidence of 0.95 and two of 0.6. */
function records(minutes: number, rates: (minute: number) => Rates, other = rates): Sent[] {
  const random = randomOf(7);
  const rows: { seconds: number; sent: Sent }[] = [];
  for (let i = 0; i < 60 * minutes; i++) {
    const [id, isFraud, isSure] = [`r${i}`, i % 2 === 0, i % 4 < 2];
    const score = ({ sure, unsure }: Rates): number => {
      const says = random() < (isSure ? sure : unsure) !== isFraud;
      return isSure ? (says ? 0.95 : 0.05) : says ? 0.6 : 0.4;
    };
    const add = (stream: Sent['stream'], seconds: number, more: object): void => {
      rows.push({ seconds, sent: { stream, key: id, value: { id, time: T0 + seconds * 1_000, ...more } } });
    };
    const minute = Math.floor(i / 60);
    add('requests', i, { a: score(rates(minute)), b: score(other(minute)) });
    add('labels', i + 30, { fraud: isFraud ? 'yes' : 'no' });
  }
  return rows.sort((a, b) => a.seconds - b.seconds).map(({ sent }) => sent);
}

/** Steps of the level alone; why it waits is told besides. */
const steps = (rollouts: readonly RolloutRecord[]): RolloutRecord[] =>
  rollouts.filter(({ event }) => event !== 'level_waits');
const said = (rollouts: readonly RolloutRecord[]): string[] =>
  steps(rollouts).map(
    ({ atMs, event, reason, by }) => `${(atMs - T0) / MINUTE} ${event} ${reason}${by === '' ? '' : ` ${by}`}`,
  );
const levels = ({ tables }: Outcome): string[] =>
  tables.map(({ epoch, level, threshold }) => `${epoch} ${level} ${threshold ?? ''}`.trim());

const WAYS = [
  { chunk: 10_000 },
  { chunk: 37 },
  { chunk: 150, lostAfter: [1, 4, 6, 9, 13] },
  { chunk: 400, partitions: 2, lostAfter: [2] },
];

const BEGIN = '0 level shadow: it begins here by the configuration';
const TO_ASSIST = /^4 level shadow -> assist: at most 18\.\d+ % of the answers are wrong$/;
const TO_PARTIAL =
  /^11 level assist -> partial: from a confidence of 0\.7 on at most 4\.\d+ % are wrong, of 50\.00 % of the answers$/;
const FALL =
  /^28 level partial -> assist: of the last 30 decisions \d+ were wrong: at least .* %, more than 5\.00 %$/;

describe('a model whose sure answers are right, until they are not', () => {
  const rows = records(45, (minute) => ({ sure: minute < 25 ? 0 : 0.5, unsure: 0.15 }));
  const bytes: string[] = [];

  test('is configured in a file', () => {
    expect(specOf(SERVICE + WRITTEN).automation).toEqual(AUTOMATION);
  });

  test.each(WAYS)(
    'rises as far as is shown and falls with the first window, however the streams are cut: %o',
    async (way) => {
      const outcome = await drive(service(), rows, { scorer, ...way });
      expect(outcome.dead).toEqual([]);
      expect(said(outcome.rollouts)).toEqual([
        BEGIN,
        ...[TO_ASSIST, TO_PARTIAL, FALL].map((text) => expect.stringMatching(text)),
      ]);
      expect(levels(outcome)).toEqual(['1 shadow', '2 assist', '3 partial 0.7', '4 assist']);
      const links = outcome.rollouts.map((record) => ({ record, place: '' }));
      const windows = createWindows();
      for (const result of outcome.results) noteResult(windows, result, false);
      expect(auditLevels(links, service())).toEqual({ checked: links.length, faults: [] });
      expect(auditOutcomes(links, service(), windows)).toEqual({
        checked: links.length - 1,
        unchecked: new Map(),
        faults: [],
      });
      bytes.push(JSON.stringify([outcome.rollouts, outcome.tables]));
      expect(bytes.at(-1)).toBe(bytes[0]);
    },
  );

  test('the records are of the one chain, without a roll-out', async () => {
    const { rollouts, tables } = await drive(service(), rows, { scorer });
    expect(rollouts.map(({ seq, previousHash }) => [seq, previousHash])).toEqual(
      rollouts.map((_, i) => [i + 1, i === 0 ? '' : rollouts[i - 1]!.hash]),
    );
    expect(auditVerdicts(rollouts.map((record) => ({ record, place: '' })))).toMatchObject({
      checked: 0,
      faults: [],
    });
    expect(rowOf(standingOf(rollouts)).slice(0, 8)).toEqual([
      'shop',
      '-',
      'none',
      '-',
      '-',
      '2026-01-01T00:28:00.000Z',
      'assist',
      '-',
    ]);
    for (const one of rollouts)
      expect(one).toMatchObject({ status: 'none', primary: 'old', candidate: '', rolloutId: '', spec: '' });
    expect(steps(rollouts).map(({ table }) => JSON.parse(table))).toEqual(tables);
    expect(tables[2]!.versions.map(({ version, role, share }) => `${version} ${role} ${share}`)).toEqual([
      'old primary 1',
      'new shadow 1',
    ]);
  });

  test('says why it stays where it is, once for each reason', async () => {
    const { rollouts } = await drive(service(), rows.slice(0, rows.length / 3), { scorer });
    const waits = rollouts.filter(({ event }) => event === 'level_waits');
    expect(waits.map(({ atMs, reason }) => `${(atMs - T0) / MINUTE} ${reason}`)).toEqual([
      '3 shadow stays: 60 of 100 outcomes',
      '5 assist stays: assist has not held for long enough',
      expect.stringMatching(/^6 assist stays: no threshold decides 10\.00 % with at most 5\.00 % wrong$/),
      '12 partial stays: partial has not held for long enough',
      expect.stringMatching(
        /^13 partial stays: up to .* % of the answers may be wrong, 5\.00 % are allowed$/,
      ),
    ]);
    expect(notesOf(standingOf(rollouts)).at(-1)).toMatch(/^shop: level waits, .*: partial stays: up to /);
    const before = standingOf(rollouts.slice(0, rollouts.indexOf(waits.at(-1)!)));
    expect(before.waits).toBe('partial stays: partial has not held for long enough');
  });

  test('goes no further than it may, and all the way where everything is right', async () => {
    const capped = await drive(service({ upTo: 'assist' }), rows, { scorer });
    expect(levels(capped)).toEqual(['1 shadow', '2 assist']);
    const right = records(45, () => ({ sure: 0, unsure: 0.01 }));
    const all = await drive(service({ level: 'human_only' }), right, { scorer });
    expect(levels(all).map((text) => text.slice(2))).toEqual([
      'human_only',
      'shadow',
      'assist',
      expect.stringMatching(/^partial 0/),
      'full',
    ]);
  });
});

test('an alarm takes it down to the shadow, and holds it there', async () => {
  // In minutes 20 to 24 every second request is missing.
  const rows = records(40, () => ({ sure: 0, unsure: 0.15 })).filter(({ key }) => {
    const i = Number(key!.slice(1));
    return i < 20 * 60 || i >= 25 * 60 || i % 3 > 0;
  });
  const run = async (stopOn: AutomationSpec['stopOn']): Promise<Outcome> =>
    drive(service({ stopOn }), rows, { scorer, chunk: 150, lostAfter: [9, 15, 16] });
  const outcome = await run({ rules: ['slow'], level: 'critical' });
  expect(said(outcome.rollouts).slice(3)).toEqual([
    '21 level partial -> shadow: alarms fire: slow',
    expect.stringMatching(/^26 level shadow -> assist/),
    expect.stringMatching(/^33 level assist -> partial/),
  ]);
  const other = await run({ rules: [], level: 'critical' });
  expect(said(other.rollouts).slice(3)).toEqual([]);
});

const command = (kind: Command['kind'], target = ''): Command => ({
  ...{ id: `${kind} ${target}`, service: 'shop', kind, target, by: 'ann', reason: 'so' },
});

/** Commands by the minute before whose requests they come; lost: a process is, after each. */
async function steer(
  spec: ServiceSpec,
  rows: readonly Sent[],
  commands: Record<number, Command[]>,
  isLost: boolean,
): Promise<Outcome> {
  const driver = await openDrive(spec, { scorer });
  const at = (minute: number): number =>
    rows.findIndex(({ value }) => (value as { time: number }).time >= T0 + minute * MINUTE);
  let from = 0;
  for (const [minute, list] of Object.entries(commands)) {
    await driver.send(rows.slice(from, at(Number(minute))));
    from = at(Number(minute));
    if (isLost) await driver.lose();
    for (const one of list) await driver.command(one);
    if (isLost) await driver.lose();
  }
  await driver.send(rows.slice(from));
  const outcome = await driver.end();
  await driver.close();
  return outcome;
}

test('people take the steps up where the gate is manual, and a lost process forgets none of it', async () => {
  const rows = records(30, () => ({ sure: 0, unsure: 0.15 }));
  const spec = service({ gate: 'manual', upTo: 'partial' });
  const commands = {
    3: [command('rollout.level', 'partial')],
    8: [
      command('rollout.level', 'assist'),
      command('rollout.level', 'full'),
      command('rollout.level', 'ful'),
    ],
    20: [command('rollout.level', 'partial')],
    24: [command('rollout.level', 'human_only')],
  };
  const plain = await steer(spec, rows, commands, false);
  expect(said(plain.rollouts)).toEqual([
    '0 level shadow: it begins here by the configuration',
    '2 refused level: no threshold of confidence is shown to be safe yet ann',
    expect.stringMatching(/^4 level_open shadow -> assist is open to a person: at most 18\.\d+ % of/),
    '7 level shadow -> assist: so ann',
    '7 refused level: the highest level that the service allows is partial ann',
    "7 refused level: 'ful' is none of human_only, shadow, assist, partial, full ann",
    expect.stringMatching(
      /^11 level_open assist -> partial is open to a person: from a confidence of 0\.7 on/,
    ),
    '19 level assist -> partial: so ann',
    '23 level partial -> human_only: so ann',
    '25 level_open human_only -> shadow is open to a person: a shadow touches nobody',
  ]);
  expect(levels(plain)).toEqual(['1 shadow', '2 assist', '3 partial 0.7', '4 human_only']);
  const lost = await steer(spec, rows, commands, true);
  expect([lost.rollouts, lost.tables]).toEqual([plain.rollouts, plain.tables]);
  const links = plain.rollouts.map((record) => ({ record, place: '' }));
  expect(auditLevels(links, spec)).toEqual({ checked: links.length, faults: [] });
});

test('commands that come before the first window are taken with it, and answered', async () => {
  const rows = records(6, () => ({ sure: 0, unsure: 0 }));
  const spec = service({ upTo: 'assist' });
  const commands = { 0: [command('rollout.level', 'human_only'), command('rollout.level', 'full')] };
  const plain = await steer(spec, rows, commands, false);
  expect(said(plain.rollouts)).toEqual([
    '0 level shadow: it begins here by the configuration',
    '0 level shadow -> human_only: so ann',
    '0 refused level: the highest level that the service allows is assist ann',
    expect.stringMatching(/^3 level_open human_only -> shadow/),
  ]);
  expect(plain.rollouts.map(({ commandId }) => commandId).slice(0, 3)).toEqual([
    '',
    ...commands[0].map(({ id }) => id),
  ]);
  const lost = await steer(spec, rows, commands, true);
  expect([lost.rollouts, lost.tables]).toEqual([plain.rollouts, plain.tables]);
  // Where nothing else is configured too.
  const { automation: _, ...bare } = spec;
  expect(said((await steer(bare, rows, commands, true)).rollouts)).toEqual([
    '0 level full -> human_only: so ann',
    '0 level human_only -> full: so ann',
  ]);
});

test('a roll-out goes on beside it, and a new model keeps what is shown of it', async () => {
  const rollout: RolloutSpec = {
    ...{ strategy: 'blue_green', candidate: 'new', output: 'fraud', alpha: 0.05, margin: 0.02, tolerance: 0 },
    stages: [
      { kind: 'shadow', share: 1, durationMs: 15 * MINUTE, nMin: 50, gate: 'auto', needs: 'keep' },
      { kind: 'live', share: 1, durationMs: 4 * MINUTE, nMin: 0, gate: 'auto', needs: 'keep' },
    ],
    ...{ coverageMin: 0.5, rollbackOn: { rules: [], level: 'critical' }, deadlineMs: null },
    ...{ keepMs: 600 * MINUTE, isDryRun: false },
  };
  // Its sure answers are worse than is allowed, all of its answers together are not worse than the other's.
  const rows = records(
    30,
    () => ({ sure: 0, unsure: 0.15 }),
    () => ({ sure: 0.07, unsure: 0.02 }),
  );
  for (const way of WAYS) {
    const spec = service({}, rollout);
    const { rollouts, tables, results } = await drive(spec, rows, { scorer, ...way });
    const { records: links, faults } = chainOf(rollouts.map((record) => ({ record, place: '' })));
    const windows = createWindows();
    for (const result of results) noteResult(windows, result, false);
    const counts = auditCounts(links, spec, windows);
    const outcomes = auditOutcomes(links, spec, windows);
    const ofLevel = rollouts.filter(({ event }) => event.startsWith('level')).length;
    expect(auditTables(links, spec)).toEqual({ checked: links.length, faults: [] });
    expect([auditLevels(links, spec), outcomes.faults]).toEqual([{ checked: ofLevel, faults: [] }, []]);
    // The first one rests on no answers.
    expect([outcomes.checked, outcomes.unchecked.size]).toEqual([ofLevel - 1, 0]);
    expect([faults, auditVerdicts(links).faults, counts.faults, counts.unchecked]).toEqual([[], [], [], []]);
    expect([auditVerdicts(links).checked, counts.checked]).toEqual([
      rollouts.length - 1,
      rollouts.length - 1,
    ]);
    expect(said(rollouts.filter(({ event }) => event !== 'verdict'))).toEqual([
      BEGIN,
      '0 started by the configuration',
      expect.stringMatching(TO_ASSIST),
      expect.stringMatching(TO_PARTIAL),
      '15 advanced stage 1 of 2 is done: verdict promote',
      '15 level partial -> assist: another model answers, new, of which no threshold is shown to be safe',
      '19 promoted stage 2 of 2 is done: verdict promote',
    ]);
    expect(
      tables.map(({ level, threshold, versions }) => `${versions[0]!.version} ${level} ${threshold ?? ''}`),
    ).toEqual(['old shadow ', 'old assist ', 'old partial 0.7', 'new assist ']);
  }
});

test('a shadow that becomes the primary in the file keeps what is shown of it', async () => {
  const before = specOf(SERVICE + WRITTEN);
  const after = specOf(
    (SERVICE + WRITTEN)
      .replace('old, role: primary', 'old, role: shadow')
      .replace('new, role: shadow', 'new, role: primary'),
  );
  const states = createRolloutStates();
  configureAutomation(states, before, T0);
  const known = Object.fromEntries(Object.entries(states.levels.models).map(([name, { of }]) => [name, of]));
  expect(known.old).not.toBe(known.new);
  states.levels.models.new!.n[0] = 7;
  configureAutomation(states, after, T0 + MINUTE);
  expect(states.levels.models.new).toMatchObject({ of: known.new, n: expect.arrayContaining([7]) });
});

test('without automation a person sets the level of a service that rolls out nothing', async () => {
  const { automation: _, ...bare } = service();
  const rows = records(6, () => ({ sure: 0, unsure: 0 }));
  const commands = { 5: [command('rollout.level', 'assist'), command('rollout.level', 'assist')] };
  const outcome = await steer(bare, rows, commands, true);
  expect(said(outcome.rollouts)).toEqual([
    '4 level full -> assist: so ann',
    '4 refused level: it is assist already ann',
  ]);
  expect(levels(outcome)).toEqual(['1 assist']);
});
