/**
 * The same folds over the embedded log, driven step by step in a fixed order: the demo, replay of files and
 * tests. No groups, no timers; the caller decides when time passes.
 */

import type { MemoryLog } from '../log/memory.ts';
import type { PartitionHandler } from '../log/port.ts';
import type { Append, LogRecord } from '../records.ts';
import {
  closeRuntime,
  createRuntime,
  type RuntimeOptions,
  taskFor,
  writeConfigs,
  writeMissing,
} from './assembly.ts';
import type { EndingHandler } from './observe-task.ts';
import { type Runtime, topicNames } from './runtime.ts';

const READ_MAX = 4_096;
const noHeartbeat = async (): Promise<void> => {};

export interface Embedded {
  runtime: Runtime;
  append(batch: readonly Append[]): Promise<void>;
  /** Handles everything that can be read, until nothing moves. */
  pump(): Promise<void>;
  /** Lets the clock have its say on silent streams. */
  tick(): Promise<void>;
  /** All input has come: closes every window. */
  end(): Promise<void>;
  /** New records of a topic since the last call for it. */
  drain(topic: string): Promise<LogRecord[]>;
  close(): Promise<void>;
}

interface Reader {
  topic: string;
  partition: number;
  task: PartitionHandler;
  next: number;
}

export interface EmbeddedOptions extends RuntimeOptions {
  log: MemoryLog;
  partitions: number;
  /** Keep in the log what another instance would need to continue; otherwise what was read is forgotten. */
  restartable?: boolean;
  /** Takes the slots in place of the judge: for those who want the profiles themselves. */
  slotsHandler?: (partition: number) => PartitionHandler;
}

/** Creates our topics in the log; the input topics must have been created by the caller. */
export async function createEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { log } = options;
  const names = topicNames(options.prefix);
  for (const topic of Object.values(names)) log.createTopic(topic, options.partitions);
  const runtime = await createRuntime(options);
  const readers: Reader[] = [];
  const membership = {
    commit: async (topic: string, partition: number, offset: number, metadata: string) =>
      log.commit(options.group, topic, partition, offset, metadata),
  };
  const inputs = [...runtime.services.values()].flatMap(({ spec }) =>
    spec.streams.map((stream) => stream.topic),
  );
  for (const topic of [...inputs, names.events, names.slots]) {
    for (let partition = 0; partition < (runtime.partitions.get(topic) ?? 0); partition++) {
      const own = topic === names.slots ? options.slotsHandler : undefined;
      const task = own?.(partition) ?? taskFor(runtime, topic, partition, membership);
      const from = await task.open(noHeartbeat);
      const committed = await log.committed(options.group, topic, partition);
      readers.push({ topic, partition, task, next: from === 'stay' ? (committed.offset ?? 0) : from });
    }
  }
  await writeConfigs(runtime);
  await writeMissing(runtime);

  const drained = new Map<string, number>();

  const pump = async (): Promise<void> => {
    for (let moved = true; moved; ) {
      moved = false;
      for (const reader of readers) {
        const records = await log.read(reader.topic, reader.partition, reader.next, READ_MAX, 0);
        if (records.length === 0) continue;
        await reader.task.handle(records, noHeartbeat);
        reader.next = records.at(-1)!.offset + 1;
        moved = true;
      }
    }
    if (options.restartable === true) return;
    for (const { topic, partition, next } of readers) log.trim(topic, partition, next);
    for (let partition = 0; partition < options.partitions; partition++) {
      log.trim(names.snapshots, partition, (await log.ends(names.snapshots, partition)).next);
    }
  };

  /** Inputs before events before slots: what one stage writes when it closes, the next must still take. */
  const closeTasks = async (): Promise<void> => {
    const stageOf = (topic: string): number => (topic === names.slots ? 2 : topic === names.events ? 1 : 0);
    for (let stage = 0; stage <= 2; stage++) {
      for (const { topic, task } of readers) if (stageOf(topic) === stage) await task.close();
      await pump();
    }
  };

  return {
    runtime,
    pump,
    append: (batch) => log.append(batch),
    async tick() {
      for (const { task } of readers) await task.tick(runtime.nowMs(), 0);
      await pump();
    },
    async end() {
      await pump();
      for (const { task } of readers) if (isEnding(task)) await task.end();
      await pump();
      await closeTasks();
    },
    async drain(topic) {
      const found: LogRecord[] = [];
      for (let partition = 0; partition < options.partitions; partition++) {
        const key = `${topic}/${partition}`;
        for (;;) {
          const records = await log.read(topic, partition, drained.get(key) ?? 0, READ_MAX, 0);
          if (records.length === 0) break;
          found.push(...records);
          drained.set(key, records.at(-1)!.offset + 1);
        }
        log.trim(topic, partition, drained.get(key) ?? 0);
      }
      return found;
    },
    close: () => closeRuntime(runtime),
  };
}

const isEnding = (task: PartitionHandler): task is EndingHandler => 'end' in task;
