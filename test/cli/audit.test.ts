import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/cli/audit/chain.ts';
import { loadConfig } from '../../src/config/load.ts';
import { commandAppend } from '../../src/flow/outbox.ts';
import { slotsPartitionOf } from '../../src/flow/runtime.ts';
import { encodePublic } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Command, Result, RolloutRecord, RolloutTally, ServiceSpec } from '../../src/records.ts';
import { nextTable } from '../../src/router/shares.ts';
import type { RoutedVersion, RoutingTable } from '../../src/router/table.ts';
import { registries } from '../config/support.ts';
import {
  BETTER,
  createStory,
  EQUAL,
  FILES,
  FRAUD,
  HOUR_MS,
  START_MS,
  type Story,
  WORSE,
} from './rollout-support.ts';
import { fakeWiring, folder, telltale } from './support.ts';

let log: MemoryLog;
let dir = '';
let spec: ServiceSpec;
let story: Story;
const at = (hours: number): number => START_MS + hours * HOUR_MS;

/** Promoted by evidence, rolled back by a person, started again, rolled back by an alarm, and by its answers. */
function tell(): void {
  story.configure(spec, at(0));
  story.window(at(1), EQUAL);
  story.command({ kind: 'rollout.pause', reason: 'lunch' }, at(2));
  story.window(at(2), BETTER);
  story.command({ kind: 'rollout.resume' }, at(3));
  story.window(at(3), BETTER, 0.9);
  for (const hour of [4, 5, 6]) story.window(at(hour), EQUAL);
  story.command({ kind: 'rollout.pause' }, at(7));
  story.command({ kind: 'rollout.rollback', reason: 'customers complain' }, at(8));
  story.command({ kind: 'rollout.level', target: 'assist' }, at(8));
  story.command({ kind: 'rollout.start' }, at(9));
  story.window(at(9), EQUAL);
  story.alarm('errors', 'firing', at(11));
  story.command({ kind: 'rollout.start', by: 'bob' }, at(12));
  story.alarm('errors', 'resolved', at(13));
  story.window(at(12.5), EQUAL);
  story.window(at(13), WORSE);
}

beforeEach(async () => {
  dir = folder(FILES);
  const { services } = await loadConfig(dir, registries, { env: {} });
  spec = services.find(({ service }) => service === 'fraud')!;
  story = createStory(spec);
  tell();
});

async function write(
  records: readonly RolloutRecord[],
  results: readonly Result[] = story.results,
  commands: readonly Command[] = story.commands,
) {
  log = createMemoryLog();
  log.createTopic('t.rollout', 2);
  log.createTopic('t.results', 2);
  log.createTopic('t.slots', 2);
  await log.append(commands.map((command) => commandAppend('t.slots', 2, command)));
  const append = (topic: string, values: Buffer[]) =>
    log.append(values.map((value) => ({ topic, partition: 1, key: 'fraud', value })));
  await append(
    't.rollout',
    records.map((record) => encodePublic('rollout', record, null)),
  );
  await append(
    't.results',
    results.map((result) => encodePublic('result', result, null)),
  );
}
const verify = (...args: string[]) =>
  telltale(['--config', dir, 'audit', 'verify', ...args], fakeWiring({ openLog: async () => log }));

interface Report {
  ok: boolean;
  message?: string;
  unreadable: string[];
  services: {
    records: number;
    repeated: number;
    rollouts: number;
    lastHash: string;
    verdicts: { checked: number; unnamedAlarms: number };
    counts: { checked: number; unchecked?: { reason: string }[]; why?: string };
    commands: { checked: number; gone: number };
    faults: { seq: number; place: string; message: string }[];
  }[];
}
const reportOf = async (...args: string[]): Promise<Report> =>
  JSON.parse((await verify('--json', ...args)).out) as Report;
const faultsOf = async (...args: string[]) =>
  (await reportOf(...args)).services[0]!.faults.map(({ seq, message }) => `${seq} ${message}`);

/** Hashes anew, as whoever can write the whole topic can. */
function sealed(records: readonly RolloutRecord[]): RolloutRecord[] {
  let previousHash = '';
  return records.map((record) => {
    const one = { ...record, previousHash };
    previousHash = hashOf(one);
    return { ...one, hash: previousHash };
  });
}
const seqOf = (event: string, nth = 0): number =>
  story.records.filter((record) => record.event === event)[nth]!.seq;
/** The records with some fields of one changed. */
const withChange = (seq: number, change: Partial<RolloutRecord>): RolloutRecord[] =>
  story.records.map((record) => (record.seq === seq ? { ...record, ...change } : record));

describe('telltale audit verify', () => {
  it('finds nothing in what the service wrote, and says what was checked', async () => {
    expect(story.records.map(({ event }) => event)).toEqual([
      ...['started', 'advanced', 'paused', 'verdict', 'resumed', 'advanced', 'promoted', 'refused'],
      ...['rolled_back', 'level', 'started', 'advanced', 'rolled_back', 'started', 'rolled_back'],
    ]);
    await write(story.records);
    const { code, out, err } = await verify();
    expect([code, err]).toEqual([0, '']);
    const { hash } = story.records.at(-1)!;
    expect(out).toMatch(
      new RegExp(
        `^SERVICE .*\\nfraud +15 +3 +whole +15 the same +0 the same +15 the same +15 the same +${hash}\\n`,
      ),
    );
    expect(await reportOf('--service', 'fraud')).toMatchObject({ ok: true, unreadable: [] });
    expect((await verify('--service', 'plain')).out).toBe('no records of roll-outs\n');
    expect((await verify('--service', 'frud')).code).toBe(2);
  });

  it('reads files as the file sink writes them, without a broker and a configuration', async () => {
    const lines = story.records.map((record) => JSON.stringify({ type: 'rollout', ...record }));
    const file = join(dir, 'rollout.ndjson');
    writeFileSync(file, ['{"type":"result"}', ...lines, '{"type":"rollout","id":"torn'].join('\n'));
    const { code, out } = await telltale(
      ['--config', '/nowhere', 'audit', 'verify', '--from', file],
      fakeWiring(),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/fraud +15 +3 +whole +15 the same +0 the same +15 the same +not checked/);
    expect(out).toContain(
      'fraud: counts and commands are not checked: a file of roll-outs has no results and no commands',
    );
    expect(out).toContain(`no records of roll-outs: ${file}:17`);
    writeFileSync(file, lines.filter((_, i) => i !== 4).join('\n'));
    const failed = await verify('--from', file);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain(
      `error[audit_failed] fraud: record 6 at ${file}:5: record 5 is missing before it`,
    );
    expect((await verify('--from', join(dir, 'none.ndjson'))).err).toContain('error[file_unreadable]');
  });

  it('takes records that a restart wrote again for what they are', async () => {
    await write([...story.records.slice(0, 8), ...story.records.slice(5)]);
    expect((await reportOf()).services[0]).toMatchObject({ records: 15, repeated: 3, faults: [] });
    expect((await verify()).out).toContain('fraud: 3 written once more by a restart, the same');
  });

  it('lets a person find an alarm that the record does not name', async () => {
    const own = createStory(spec);
    own.configure(spec, at(0));
    own.alarm('errors', 'firing', at(1));
    own.command({ kind: 'rollout.level', target: 'assist' }, at(2));
    const [, rolledBack, level] = own.records;
    expect([rolledBack!.reason, level!.verdict]).toEqual(['alarms fire: errors', 'rollback']);
    await write(own.records, [], own.commands);
    expect((await reportOf()).services[0]).toMatchObject({
      faults: [],
      verdicts: { checked: 3, unnamedAlarms: 1 },
    });
    expect((await verify()).out).toContain('1 roll-back verdicts in records of people rest on alarms');
  });

  it('judges a step by the stage that was open then', async () => {
    const text = FRAUD.replace('[5, 25]', '[5, { share: 25, min_n: 1500 }]');
    dir = folder({ ...FILES, 'services/fraud.yaml': text });
    const { services } = await loadConfig(dir, registries, { env: {} });
    const own = createStory(services.find(({ service }) => service === 'fraud')!);
    own.configure(services.find(({ service }) => service === 'fraud')!, at(0));
    own.window(at(1), EQUAL);
    // Enough for the first step, and too few for the second.
    expect(own.records.map(({ event, verdict }) => `${event} ${verdict}`).slice(1)).toEqual([
      'advanced keep',
      'verdict inconclusive',
    ]);
    await write(own.records, own.results);
    expect(await reportOf()).toMatchObject({ ok: true, services: [{ verdicts: { checked: 3 } }] });
  });

  describe('with what requests say of who answered', () => {
    const told = (split: Record<string, number>): Story => {
      const own = createStory(spec);
      own.configure(spec, at(0));
      own.answered(at(1), { '1=mlp': 475, '1=forest': 25, '=mlp': 475, '=forest': 25 });
      own.window(at(1), EQUAL);
      own.answered(at(3), split);
      own.window(at(3), BETTER);
      own.answered(at(5), { '=forest': 1 });
      own.window(at(4), { ...WORSE, worse: 900 });
      return own;
    };

    it('takes the split and the exposure into account', async () => {
      const sound = told({ '2=mlp': 750, '2=forest': 250, '=forest': 300 });
      const broken = told({ '2=mlp': 400, '2=forest': 600, '=forest': 600 });
      expect(sound.records.map(({ event, doubt }) => `${event} ${doubt}`)).not.toContain(
        'verdict split_broken',
      );
      expect(broken.records.map(({ event, doubt }) => `${event} ${doubt}`)).toContain('verdict split_broken');
      for (const [own, exposed] of [[sound, 326] as const, [broken, 626] as const]) {
        expect(own.records.at(-1)).toMatchObject({ event: 'rolled_back', exposed });
        expect(own.records.at(-1)!.reason).toMatch(`; the candidate has answered ${exposed} requests`);
        await write(own.records, own.results);
        expect(await faultsOf()).toEqual([]);
      }
    });

    it('counts whom the candidate has answered once more', async () => {
      const { records, results } = told({ '2=mlp': 750, '2=forest': 250, '=forest': 300 });
      await write(
        records,
        results.filter(({ metric, windowEndMs }) => metric !== 'answered' || windowEndMs !== at(3)),
      );
      expect(await faultsOf()).toEqual([
        expect.stringMatching(/^\d+ it says that 325 requests were answered by forest, the windows 25$/),
      ]);
    });

    it('finds it changed', async () => {
      const { records, results } = told({ '2=mlp': 400, '2=forest': 600, '=forest': 600 });
      const [broken, last] = [records.findIndex(({ doubt }) => doubt === 'split_broken'), records.length - 1];
      const changed = async (i: number, change: Partial<RolloutRecord>): Promise<string[]> => {
        await write(sealed(records.map((one, j) => (i === j ? { ...one, ...change } : one))), results);
        return (await faultsOf()).map((fault) => fault.replace(/^\d+ /, ''));
      };
      const { split } = records[broken]!;
      const other = split.map((one) => ({ ...one, counts: one.counts.map((n) => Math.floor(n / 40)) }));
      expect((await changed(broken, { split: other })).join('; ')).toMatch(
        /computed again, the verdict is [a-z_ ]+ and not inconclusive split_broken/,
      );
      expect(await changed(last, { exposed: 5 })).toContain('exposed falls from 625 to 5');
      expect(await changed(last, { split: other })).toContain(
        'requests under the table of epoch 2 get fewer',
      );
      expect(await changed(last, { split: split.map((one) => ({ ...one, shares: [0.5, 0.5] })) })).toContain(
        'the shares of the table of epoch 2 are others than before',
      );
    });
  });

  describe('with requests that one or the other has answered', () => {
    beforeEach(async () => {
      const more = '  evidence: both\n  feedback: { redo: {} }\n';
      const text = `${FRAUD.replace('  labels:', '  feedback: { topic: fraud.feedback }\n  labels:')}${more}`;
      dir = folder({ ...FILES, 'services/fraud.yaml': text });
      const { services } = await loadConfig(dir, registries, { env: {} });
      spec = services.find(({ service }) => service === 'fraud')!;
      story = createStory(spec);
      story.configure(spec, at(0));
      const arms = (requests: number, wrong: number, redo: number) => ({
        ...{ '1=mlp=requests': 19 * requests, '1=mlp=labelled': 19 * requests, '1=mlp=wrong': 19 * wrong },
        ...{ '1=forest=requests': requests, '1=forest=labelled': requests, '1=forest=wrong': wrong },
        ...{ '1=mlp=redo': 19 * wrong, '1=forest=redo': redo },
      });
      story.window(at(1), EQUAL, 1, arms(100, 10, 10));
      story.window(at(2), EQUAL, 1, arms(100, 10, 10));
      story.window(at(3), EQUAL, 1, { ...arms(200, 20, 180) });
    });

    it('computes every verdict again', async () => {
      expect(story.records.at(-1)!.reason).toMatch(/^redo of the candidate is worse, by /);
      await write(story.records, story.results);
      expect(await reportOf()).toMatchObject({ ok: true });
    });

    it('finds a tally changed, though all hashes were made anew', async () => {
      const last = story.records.length - 1;
      const changed = async (
        change: (tally: RolloutTally) => Partial<RolloutTally>,
        metric = 1,
      ): Promise<string> => {
        const records = structuredClone(story.records);
        const [tally] = records[last]!.metrics[metric]!.tallies;
        Object.assign(tally!, change(tally!));
        await write(sealed(records), story.results);
        return (await faultsOf()).join('; ');
      };
      expect(await changed(({ candidate }) => ({ candidate: { ...candidate, bad: 40 } }))).toMatch(
        /computed again, .*logEWorse of redo is /,
      );
      expect(await changed(() => ({ centre: 0.3 }))).toMatch(/redo: its centre was 0.1 and is 0.3/);
      expect(await changed(() => ({ primary: { n: 5, bad: 1 } }), 0)).toMatch(
        /wrong_answers: requests that were dealt with 0.05 get fewer/,
      );
      const records = structuredClone(story.records);
      records[last]!.metrics.pop();
      await write(sealed(records), story.results);
      expect((await faultsOf()).join('; ')).toMatch(/its metric 2 is redo and not none.*are gone/);
    });
  });

  it('passes over what others wrote', async () => {
    await write(story.records);
    await log.append([{ topic: 't.rollout', partition: 0, key: 'x', value: Buffer.from('nonsense') }]);
    expect(await reportOf()).toMatchObject({ ok: true, unreadable: ['t.rollout/0@0'] });
  });

  describe('finds a broken chain', () => {
    it.each<[string, () => RolloutRecord[], string[]]>([
      [
        'a record that is gone',
        () => story.records.filter(({ seq }) => seq !== 3),
        ['4 record 3 is missing before it'],
      ],
      ['the first ones gone', () => story.records.slice(2), ['3 records 1 to 2 are missing before it']],
      [
        'a record that was changed',
        () => withChange(3, { reason: 'dinner' }),
        [
          expect.stringMatching(
            /^3 it was changed: its hash is .*, and what it says has /,
          ) as unknown as string,
        ],
      ],
      [
        'a record that was changed with its hash',
        () =>
          story.records.map((record) => {
            const changed = { ...record, reason: 'dinner' };
            return record.seq === 3 ? { ...changed, hash: hashOf(changed) } : record;
          }),
        [
          expect.stringMatching(
            /^4 it follows a record with the hash .*, and that before it has /,
          ) as unknown as string,
        ],
      ],
      [
        'another record in its place',
        () => [...story.records, { ...story.records[2]!, by: 'bob' }],
        ['3 another record with this number stands at t.rollout/1@2'],
      ],
      [
        'another order',
        () => [story.records[1]!, story.records[0]!, ...story.records.slice(2)],
        expect.arrayContaining([
          '2 record 1 is missing before it',
          '1 it comes after record 2: the order was changed',
        ]) as unknown as string[],
      ],
    ])('%s', async (_, records, faults) => {
      await write(records());
      expect(await faultsOf()).toEqual(faults);
      const { code, err, out } = await verify();
      expect(code).toBe(1);
      expect(err).toMatch(/^error\[audit_failed\] fraud: record \d+ at t\.rollout\/1@\d+: /);
      expect(out).toMatch(/fraud +\d+ +3 +\d faults? /);
    });
  });

  /** Somebody who hashes the whole chain anew cannot make verdicts follow from what they do not follow from. */
  describe('finds in a chain that is whole', () => {
    it.each<[string, string | number, (record: RolloutRecord) => Partial<RolloutRecord>, string]>([
      ['another verdict', 'verdict', () => ({ verdict: 'keep' }), 'the verdict is promote and not keep'],
      [
        'another doubt',
        'started',
        () => ({ doubt: 'too_few' }),
        'the verdict is inconclusive no_data and not inconclusive too_few',
      ],
      ['another difference', 'verdict', () => ({ difference: 0 }), 'difference is -0.'],
      ['another interval', 'verdict', ({ low }) => ({ low: low! - 0.001 }), 'low is '],
      ['more evidence', 'verdict', ({ logEBetter }) => ({ logEBetter: logEBetter + 1 }), 'logEBetter is '],
      ['less needed', 'advanced', () => ({ needed: 3 }), /needed is \d+ and not 3/.source],
      [
        'another reason',
        'verdict',
        () => ({ reason: 'because' }),
        "its reason is 'because', that of its verdict '",
      ],
      ['other counts', 'verdict', ({ counts }) => ({ counts: { ...counts, better: 500 } }), 'difference is '],
      [
        'counts that cannot be',
        'verdict',
        ({ counts }) => ({ counts: { ...counts, better: 5000 } }),
        'its verdict cannot be computed: .*discordant',
      ],
      ['a plan that cannot be read', 'verdict', () => ({ spec: '{' }), 'its verdict cannot be computed'],
      [
        'another plan',
        'verdict',
        ({ spec }) => ({ spec: spec.replace('"margin":0.01', '"margin":0.2') }),
        'its plan is another than at the start',
      ],
      [
        'another share',
        'advanced',
        () => ({ share: 0.9 }),
        'a share of 0.9, that of its plan canary with 0.25',
      ],
      [
        'another candidate',
        'verdict',
        () => ({ candidate: 'mlp' }),
        'its candidate is mlp, that of its plan forest',
      ],
      [
        'a step that a person took, as if by itself',
        'paused',
        () => ({ by: '' }),
        "nobody asked for 'paused'",
      ],
      [
        'an advance before its time',
        'advanced',
        () => ({ atMs: at(0.5) }),
        'the time of stage 1 was not over',
      ],
      [
        'a time that goes back',
        'paused',
        () => ({ atMs: at(0) }),
        'its time is before that of the record before',
      ],
      [
        'an alarm that is no guard rail',
        13,
        () => ({ reason: 'alarms fire: drift' }),
        'alarms of drift are no guard rails',
      ],
      [
        'a roll-back without harm',
        13,
        () => ({ reason: 'who knows' }),
        'the verdict is keep and not rollback',
      ],
      [
        'a deadline that has not passed',
        13,
        () => ({ reason: 'the deadline has passed' }),
        'its deadline has not passed',
      ],
      [
        'a promotion out of turn',
        6,
        () => ({ event: 'promoted', status: 'promoted' }),
        'it is promoted from stage 2 of 3',
      ],
      ['a start of what runs', 'verdict', () => ({ event: 'started' }), 'the roll-out was started already'],
    ])('%s', async (_, which, change, words) => {
      const seq = typeof which === 'number' ? which : seqOf(which);
      const records = story.records.map((record) =>
        record.seq === seq ? { ...record, ...change(record) } : record,
      );
      await write(sealed(records));
      const faults = await faultsOf();
      expect(faults.filter((fault) => fault.startsWith(`${seq} `)).join('\n')).toMatch(new RegExp(words));
      expect(faults.join()).not.toContain('hash');
    });

    it('an advance with too few labels, or on a verdict that is not enough', async () => {
      // The whole story is another one: a plan that asks for more than there was.
      const [from, to] = ['"nMin":100', '"nMin":1001'];
      await write(sealed(story.records.map((one) => ({ ...one, spec: one.spec.replaceAll(from, to) }))));
      expect((await faultsOf()).join('\n')).toMatch(/2 stage 1 had 1000 of 1001 labelled requests/);
      const needy = story.records.map((one) => ({
        ...one,
        spec: one.spec.replace('"needs":"keep"', '"needs":"promote"'),
      }));
      await write(sealed(needy));
      expect((await faultsOf()).join('\n')).toMatch(/2 stage 1 needs the verdict promote, and it was keep/);
      const manual = story.records.map((one) => ({
        ...one,
        spec: one.spec.replaceAll('"gate":"auto"', '"gate":"manual"'),
      }));
      await write(sealed(manual));
      expect((await faultsOf()).join('\n')).toMatch(/2 the gate of stage 1 is manual, and it is advanced/);
    });
  });

  describe('looks for the commands that steps answer', () => {
    it.each<[string, number, Partial<RolloutRecord>, RegExp]>([
      ['a person without a command', 3, { commandId: '' }, /^3 it is by ann, and names no command$/],
      [
        'a command that is not there',
        3,
        { commandId: 'x' },
        /^3 command x, which it answers, is not on the log$/,
      ],
      ['another person', 3, { by: 'bob' }, /^3 it is by bob, and its command by ann$/],
      [
        'the service itself',
        2,
        { commandId: 'c0' },
        /^2 it is by the service itself, and its command by ann$/,
      ],
      [
        'a command for something else',
        3,
        { commandId: 'c1' },
        /^3 it is 'paused: lunch', and its command asks for rollout\.resume$/,
      ],
      [
        'a command that has its answer',
        5,
        { commandId: 'c0' },
        /^5 another record answers command c0 before it$/,
      ],
    ])('finds %s', async (_, seq, change, fault) => {
      await write(sealed(withChange(seq, change)));
      expect((await faultsOf())[0]).toMatch(fault);
    });

    it('says what retention has taken away', async () => {
      await write(story.records);
      expect((await reportOf()).services[0]!.commands).toEqual({ checked: story.commands.length, gone: 0 });
      log.trim('t.slots', slotsPartitionOf('fraud', 2), 2);
      const { services, ok } = await reportOf();
      expect([ok, services[0]!.commands]).toEqual([true, { checked: story.commands.length - 2, gone: 2 }]);
      expect((await verify()).out).toContain('fraud: commands of 2 steps are gone, and are not checked');
    });
  });

  describe('makes the routing tables once more', () => {
    const tableOf = (seq: number): RoutingTable => JSON.parse(story.records[seq - 1]!.table) as RoutingTable;
    const withTable = (
      seq: number,
      change: (table: RoutingTable) => RoutingTable | null,
    ): RolloutRecord[] => {
      const table = change(tableOf(seq));
      return sealed(withChange(seq, { table: table === null ? '' : JSON.stringify(table) }));
    };
    const moved = ({ ranges, ...one }: RoutedVersion): RoutedVersion => ({
      ...one,
      ranges: ranges.map(([from, to]) => [10_000 - to, 10_000 - from] as const).reverse(),
    });

    it.each<[string, () => RolloutRecord[], RegExp]>([
      [
        'another share',
        () =>
          withTable(seqOf('advanced'), (table) => ({
            ...table,
            versions: deal(table, [0.6, 0.4]),
          })),
        /^2 by its routing table mlp is primary with 0\.6, forest is canary with 0\.4, and mlp is primary with 0\.75, forest is canary with 0\.25 follows/,
      ],
      [
        'other keys of the same share',
        () => withTable(seqOf('advanced'), (table) => ({ ...table, versions: table.versions.map(moved) })),
        /^2 its routing table does not follow from that before: computed again, epoch 2 and mlp \[\[2500,10000\]\]/,
      ],
      [
        'another epoch',
        () => withTable(seqOf('advanced'), (table) => ({ ...table, epoch: 7 })),
        /^2 its routing table does not follow from that before: computed again, epoch 2 and .*, not 7 and/,
      ],
      [
        'another seed',
        () => withTable(seqOf('advanced'), (table) => ({ ...table, seed: 'mine' })),
        /^2 its routing table does not follow from that before/,
      ],
      [
        'a table that is gone',
        () => withTable(seqOf('advanced', 1), () => null),
        /^6 it has no routing table, and forest is primary with 1, mlp is previous with 0 follows from it$/,
      ],
      [
        'a model that nobody configured',
        () =>
          withTable(seqOf('advanced'), (table) => ({
            ...table,
            versions: [
              ...table.versions,
              { version: 'stranger', role: 'shadow', share: 1, ranges: [[0, 10_000]] },
            ],
          })),
        /^2 beside the roll-out its routing table has 'stranger', and the configuration ''$/,
      ],
      ['what is no table', () => withChange(2, { table: '{}' }), /its routing table cannot be computed: /],
    ])('%s is a fault', async (_, records, fault) => {
      await write(sealed(records()));
      expect((await faultsOf()).find((one) => fault.test(one))).toBeDefined();
    });

    /** The same split with other shares. */
    const deal = (table: RoutingTable, [primary, canary]: [number, number]): readonly RoutedVersion[] =>
      nextTable(table, [
        { version: 'mlp', role: 'primary', share: primary },
        { version: 'forest', role: 'canary', share: canary },
      ]).versions;
  });

  describe('counts once more', () => {
    const changed = (endMs: number, change: Partial<Result>): Result[] =>
      story.results.map((result) => (result.windowEndMs === endMs ? { ...result, ...change } : result));

    it.each<[string, () => Result[], string]>([
      [
        'a window with other counts',
        () => changed(at(1), { n: 999 }),
        'it counts 1000 labelled requests with a gain of 0, the windows 999 with 0',
      ],
      [
        'a window with another gain',
        () => changed(at(2), { value: 0.3 }),
        'with a gain of 190, the windows 2000 with 300',
      ],
      [
        'a window that is gone',
        () => story.results.slice(1),
        'it counts 1000 labelled requests with a gain of 0, the windows 0 with 0',
      ],
    ])('%s is a fault', async (_, results, words) => {
      await write(story.records, results());
      const [fault, ...more] = await faultsOf();
      expect(more).toEqual([]);
      expect(fault).toContain(words);
    });

    it('takes windows that do not count for nothing', async () => {
      const [first] = story.results as [Result];
      const others: Partial<Result>[] = [
        { final: false },
        { segment: 'country=de' },
        { model: 'mlp' },
        { subject: 'stolen' },
        { metric: 'agreement' },
        { service: 'plain' },
        // Before the start, and a window that lies across two.
        { windowEndMs: at(-1) },
        { windowEndMs: at(1.5) },
      ];
      await write(story.records, [...others.map((over) => ({ ...first, n: 77, ...over })), ...story.results]);
      expect(await faultsOf()).toEqual([]);
    });

    it('says what cannot be checked because the results are gone', async () => {
      await write(story.records);
      log.trim('t.results', 1, 2);
      const { services } = await reportOf();
      expect(services[0]!.faults).toEqual([]);
      expect(services[0]!.counts.unchecked).toMatchObject([
        { reason: 'results before 2026-01-05T11:00:00.000Z are gone' },
      ]);
      expect(services[0]!.counts.checked).toBe(5);
      expect((await verify()).out).toMatch(/counts of roll-out .* are not checked: results before/);
      log.trim('t.results', 1, 100);
      expect((await reportOf()).services[0]!.counts.unchecked).toHaveLength(3);
    });

    it('says so where the configuration is another one now', async () => {
      await write(story.records, changed(at(1), { n: 999 }));
      const file = join(dir, 'services/fraud.yaml');
      writeFileSync(file, FILES['services/fraud.yaml'].replace('max_delay: 1h', 'max_delay: 2h'));
      const { ok, services } = await reportOf();
      expect(ok).toBe(true);
      expect(services[0]!.counts.unchecked![0]!.reason).toMatch(/and the configuration is another one now$/);
      writeFileSync(file, FILES['services/plain.yaml'].replaceAll('plain', 'other'));
      expect((await reportOf()).services[0]!.counts.unchecked![0]!.reason).toBe(
        'the service is not configured',
      );
    });
  });
});
