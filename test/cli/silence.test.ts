import { beforeEach, describe, expect, it } from 'vitest';
import { createJudge, snapshotJudge } from '../../src/flow/judge.ts';
import { commandAppend } from '../../src/flow/outbox.ts';
import { judgeGroupOf, type Runtime, slotsPartitionOf, topicNames } from '../../src/flow/runtime.ts';
import { writeSnapshot } from '../../src/flow/snapshots.ts';
import { decodeSlots } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Command, LogRecord, SilenceSpec } from '../../src/records.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const PARTITIONS = 3;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const service = (name: string) =>
  `service: ${name}
streams: { requests: { topic: ${name}.requests } }
inputs: { amount: { type: numeric } }
rules:
  - { name: drift, metric: psi, subject: amount, warning: "> 0.1" }
  - { name: volume-low, metric: volume, warning: "< 1" }
`;

let log: MemoryLog;
let closed = 0;
let dir = '';

beforeEach(() => {
  closed = 0;
  log = createMemoryLog();
  log.createTopic('t.slots', PARTITIONS);
  log.createTopic('t.snapshots', PARTITIONS);
  dir = folder({
    'telltale.yaml': 'topics: { prefix: t. }\nkafka: { group: g }\n',
    'services/fraud.yaml': service('fraud'),
    'services/shop.yaml': service('shop'),
  });
});

const wiring = () =>
  fakeWiring({
    openLog: async () => ({
      ...log,
      close: async () => {
        closed++;
      },
    }),
  });
const cli = (...args: string[]) => telltale(['--config', dir, ...args], wiring());
const add = (...args: string[]) => cli('silence', 'add', '--service', 'fraud', ...args);

async function commandsOf(name: string): Promise<Command[]> {
  const records = await log.read('t.slots', slotsPartitionOf(name, PARTITIONS), 0, 1000, 0);
  return records.flatMap((record: LogRecord) => {
    const found = decodeSlots(record);
    return found?.type === 'command' ? [found.command] : [];
  });
}
const targetOf = (command: Command | undefined) => JSON.parse(command!.target) as SilenceSpec;

describe('telltale silence add', () => {
  it('writes a command to the slots of the service and prints its id', async () => {
    const before = Date.now();
    const { code, out, err } = await add(
      ...['--match', 'rule=drift', '--match', 'segment=country=*', '--match', 'segment=plan=pro'],
      ...['--for', '2h', '--by', 'ann', '--reason', 'campaign'],
    );
    expect([code, err, closed]).toEqual([0, '', 1]);
    const [command, ...more] = await commandsOf('fraud');
    expect(more).toEqual([]);
    expect(command).toMatchObject({
      service: 'fraud',
      kind: 'silence.add',
      by: 'ann',
      reason: 'campaign',
    });
    const { match, fromMs, untilMs } = targetOf(command);
    expect(match).toEqual({ rule: ['drift'], segment: ['country=*', 'plan=pro'] });
    expect(untilMs - fromMs).toBe(2 * HOUR_MS);
    expect(fromMs).toBeGreaterThanOrEqual(before);
    const [id, words] = out.split('\n');
    expect(id).toBe(command!.id);
    expect(words).toMatch(/^silences rule=drift segment=country=\*\|plan=pro of fraud from .* until /);
  });

  it('takes times, all alarms and kinds of metrics, and prints JSON', async () => {
    const times = ['--from', '2026-12-01T22:00Z', '--until', '2026-12-02T02:00+01:00'];
    const { out } = await add('--all', ...times, '--json');
    const { id, command } = JSON.parse(out) as { id: string; command: Command };
    expect(command.id).toBe(id);
    expect(targetOf(command)).toEqual({
      match: {},
      fromMs: Date.UTC(2026, 11, 1, 22),
      untilMs: Date.UTC(2026, 11, 2, 1),
    });
    await add('--match', 'kind=software', '--match', 'kind=agreement', '--for', '366d');
    expect(targetOf((await commandsOf('fraud'))[1]).match).toEqual({ metric: ['agreement', 'memory'] });
  });

  it.each<[string[], string]>([
    [['--for', '2h'], 'say which alarms'],
    [['--all', '--match', 'rule=drift', '--for', '2h'], '--all is for every alarm'],
    [['--all'], 'say how long'],
    [['--all', '--for', '2h', '--until', '2999-01-01T00:00Z'], 'say how long'],
    [['--all', '--for', 'long'], "--for: 'long'"],
    [['--all', '--for', '0h'], "--for: '0h'"],
    [['--all', '--for', '367d'], '366 days at most'],
    [['--all', '--from', '2026-01-02T00:00Z', '--until', '2026-01-02T00:00Z'], 'is not after'],
    [['--all', '--from', 'noon', '--for', '1h'], "--from: 'noon'"],
    [['--all', '--until', '2026-01-02'], "--until: '2026-01-02'"],
    [['--match', 'drift', '--for', '1h'], "'drift' is not of the form field=text"],
    [['--match', 'rul=drift', '--for', '1h'], "no field 'rul', allowed: rule, metric"],
    [['--match', 'rul=drift', '--for', '1h'], "did you mean 'rule'?"],
    [
      ['--match', 'rule=drfit', '--for', '1h'],
      "no rule 'drfit', allowed: drift, volume-low; did you mean 'drift'?",
    ],
    [['--match', 'rule=x*', '--for', '1h'], "no rule 'x*'"],
    [['--match', 'rule=budget', '--for', '1h'], "no rule 'budget'"],
    [['--match', 'metric=psy', '--for', '1h'], "did you mean 'psi'?"],
    [['--match', 'level=high', '--for', '1h'], "no level 'high', allowed: info, warning, critical"],
    [['--match', 'kind=in*', '--for', '1h'], "no kind 'in*', allowed: input, output"],
    [['--match', 'kind=input', '--match', 'metric=memory', '--for', '1h'], 'no metric is of both'],
  ])('refuses %j', async (args, words) => {
    const { code, err } = await add(...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^error\[usage\]/);
    expect(err).toContain(words);
    expect(await commandsOf('fraud')).toEqual([]);
  });

  it('refuses a service that there is not, and a log without the topic', async () => {
    const { code, err } = await cli('silence', 'add', '--service', 'frud', '--all', '--for', '1h');
    expect([code, closed]).toEqual([2, 0]);
    expect(err).toContain("no service 'frud'; there are fraud, shop");
    log = createMemoryLog();
    for (const args of [
      ['add', '--service', 'fraud', '--all', '--for', '1h'],
      ['expire', 'x', '--service', 'fraud'],
      ['list'],
    ]) {
      const failed = await cli('silence', ...args);
      expect(failed.code).toBe(1);
      expect(failed.err).toContain('error[topic_missing] topic t.slots does not exist');
    }
    expect(closed).toBe(3);
  });
});

const silence = (fromMs: number, untilMs: number, by = 'bob') => ({
  match: { rule: ['drift'] },
  fromMs,
  untilMs,
  by,
  reason: 'r',
});
const command = (id: string, given: Partial<Command>) =>
  commandAppend('t.slots', PARTITIONS, {
    id,
    service: 'fraud',
    kind: 'silence.add',
    target: '',
    by: 'bob',
    reason: 'r',
    ...given,
  });

/** As the judge of the partition writes it, through the records that are there. */
async function snapshot(states: object[]): Promise<void> {
  const runtime = { log, topics: topicNames('t.') } as unknown as Runtime;
  const partition = slotsPartitionOf('fraud', PARTITIONS);
  const { next } = await log.ends('t.slots', partition);
  const bytes = Buffer.from(JSON.stringify(states));
  await writeSnapshot(runtime, 'judge', partition, 'w', { upTo: next - 1, bytes });
}

async function listed(...args: string[]): Promise<[string, string, string][]> {
  const { out } = await cli('silence', 'list', '--json', ...args);
  const { silences } = JSON.parse(out) as { silences: { id: string; service: string; state: string }[] };
  return silences.map(({ id, service, state }) => [id, service, state]);
}

describe('telltale silence list', () => {
  it('reads what the judge knows, and what was asked for since then', async () => {
    const now = Date.now();
    const target = JSON.stringify({ match: {}, fromMs: now - DAY_MS, untilMs: now + DAY_MS });
    // Before the snapshot: the judge has dropped it.
    await log.append([command('old', { target })]);
    const judge = createJudge('fraud');
    Object.assign(judge.incidents.silences, {
      past: silence(0, 1000),
      later: silence(now + DAY_MS, now + 2 * DAY_MS),
      now: silence(now - DAY_MS, now + DAY_MS),
      ended: silence(now - DAY_MS, now + DAY_MS),
    });
    const gone = createJudge('gone');
    gone.incidents.silences.strange = silence(0, 1);
    // The first is of an older version.
    await snapshot([{ service: 'shop' }, snapshotJudge(judge, 0), snapshotJudge(gone, 0)]);
    await log.append([
      command('new', { target }),
      command('broken', { target: '{' }),
      command('less', { target: '{}' }),
      command('other', {
        target: JSON.stringify({ match: { rule: 'drift' }, fromMs: 0, untilMs: now + DAY_MS }),
      }),
      command('e', { kind: 'silence.expire', target: 'ended' }),
      command('f', { kind: 'silence.expire', target: 'unknown' }),
      command('of shop', { service: 'shop', target }),
    ]);
    await log.append([
      {
        topic: 't.slots',
        partition: slotsPartitionOf('fraud', PARTITIONS),
        key: 'command|fraud',
        value: Buffer.from('no command'),
      },
    ]);
    const all = [
      ['new', 'fraud', 'active'],
      ['now', 'fraud', 'active'],
      ['of shop', 'shop', 'active'],
      ['later', 'fraud', 'pending'],
      ['past', 'fraud', 'expired'],
      ['ended', 'fraud', 'expired'],
    ];
    const found = await listed();
    expect(found.slice(3)).toEqual(all.slice(3));
    expect(found.slice(0, 3).sort()).toEqual(all.slice(0, 3));
    expect(await listed('--service', 'shop')).toEqual([['of shop', 'shop', 'active']]);
  });

  it('reads the whole log where there is no snapshot, and is a table for people', async () => {
    expect((await cli('silence', 'list')).out).toBe('no silences\n');
    await log.append([
      command('one', {
        target: JSON.stringify({
          match: { rule: ['drift'] },
          fromMs: 0,
          untilMs: Date.UTC(2999, 0),
        }),
        reason: 'a\nb',
      }),
    ]);
    const { out, code } = await cli('silence', 'list');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'SERVICE', 'STATE', 'MATCH', 'UNTIL', 'BY', 'REASON'],
      ['one', 'fraud', 'active', 'rule=drift', '2999-01-01T00:00:00.000Z', 'bob', 'a\\nb'],
      [''],
    ]);
  });

  it('begins to look for the snapshot where the judge has said', async () => {
    await snapshot([{ service: 'fraud', incidents: { silences: { first: silence(0, 1) } } }]);
    const read: number[] = [];
    const own = {
      ...log,
      committed: async (group: string) => ({
        offset: 0,
        metadata: group === judgeGroupOf('g') ? JSON.stringify({ snapshotFrom: 1 }) : '',
      }),
      read: async (topic: string, partition: number, from: number, max: number, waitMs: number) => {
        if (topic === 't.snapshots') read.push(from);
        return log.read(topic, partition, from, max, waitMs);
      },
    };
    await snapshot([{ service: 'fraud', incidents: { silences: { first: silence(0, 1) } } }]);
    await telltale(['--config', dir, 'silence', 'list'], fakeWiring({ openLog: async () => own }));
    expect(read).toEqual([1]);
  });
});

describe('telltale silence expire', () => {
  it('writes a command that names the silence', async () => {
    const { out } = await add('--all', '--for', '1h', '--json');
    const { id } = JSON.parse(out) as { id: string };
    const { code } = await cli('silence', 'expire', id, '--service', 'fraud', '--by', 'ann');
    expect(code).toBe(0);
    expect((await commandsOf('fraud'))[1]).toMatchObject({
      kind: 'silence.expire',
      target: id,
      by: 'ann',
      reason: '',
    });
    expect(await listed()).toEqual([[id, 'fraud', 'expired']]);
  });

  it('refuses what there is not', async () => {
    const { code, err } = await cli('silence', 'expire', 'x', '--service', 'fraud');
    expect(code).toBe(2);
    expect(err).toContain("no silence 'x' of fraud");
    expect(await commandsOf('fraud')).toEqual([]);
  });
});

describe('telltale retrain', () => {
  it('writes its commands in the same way', async () => {
    const { code, out } = await cli('retrain', 'approve', 'r1', '--service', 'fraud', '--by', 'ann');
    expect([code, closed]).toEqual([0, 1]);
    expect(out).toContain('appears on t.retrain');
    expect(await commandsOf('fraud')).toMatchObject([{ kind: 'retrain.approve', target: 'r1', by: 'ann' }]);
    expect((await cli('retrain', 'approve', 'r1', '--service', 'frud')).code).toBe(2);
  });
});
