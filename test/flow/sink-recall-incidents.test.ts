/** Receivers of incidents: what they know after a restart, and what they begin with. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendsOf } from '../../src/flow/outbox.ts';
import type { Runtime } from '../../src/flow/runtime.ts';
import { createSinkTask } from '../../src/flow/sink-task.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { PartitionHandler } from '../../src/log/port.ts';
import type { Incident, Level } from '../../src/records.ts';
import { pagerdutySink } from '../../src/sink/pagerduty.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { slackSink } from '../../src/sink/slack.ts';
import { makeIncident } from '../incidents.ts';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import { openRuntime, quiet } from './runtime.ts';

const noHeartbeat = async (): Promise<void> => {};
const GROUP = 'g.sink.pagerduty.page';
const TOPIC = 't.incidents';

let receiver: Receiver;
let log: MemoryLog;
let runtime: Runtime;
let written: number;

beforeEach(async () => {
  written = 0;
  receiver = await startReceiver();
  log = createMemoryLog({ now: () => 0 });
  runtime = await openRuntime(log);
});
afterEach(() => receiver.close());

const common = { on: 'incidents', template: null, link: null, timeoutMs: 5_000 } as const;
const pager = (level: Level = 'warning'): Promise<Sink> =>
  pagerdutySink.create(
    { ...common, level, name: 'page', url: `http://${receiver.host}/`, routingKey: 'K' },
    { log: quiet },
  );

interface Started {
  task: PartitionHandler;
  from: number | 'stay';
}

/** As a process that has just got the partition. */
async function start(sink: Sink): Promise<Started> {
  const commit = async (topic: string, partition: number, offset: number, metadata: string) =>
    log.commit(GROUP, topic, partition, offset, metadata);
  const task = createSinkTask(
    TOPIC,
    0,
    { commit },
    {
      sink,
      group: GROUP,
      runtime,
      signal: new AbortController().signal,
      onError: () => {},
      onWritten: () => {},
      onBack: () => {},
      onDead: ({ message }) => {
        throw new Error(message);
      },
    },
  );
  return { task, from: await task.open(noHeartbeat) };
}

async function run({ task, from }: Started, through = Number.POSITIVE_INFINITY): Promise<void> {
  const { offset } = await log.committed(GROUP, TOPIC, 0);
  const records = await log.read(TOPIC, 0, from === 'stay' ? (offset ?? 0) : from, 1_000, 0);
  for (const record of records) if (record.offset <= through) await task.handle([record], noHeartbeat);
}

const publish = (...incidents: Incident[]): Promise<void> =>
  log.append(incidents.flatMap((record) => appendsOf(runtime, { type: 'incident', record }, 'fraud')));

const of = (incidentId: string, over: Partial<Incident> = {}): Incident =>
  makeIncident({ id: `r${written++}`, incidentId, ...over });
const grows = (id: string): Incident => of(id, { notify: 'new_alerts_in_group' });
const stands = (id: string, over: Partial<Incident> = {}): Incident => of(id, { notify: '', ...over });
const ends = (id: string): Incident => of(id, { state: 'resolved', notify: 'all_alerts_resolved' });

/** What the receiver was told since the last call, as `+a` of what it opens and `-a` of what is over. */
const told = (): string[] =>
  receiver.posted.splice(0).map(({ body }) => {
    const { event_action, dedup_key } = JSON.parse(body) as { event_action: string; dedup_key: string };
    return `${event_action === 'trigger' ? '+' : '-'}${dedup_key}`;
  });

describe('a receiver that is new', () => {
  test('begins with what is open and told, each once, and not with the past', async () => {
    await publish(of('a'), of('b'), ends('a'), grows('b'), of('c'), stands('c'), stands('d'));
    await publish(
      of('e'),
      stands('e', { state: 'merged' }),
      of('f'),
      of('f', { notify: 'all_alerts_resolved' }),
    );
    const first = await start(await pager());
    expect(first.from).toBe(3);
    await publish(grows('c'), of('d'), ends('b'), ends('f'));
    await run(first);
    // The end of `f` is told in any case, as is that of an alarm: it does no harm.
    expect(told()).toEqual(['+b', '+c', '+c', '+d', '-b', '-f']);
    expect(await log.committed(GROUP, TOPIC, 0)).toEqual({ offset: 15, metadata: '' });
    expect((await start(await pager())).from).toBe('stay');
  });

  test('of a level hears of what is open at it now', async () => {
    await publish(of('a'), of('b'), of('c', { level: 'warning' }));
    await publish(stands('a', { level: 'warning' }), stands('b'), of('c', { notify: 'raised' }));
    const first = await start(await pager('critical'));
    expect(first.from).toBe(1);
    await publish(stands('b', { level: 'warning' }), of('a', { notify: 'raised' }));
    await run(first);
    expect(told()).toEqual(['+b', '+c', '-b', '+a']);
  });

  test('that dies on the way through the past hears nothing twice and forgets nothing', async () => {
    await publish(of('a'), of('b'), of('c'), ends('a'), grows('d'));
    const first = await start(await pager());
    expect(first.from).toBe(1);
    await run(first, 2);
    expect(told()).toEqual(['+b', '+c']);
    expect((await log.committed(GROUP, TOPIC, 0)).offset).toBe(3);
    await publish(stands('b', { state: 'merged' }), ends('c'));
    await run(await start(await pager()));
    expect(told()).toEqual(['+d', '-b', '-c']);
  });
});

describe('after a restart', () => {
  test('at every place the rest is told as if there had been none', async () => {
    const all = [
      ...[of('a'), of('b', { level: 'warning' }), stands('a'), grows('a'), stands('a', { level: 'warning' })],
      ...[of('b', { notify: 'raised' }), of('a', { notify: 'raised' }), ends('b'), of('c')],
      ...[stands('a', { state: 'resolved' }), stands('c', { state: 'merged' })],
    ];
    const start0 = await start(await pager('critical'));
    await publish(...all);
    await run(start0);
    const whole = told();
    expect(whole).toEqual(['+a', '+a', '-a', '+b', '+a', '-b', '+c', '-a', '-c']);
    for (let at = 0; at < all.length; at++) {
      log = createMemoryLog({ now: () => 0 });
      runtime = await openRuntime(log);
      const first = await start(await pager('critical'));
      await publish(...all);
      await run(first, at);
      await first.task.close();
      await run(await start(await pager('critical')));
      expect(told(), `after ${at}`).toEqual(whole);
    }
  });

  test('what a crash of the judge writes once more is not told again', async () => {
    const first = await start(await pager());
    const stretch = [of('a'), ends('a'), of('b')];
    await publish(...stretch);
    await run(first);
    await first.task.close();
    expect(told()).toEqual(['+a', '-a', '+b']);
    await publish(...stretch);
    await run(await start(await pager()));
    expect(told()).toEqual([]);
  });

  test('Slack knows what it was told too', async () => {
    const slack = (): Promise<Sink> =>
      slackSink.create(
        {
          ...common,
          level: 'warning',
          name: 'oncall',
          url: `http://${receiver.host}/`,
          template: '{{state}}',
        },
        { log: quiet },
      );
    const first = await start(await slack());
    await publish(of('a'), stands('a'));
    await run(first);
    await first.task.close();
    await publish(stands('a', { level: 'info' }), ends('b'));
    await run(await start(await slack()));
    const texts = receiver.posted.map(({ body }) => (JSON.parse(body) as { text: string }).text);
    expect(texts).toEqual(['open', 'eased', 'resolved']);
  });
});

test('bytes that are no incident hold up nothing', async () => {
  await log.append([{ topic: TOPIC, key: 'x', value: Buffer.from('no incident') }]);
  await publish(of('a'));
  const first = await start(await pager());
  expect(first.from).toBe(1);
  await run(first);
  expect(told()).toEqual(['+a']);
});
