/** The silences of services as their judges know them, for those who only look. */

import type { Silence } from '../alarm/incident/state.ts';
import { silenceOf } from '../alarm/incident/step.ts';
import type { Log } from '../log/port.ts';
import type { Command, LogRecord } from '../records.ts';
import type { JudgeSnapshot } from './judge.ts';
import { readThrough } from './read-through.ts';
import { judgeGroupOf, slotsPartitionOf, type TopicNames } from './runtime.ts';
import { readSnapshot } from './snapshots.ts';
import { decodeSlots } from './wire.ts';

export interface KnownSilence extends Silence {
  /** Somebody ended it, which holds in event time too, although `untilMs` is then by the clock. */
  isEnded: boolean;
}

/** By service and the id of the silence. */
export type Silences = Map<string, Map<string, KnownSilence>>;

/** Where judges read, and keep their state. */
interface Place {
  topics: TopicNames;
  group: string;
}

/** Of the state of a judge in a snapshot; those of older versions have no incidents. */
type SnapshotPart = Pick<JudgeSnapshot, 'service'> & Partial<Pick<JudgeSnapshot, 'incidents'>>;

/**
 * The silences of these services: of the newest snapshots of their judges, with what was asked for since then.
 *
 * @returns null: there is no topic of slots
 */
export async function readSilences(
  log: Log,
  { topics, group }: Place,
  services: readonly string[],
): Promise<Silences | null> {
  const partitions = (await log.partitions([topics.slots])).get(topics.slots);
  if (partitions === undefined) return null;
  const silences: Silences = new Map(services.map((service) => [service, new Map()]));
  const needed = new Set(services.map((service) => slotsPartitionOf(service, partitions)));
  for (const partition of needed) {
    const upTo = await readState(log, { topics, group }, partition, silences);
    const where = { topic: topics.slots, partition, from: upTo + 1 };
    await readThrough(log, where, asyncNothing, (record) => takeRecord(silences, record));
  }
  return silences;
}

const asyncNothing = async (): Promise<void> => {};

/** Puts in what the judge of the partition had in its newest snapshot and says how far that goes; -1: there is none. */
async function readState(
  log: Log,
  { topics, group }: Place,
  partition: number,
  silences: Silences,
): Promise<number> {
  if (!(await log.partitions([topics.snapshots])).has(topics.snapshots)) return -1;
  const { metadata } = await log.committed(judgeGroupOf(group), topics.slots, partition);
  const { snapshotFrom = 0 } = metadata === '' ? {} : (JSON.parse(metadata) as { snapshotFrom?: number });
  const snapshot = await readSnapshot({ log, topics }, 'judge', partition, snapshotFrom, asyncNothing);
  if (snapshot === null) return -1;
  for (const { service, incidents } of JSON.parse(snapshot.bytes.toString()) as SnapshotPart[]) {
    const own = silences.get(service);
    for (const [id, silence] of Object.entries(incidents?.silences ?? {}))
      own?.set(id, { ...silence, isEnded: false });
  }
  return snapshot.upTo;
}

function takeRecord(silences: Silences, record: LogRecord): void {
  // Nothing else is decoded: slots are many, and large.
  if (record.key?.toString().startsWith('command|') !== true) return;
  let command: Command;
  try {
    const found = decodeSlots(record);
    if (found?.type !== 'command') return;
    command = found.command;
  } catch {
    // The judge puts it aside, as what it cannot read.
    return;
  }
  const own = silences.get(command.service);
  if (own === undefined) return;
  if (command.kind === 'silence.add') {
    const spec = silenceOf(command.target);
    if (spec !== null)
      own.set(command.id, { ...spec, by: command.by, reason: command.reason, isEnded: false });
  }
  const ended = command.kind === 'silence.expire' ? own.get(command.target) : undefined;
  if (ended !== undefined)
    own.set(command.target, {
      ...ended,
      isEnded: true,
      untilMs: Math.min(ended.untilMs, record.timestampMs),
    });
}
