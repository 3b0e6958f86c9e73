import { beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { slotsPartitionOf } from '../../src/flow/runtime.ts';
import { decodeSlots, encodePublic } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Log } from '../../src/log/port.ts';
import type { Append, Command, LogRecord, RolloutRecord, ServiceSpec } from '../../src/records.ts';
import { registries } from '../config/support.ts';
import { createStory, EQUAL, FILES, HOUR_MS, START_MS, type Story, WORSE } from './rollout-support.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const PARTITIONS = 3;
const TOPIC = 't.rollout';
let log: MemoryLog;
let dir = '';
let spec: ServiceSpec;
let story: Story;
/** Event time that is closed. */
let nowMs = START_MS;
let closed = 0;

beforeEach(async () => {
  log = createMemoryLog();
  log.createTopic('t.slots', PARTITIONS);
  log.createTopic(TOPIC, PARTITIONS);
  dir = folder(FILES);
  const { services } = await loadConfig(dir, registries, { env: {} });
  spec = services.find(({ service }) => service === 'fraud')!;
  story = createStory(spec);
  nowMs = START_MS;
  closed = 0;
});

const appendOf = (record: RolloutRecord): Append => ({
  topic: TOPIC,
  partition: 1,
  key: record.service,
  value: encodePublic('rollout', record, null),
});
const write = (records: readonly RolloutRecord[]) => log.append(records.map(appendOf));

/** The log, with a judge that obeys at once. */
const withJudge = (): Log => ({
  ...log,
  append: async (batch) => {
    await log.append(batch);
    for (const { topic, key, value } of batch) {
      if (topic !== 't.slots') continue;
      const found = decodeSlots({ key: Buffer.from(String(key)), value } as LogRecord);
      if (found?.type === 'command') await write(story.command(found.command, nowMs));
    }
  },
});
const cli = (args: string[], own: Log = withJudge()) =>
  telltale(
    ['--config', dir, 'rollout', ...args],
    fakeWiring({
      openLog: async () => ({
        ...own,
        close: async () => {
          closed++;
        },
      }),
    }),
  );
const steer = (name: string, ...args: string[]) =>
  cli([name, ...args, '--service', 'fraud', '--by', 'ann', '--wait', '20s']);

async function begin(): Promise<void> {
  story.configure(spec, START_MS);
  story.window(START_MS + HOUR_MS, EQUAL);
  nowMs = START_MS + 2 * HOUR_MS;
  await write(story.records);
}

async function commandsOf(service: string): Promise<Command[]> {
  const records = await log.read('t.slots', slotsPartitionOf(service, PARTITIONS), 0, 1000, 0);
  return records.flatMap((record) => {
    const found = decodeSlots(record);
    return found?.type === 'command' ? [found.command] : [];
  });
}

describe('telltale rollout status', () => {
  it('shows stage, share, verdict and evidence, and what happened last', async () => {
    await begin();
    const { code, out, err } = await cli(['status']);
    expect([code, err, closed]).toEqual([0, '', 1]);
    const [headings, row, note, ...rest] = out.trimEnd().split('\n');
    expect(headings).toMatch(
      /^SERVICE +CANDIDATE +STATUS +STAGE +SHARE +SINCE +LEVEL +VERDICT +WORSE BY +N /,
    );
    expect(row).toMatch(
      /^fraud +forest +running +2 of 3 canary +25 % +2026-01-05T10:00:00\.000Z +full +keep +0\.00 % \(-\d\.\d\d to \d\.\d\d %\) +1,000 +-?\d/,
    );
    expect(row).toMatch(/ 3\.69 +[\d,]+$/);
    expect(note).toBe('fraud: advanced: stage 1 of 3 is done: verdict keep');
    expect(rest).toEqual([]);
  });

  it('says how many requests the candidate has answered', async () => {
    await begin();
    const [last] = story.records.slice(-1);
    await write([{ ...last!, seq: last!.seq + 1, id: 'next', exposed: 1_234 }]);
    expect((await cli(['status'])).out).toContain('\nfraud: forest has answered 1,234 requests\n');
    expect(JSON.parse((await cli(['status', '--json'])).out).rollouts[0]).toMatchObject({
      exposed: 1_234,
      split: [],
    });
  });

  it('says what else is compared', async () => {
    await begin();
    const [last] = story.records.slice(-1);
    const [wrong] = last!.metrics;
    const redo = {
      ...{ metric: 'redo', n: 4_000, difference: 0.02, low: -0.01, high: 0.05 },
      ...{ logEWorse: 1.5, logEBetter: -0.25, tallies: [] },
    };
    await write([{ ...last!, seq: last!.seq + 1, id: 'next', metrics: [wrong!, redo] }]);
    expect((await cli(['status'])).out).toContain(
      '\nfraud: redo worse by 2.00 % (-1.00 to 5.00 %), 4,000 requests, for it -0.25, against 1.5\n',
    );
    expect(JSON.parse((await cli(['status', '--json'])).out).rollouts[0].metrics[1]).toEqual(redo);
  });

  it('says what was refused, by whom and why', async () => {
    await begin();
    await write(story.command({ kind: 'rollout.resume', by: 'bob' }, nowMs + HOUR_MS));
    const { out } = await cli(['status']);
    expect(out).toContain('2 of 3 canary');
    expect(out).toContain('fraud: refused to bob, 1h after that: resume: the roll-out is not paused');
  });

  it('shows a roll-back, a promotion and the level', async () => {
    await begin();
    await write(story.command({ kind: 'rollout.level', target: 'assist' }, nowMs));
    expect((await cli(['status'])).out).toMatch(/25 % .* assist +keep/);
    const from = story.records.length;
    story.window(START_MS + 2 * HOUR_MS, WORSE);
    await write(story.records.slice(from));
    expect((await cli(['status'])).out).toMatch(
      /rolled_back +2 of 3 canary +0 % .* rollback .*fraud: rolled back: wrong_answers/s,
    );
  });

  it('prints JSON, of one service, with those that have not started', async () => {
    const none = JSON.parse((await cli(['status', '--json'])).out);
    expect(none).toEqual({ ok: true, rollouts: [], notStarted: ['fraud'] });
    expect((await cli(['status'])).out).toBe('fraud: its roll-out has not started yet\n');
    await begin();
    const { rollouts } = JSON.parse((await cli(['status', '--json'])).out) as { rollouts: object[] };
    expect(rollouts).toMatchObject([
      {
        ...{ service: 'fraud', candidate: 'forest', stage: 1, stages: 3, status: 'running', level: 'full' },
        ...{ since: '2026-01-05T10:00:00.000Z', at: '2026-01-05T10:00:00.000Z', isDryRun: false },
        counts: { n: 1000, better: 10, worse: 10, due: 1000 },
      },
    ]);
    expect((await cli(['status', '--service', 'plain'])).out).toBe('no roll-outs\n');
    expect((await cli(['status', '--service', 'frud'])).code).toBe(2);
  });

  it('reads past what others wrote, and needs the topic', async () => {
    await begin();
    await log.append([{ topic: TOPIC, partition: 1, key: 'x', value: Buffer.from('nonsense') }]);
    expect((await cli(['status'])).out).toContain('2 of 3 canary');
    log = createMemoryLog();
    const { code, err } = await cli(['status']);
    expect([code, err.split('\n')[0]]).toEqual([1, 'error[topic_missing] topic t.rollout does not exist']);
  });
});

describe('telltale rollout start|pause|resume|promote|rollback|level', () => {
  it('writes a command, and prints what became of it', async () => {
    await begin();
    const { code, out, err } = await steer('pause', '--reason', 'a busy weekend');
    expect([code, closed, err]).toEqual([0, 1, 'written; waiting up to 20s for what becomes of it\n']);
    expect(out).toMatch(
      /^fraud: paused; forest is paused in stage 2 of 3 \(canary, 25 %\); verdict keep, worse by 0\.00 % \(.*\) on 1000 labels\n$/,
    );
    expect(await commandsOf('fraud')).toMatchObject([
      { service: 'fraud', kind: 'rollout.pause', target: '', by: 'ann', reason: 'a busy weekend' },
    ]);
  });

  it('steers through a whole roll-out and back', async () => {
    await begin();
    const told: string[] = [];
    for (const args of [
      ['pause'],
      ['resume'],
      ['promote'],
      ['promote'],
      ['level', 'partial'],
      ['rollback'],
      ['start'],
      ['promote', '--full'],
    ]) {
      const { code, out } = await steer(args[0]!, ...args.slice(1));
      told.push(`${code} ${out.slice(0, out.indexOf(' in stage'))}`);
    }
    expect(told).toEqual([
      '0 fraud: paused; forest is paused',
      '0 fraud: resumed; forest is running',
      '0 fraud: advanced; forest is running',
      '0 fraud: promoted; forest is promoted',
      '0 fraud: level full -> partial; forest is promoted',
      '0 fraud: rolled back; forest is rolled back',
      '0 fraud: started; forest is running',
      '0 fraud: promoted; forest is promoted',
    ]);
    expect((await commandsOf('fraud')).map(({ target }) => target).filter((target) => target !== '')).toEqual(
      ['partial', 'full'],
    );
  });

  it('ends with 1 and the reason when it is refused', async () => {
    await begin();
    const { code, err } = await steer('resume');
    expect(code).toBe(1);
    expect(err).toContain('error[command_refused] fraud: resume: the roll-out is not paused');
    expect(closed).toBe(1);
    const json = JSON.parse((await steer('start', '--json')).out) as Record<string, unknown>;
    expect(json).toMatchObject({
      ...{ ok: false, error: 'command_refused', message: 'fraud: start: it is under way' },
      command: { kind: 'rollout.start' },
      record: { event: 'refused', by: 'ann' },
    });
  });

  it('takes no record of another command or service for the answer, however alike it is', async () => {
    await begin();
    await write(story.command({ kind: 'rollout.pause', by: 'ann' }, nowMs));
    const foreign = story.records.at(-1)!;
    expect(foreign).toMatchObject({ event: 'paused', by: 'ann', commandId: 'c0' });
    // A judge that writes only these.
    const other: Log = {
      ...log,
      append: async (batch) => {
        await log.append(batch);
        if (batch[0]!.topic !== 't.slots') return;
        await log.append([{ topic: TOPIC, partition: 0, key: 'x', value: Buffer.from('nonsense') }]);
        const { command } = decodeSlots({
          key: Buffer.from(String(batch[0]!.key)),
          value: batch[0]!.value,
        } as LogRecord) as { command: Command };
        await write([
          foreign,
          { ...foreign, service: 'plain', commandId: command.id },
          { ...foreign, by: '', commandId: '' },
        ]);
      },
    };
    const { code, err } = await cli(['pause', '--service', 'fraud', '--by', 'ann', '--wait', '1ms'], other);
    expect(code).toBe(1);
    expect(err).toContain('error[command_unanswered] rollout.pause of fraud: no answer within 1ms');
    expect(await commandsOf('fraud')).toHaveLength(1);
  });

  it('tells each of two equal commands its own answer, and compaction keeps both', async () => {
    await begin();
    const both = await Promise.all([steer('pause'), steer('pause')]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    const keys = (await log.read('t.slots', slotsPartitionOf('fraud', PARTITIONS), 0, 1000, 0)).map(
      ({ key }) => String(key),
    );
    expect(new Set(keys).size).toBe(2);
    const answered = story.records.filter(({ by }) => by === 'ann').map(({ commandId }) => commandId);
    expect((await commandsOf('fraud')).map(({ id }) => id).sort()).toEqual(answered.sort());
  });

  it('does not wait with --wait 0s', async () => {
    const { code, out, err } = await cli(['rollback', '--service', 'fraud', '--wait', '0s'], log);
    expect([code, out, err]).toEqual([0, 'written; what becomes of it appears on t.rollout\n', '']);
  });

  it.each([
    [['pause', '--service', 'frud'], "no service 'frud'"],
    [['start', '--service', 'plain'], 'plain has no section rollout'],
    [['pause', '--service', 'fraud', '--wait', 'long'], "--wait: 'long' is no duration"],
    [['pause', '--service', 'fraud', '--by', ' '], '--by: say who decides'],
    [['level', 'assits', '--service', 'fraud'], "no level 'assits', allowed: human_only, shadow, assist"],
    [['level', 'assits', '--service', 'fraud'], "did you mean 'assist'?"],
    [['level', '--service', 'fraud'], "missing required argument 'level'"],
  ])('%j is wrong usage', async (args, words) => {
    const { code, err } = await cli(args);
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(await commandsOf('fraud')).toEqual([]);
  });
});
