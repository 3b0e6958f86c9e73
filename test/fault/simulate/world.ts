/**
 * The daemon's own tasks on a broker that misbehaves: processes that crash between any two steps on the log, freeze
 * past their session and go on as zombies, are told of a rebalance late, or leave in order. Everything from a seed.
 */

import { createRuntime, NO_COUNTS, taskFor, writeConfigs } from '../../../src/flow/assembly.ts';
import { type Runtime, topicNames } from '../../../src/flow/runtime.ts';
import type { Log, PartitionHandler } from '../../../src/log/port.ts';
import type { Append, LogRecord, ServiceSpec } from '../../../src/records.ts';
import { createIdleGuesser, type Rule, seenByJudge, seenByRestore } from './breaks.ts';
import { type Broker, createBroker, type Owner } from './broker.ts';
import { type Fiber, type Gate, startFiber } from './fiber.ts';
import type { Random } from './random.ts';
import { INPUT_PARTITIONS, MINUTE, type Produced } from './traffic.ts';

const INTERNAL_PARTITIONS = 2;
export const TOPICS = topicNames('t.');

interface Task {
  topic: string;
  partition: number;
  owner: Owner;
  handler: PartitionHandler;
  gate: { now: Gate };
  opened: boolean;
  /** Next offset to handle. */
  position: number;
  fiber: Fiber | null;
}

interface Process {
  id: number;
  runtime: Runtime;
  tasks: Map<string, Task>;
  /** Of the assignment that it knows of. */
  generation: number;
  frozen: boolean;
  /** What it has been told to write and has not written (rule R3 broken). */
  unwritten: (readonly Append[])[];
}

export interface WorldOptions {
  spec: ServiceSpec;
  traffic: readonly Produced[];
  random: Random;
  /** No faults, one process: what the outcome must be. */
  calm: boolean;
  broken: Rule | null;
}

export interface World {
  broker: Broker;
  run(): Promise<void>;
}

const key = (topic: string, partition: number): string => `${topic}/${partition}`;
const noGate: Gate = async () => {};

export async function createWorld({ spec, traffic, random, calm, broken }: WorldOptions): Promise<World> {
  const broker = createBroker();
  const inputs = spec.streams.map(({ topic }) => topic);
  for (const topic of inputs) broker.createTopic(topic, INPUT_PARTITIONS);
  for (const topic of Object.values(TOPICS)) broker.createTopic(topic, INTERNAL_PARTITIONS);
  const readPartitions = [...inputs, TOPICS.events, TOPICS.slots].flatMap((topic) =>
    Array.from({ length: broker.partitions(topic) }, (_, partition) => ({ topic, partition })),
  );
  const checkpoint = calm
    ? { everyMs: 1_000, recordsMax: 50, snapshotEveryMs: 1e9, snapshotRecords: 1e9 }
    : {
        everyMs: 1_000,
        recordsMax: 5 + random.below(60),
        snapshotEveryMs: 200 + random.below(5_000),
        snapshotRecords: 5 + random.below(80),
      };
  let clockMs = 0;
  let produced = 0;
  let generation = 0;
  let processCount = 0;
  let writerCount = 0;
  const processes = new Map<number, Process>();
  /** Of the group; a frozen or crashed process is one until its session has timed out. */
  const members = new Set<number>();
  /** Offset through which a judge's state is in a snapshot: compaction is slower than a judge. */
  const judged = new Map<number, number>();

  /** The log as a task of a process sees it. */
  const logOf = (process: () => Process | null, gate: { now: Gate }): Log => {
    const write = (batch: readonly Append[]): void => {
      broker.append(batch, clockMs);
      for (const { topic, partition, headers } of batch) {
        if (topic !== TOPICS.snapshots || headers?.owner !== 'judge') continue;
        judged.set(partition!, Math.max(judged.get(partition!) ?? -1, Number(headers.upTo)));
      }
    };
    return {
      partitions: async (topics) =>
        new Map(topics.map((topic) => [topic, broker.partitions(topic)] as const).filter(([, n]) => n > 0)),
      ends: async (topic, partition) => {
        await gate.now();
        return { first: 0, next: broker.next(topic, partition) };
      },
      append: async (batch) => {
        // Dying here, some of the partitions have got some of their records.
        await gate.now(() => {
          const reached = new Map<string, number>();
          const part = batch.filter((record) => {
            const target = key(record.topic, record.partition ?? -1);
            if (!reached.has(target)) reached.set(target, random.below(batch.length + 1));
            reached.set(target, reached.get(target)! - 1);
            return reached.get(target)! >= 0;
          });
          write(part);
        });
        const own = process();
        if (broken === 'R3' && own !== null) {
          own.unwritten.push(batch);
          return;
        }
        write(batch);
        // The acknowledgement was lost and the client wrote again.
        if (!calm && random.chance(0.03)) write(batch);
        await gate.now();
      },
      read: async (topic, partition, from, recordsMax) => {
        await gate.now();
        const records = broker.read(topic, partition, from, recordsMax);
        return topic === TOPICS.slots ? seenByRestore(broken, records) : records;
      },
      committed: async (_group, topic, partition) => {
        await gate.now();
        return broker.committed(topic, partition);
      },
      close: async () => {},
    };
  };

  const startProcess = async (): Promise<Process> => {
    const id = processCount++;
    const runtime = await createRuntime({
      log: logOf(() => null, { now: noGate }),
      group: 'g',
      prefix: 't.',
      services: [spec],
      schemas: null,
      scoring: { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
      checkpoint,
      nowMs: () => clockMs,
      counts: NO_COUNTS,
      logger: { info: () => {}, warn: () => {}, error: () => {} },
    });
    await writeConfigs(runtime);
    const process: Process = { id, runtime, tasks: new Map(), generation: -1, frozen: false, unwritten: [] };
    processes.set(id, process);
    members.add(id);
    return process;
  };

  const openTask = (process: Process, topic: string, partition: number, owner: Owner): void => {
    const gate = { now: noGate };
    const runtime: Runtime = {
      ...process.runtime,
      log: logOf(() => processes.get(process.id) ?? null, gate),
      newWriterId: () => (broken === 'R6' ? 'w' : `w${writerCount++}`),
    };
    const handler = taskFor(runtime, topic, partition, {
      commit: async (_topic, _partition, offset, metadata) => {
        await gate.now();
        broker.commit(owner, topic, partition, { offset, metadata: broken === 'R9' ? '' : metadata });
        await gate.now();
      },
    });
    process.tasks.set(key(topic, partition), {
      topic,
      partition,
      owner,
      handler,
      gate,
      opened: false,
      position: 0,
      fiber: null,
    });
  };

  /** Starts a call of a task, as a fiber that stops at the first step on the log. */
  const start = async (task: Task, call: () => Promise<void>): Promise<void> => {
    task.fiber = await startFiber((gate) => {
      task.gate.now = gate;
      return call();
    });
    settle(task);
  };

  const resume = async (task: Task): Promise<void> => {
    await task.fiber!.resume();
    settle(task);
  };

  /** A call that failed drops the handler, as a group does; a new one restores what was written. */
  const settle = (task: Task): void => {
    const { fiber } = task;
    if (fiber === null || !fiber.done) return;
    task.fiber = null;
    if (fiber.error === null) return;
    const process = processes.get(task.owner.process);
    if (process?.tasks.get(key(task.topic, task.partition)) !== task) return;
    const stale = broker.owners.get(key(task.topic, task.partition))?.generation !== task.owner.generation;
    if (!stale && !/ILLEGAL_GENERATION|lost/.test(String(fiber.error))) throw fiber.error;
    process.tasks.delete(key(task.topic, task.partition));
  };

  const heartbeatOf = (task: Task) => async (): Promise<void> => {
    await task.gate.now();
    const owner = broker.owners.get(key(task.topic, task.partition));
    // A zombie's heartbeat does not always come to an answer.
    if (owner?.generation !== task.owner.generation && random.chance(0.5)) throw new Error('lost');
  };

  const guessers = new Map<Task, ReturnType<typeof createIdleGuesser>>();
  const seen = (task: Task, records: LogRecord[]): LogRecord[] => {
    if (task.topic !== TOPICS.slots) return records;
    if (broken === 'R7') {
      if (!guessers.has(task)) guessers.set(task, createIdleGuesser(2_500));
      return guessers.get(task)!(records, clockMs);
    }
    return seenByJudge(broken, records);
  };

  const work = async (task: Task, recordsMax: number): Promise<boolean> => {
    if (!task.opened) {
      await start(task, async () => {
        const asked = await task.handler.open(heartbeatOf(task));
        const committed = broker.committed(task.topic, task.partition).offset ?? 0;
        task.position = asked === 'stay' ? committed : asked;
        task.opened = true;
      });
      return true;
    }
    const records = broker.read(task.topic, task.partition, task.position, recordsMax);
    if (records.length === 0) return false;
    await start(task, async () => {
      await task.handler.handle(seen(task, records), heartbeatOf(task));
      task.position = records.at(-1)!.offset + 1;
    });
    return true;
  };

  const tick = (task: Task): Promise<void> =>
    start(task, () => {
      const lag = broker.next(task.topic, task.partition) - task.position;
      return task.opened ? task.handler.tick(clockMs, lag) : Promise.resolve();
    });

  const finish = async (task: Task): Promise<void> => {
    while (task.fiber !== null) await resume(task);
  };

  /** A process hears of the present assignment: what runs ends, all handlers are made anew. */
  const learn = async (process: Process): Promise<void> => {
    for (const task of process.tasks.values()) await finish(task);
    process.tasks.clear();
    process.generation = generation;
    for (const { topic, partition } of readPartitions) {
      const owner = broker.owners.get(key(topic, partition));
      if (owner?.process === process.id) openTask(process, topic, partition, owner);
    }
  };

  const rebalance = async (): Promise<void> => {
    // Some have come to rest before the others go on; who has not is a zombie until it learns.
    for (const id of members) {
      const process = processes.get(id);
      if (process === undefined || process.frozen || random.chance(0.3)) continue;
      for (const task of process.tasks.values()) await finish(task);
      process.tasks.clear();
    }
    generation++;
    const list = [...members];
    for (const { topic, partition } of readPartitions) {
      if (list.length === 0) broker.owners.delete(key(topic, partition));
      else broker.owners.set(key(topic, partition), { process: random.pick(list), generation });
    }
  };

  /** The process is gone at once; each of its calls may still have done part of its step. */
  const crash = (process: Process): void => {
    for (const task of process.tasks.values())
      if (task.fiber?.onDeath && random.chance(0.5)) task.fiber.onDeath();
    processes.delete(process.id);
  };

  const leave = async (process: Process): Promise<void> => {
    for (const task of process.tasks.values()) {
      await finish(task);
      if (!process.tasks.has(key(task.topic, task.partition))) continue;
      if (task.opened) await start(task, () => task.handler.close());
      await finish(task);
    }
    processes.delete(process.id);
    members.delete(process.id);
    await rebalance();
  };

  const writeBehind = (process: Process, share: number): void => {
    process.unwritten = process.unwritten.filter((batch) => {
      if (!random.chance(share)) return true;
      broker.append(batch, clockMs);
      return false;
    });
  };

  const produce = (count: number): void => {
    for (; count > 0 && produced < traffic.length; count--, produced++) {
      const { timestampMs, ...record } = traffic[produced]!;
      broker.append([record], timestampMs);
    }
  };

  /** What a compacted log has lost shows when somebody restores from it, so often somebody does. */
  const compact = async (): Promise<void> => {
    for (let partition = 0; partition < INTERNAL_PARTITIONS; partition++) {
      const through = judged.get(partition) ?? -1;
      broker.compact(TOPICS.slots, partition, random.chance(0.7) ? through : random.below(through + 2) - 1);
    }
    if (random.chance(0.6)) await rebalance();
  };

  const fault = async (): Promise<void> => {
    const running = [...processes.values()].filter(({ frozen }) => !frozen);
    const dead = [...members].filter((id) => !processes.has(id));
    const kind = random.below(9);
    if (kind <= 1 && running.length > 0) crash(random.pick(running));
    else if (kind === 2 && running.length > 0) random.pick(running).frozen = true;
    else if (kind === 3 && running.length > 1) await leave(random.pick(running));
    else if (kind === 4 && processes.size < 4) {
      await startProcess();
      await rebalance();
    } else if (kind === 5) {
      for (const process of processes.values()) if (random.chance(0.5)) process.frozen = false;
    } else if (kind === 6) await compact();
    else {
      // Sessions time out: of the dead, and of who is frozen.
      for (const id of dead) members.delete(id);
      for (const { id, frozen } of processes.values()) if (frozen && random.chance(0.7)) members.delete(id);
      if (members.size === 0) await startProcess();
      await rebalance();
    }
  };

  const step = async (): Promise<void> => {
    clockMs += random.below(300);
    if (random.chance(0.05)) produce(1 + random.below(25));
    if (!calm && random.chance(0.015)) await fault();
    const awake = [...processes.values()].filter(({ frozen }) => !frozen);
    if (awake.length === 0) return;
    const process = random.pick(awake);
    writeBehind(process, 0.3);
    if (process.generation !== generation && random.chance(0.1)) {
      // Who has lost its membership and wakes up joins again.
      if (!members.has(process.id)) {
        members.add(process.id);
        await rebalance();
      }
      await learn(process);
      return;
    }
    const tasks = [...process.tasks.values()];
    if (tasks.length === 0) {
      if (process.generation === generation || random.chance(0.5)) await learn(process);
      return;
    }
    const task = random.pick(tasks);
    if (task.fiber !== null) {
      // Mostly on to the end: a run in which every step waits for all others gets nowhere.
      for (let i = random.below(12); i >= 0 && task.fiber !== null; i--) await resume(task);
    } else if (random.chance(0.2)) await tick(task);
    else await work(task, 1 + random.below(40));
  };

  /** Everybody alive knows the assignment and works until nothing moves. */
  const drain = async (): Promise<void> => {
    produce(traffic.length);
    for (const process of processes.values()) {
      process.frozen = false;
      for (const task of process.tasks.values()) await finish(task);
      process.tasks.clear();
      writeBehind(process, 1);
    }
    members.clear();
    for (const { id } of processes.values()) members.add(id);
    if (members.size === 0) await startProcess();
    await rebalance();
    for (const process of processes.values()) await learn(process);
    // In the end all have been silent for long: where silence counts, the last windows close too.
    let isLong = false;
    for (let quiet = 0; quiet < 3; ) {
      if (quiet === 2 && !isLong) {
        isLong = true;
        clockMs += 2 * MINUTE;
        quiet = 0;
      }
      let moved = false;
      for (const process of processes.values()) {
        for (const task of [...process.tasks.values()]) {
          while (await work(task, 1_000)) {
            moved = true;
            await finish(task);
          }
          clockMs += 300;
          await tick(task);
          await finish(task);
          writeBehind(process, 1);
        }
        if (
          process.tasks.size <
          readPartitions.filter((p) => broker.owners.get(key(p.topic, p.partition))?.process === process.id)
            .length
        )
          await learn(process);
      }
      quiet = moved ? 0 : quiet + 1;
    }
  };

  return {
    broker,
    async run() {
      await startProcess();
      if (!calm) for (let i = random.below(3); i > 0; i--) await startProcess();
      await rebalance();
      for (const process of processes.values()) await learn(process);
      if (!calm) while (produced < traffic.length || random.chance(0.995)) await step();
      await drain();
    },
  };
}
