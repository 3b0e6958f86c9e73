/** Where an audit reads: the topics, or a file of lines. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf, TelltaleError } from '../../errors.ts';
import { readThrough } from '../../flow/read-through.ts';
import { slotsPartitionOf } from '../../flow/runtime.ts';
import { decodePublic, decodeSlots, encodePublic } from '../../flow/wire.ts';
import type { Log } from '../../log/port.ts';
import type { Command, LogRecord, Result, RolloutRecord } from '../../records.ts';
import { progress, type TerminalStream } from '../progress.ts';
import { addRecord, partitionsOfTopic, type RolloutRecords } from '../rollout/records.ts';
import type { Commands } from './commands.ts';
import { createWindows, noteResult, type Windows } from './windows.ts';

/**
 * Records as lines of JSON, as the file sink and `telltale replay --out` write them; lines of other types are passed over.
 *
 * @throws TelltaleError file_unreadable
 */
export async function readRolloutFile(path: string): Promise<RolloutRecords> {
  const found: RolloutRecords = { byService: new Map(), strangers: [] };
  const input = createReadStream(path, 'utf8');
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      const place = `${path}:${line}`;
      if (text === '') continue;
      try {
        const { type = 'rollout', ...fields } = JSON.parse(text) as Record<string, unknown>;
        if (type !== 'rollout') continue;
        // Through the schema: it knows the fields and their types.
        const bytes = encodePublic('rollout', fields as unknown as RolloutRecord, null);
        addRecord(found, { record: decodePublic<RolloutRecord>('rollout', bytes, false), place });
      } catch {
        found.strangers.push(place);
      }
    }
  } catch (cause) {
    throw new TelltaleError('file_unreadable', messageOf(cause), { cause });
  } finally {
    input.destroy();
  }
  return found;
}

/** Shows each record of a topic, with whether its partition has lost its first ones, and says how far it is. */
async function readAll(
  log: Log,
  topic: string,
  stderr: TerminalStream,
  take: (record: LogRecord, isCut: boolean) => void,
): Promise<{ first: number }[]> {
  const partitions = await partitionsOfTopic(log, topic);
  const ends = await Promise.all(Array.from({ length: partitions }, (_, one) => log.ends(topic, one)));
  const total = ends.reduce((sum, { first, next }) => sum + next - first, 0);
  const bar = progress(total, `read ${topic}`, stderr, 'records');
  let done = 0;
  try {
    for (const [partition, { first }] of ends.entries())
      await readThrough(
        log,
        { topic, partition, from: 0 },
        async () => bar.update(done, done),
        (record) => {
          done++;
          take(record, first > 0);
        },
      );
  } finally {
    bar.stop();
  }
  return ends;
}

/** Reads the whole topic of results, and decodes what is of the services. */
export async function readWindows(
  log: Log,
  topic: string,
  services: ReadonlySet<string>,
  stderr: TerminalStream,
): Promise<Windows> {
  const windows = createWindows();
  const ends = await readAll(log, topic, stderr, ({ key, value }, cut) => {
    if (value === null || key === null || !services.has(key.toString())) return;
    const result = resultOf(value);
    if (result !== null) noteResult(windows, result, cut);
  });
  // Of a service without any, nobody knows where its results were.
  const isCut = ends.some(({ first }) => first > 0);
  for (const service of services) if (!windows.isCut.has(service)) windows.isCut.set(service, isCut);
  return windows;
}

/** Reads the whole topic `slots`, and decodes the commands for the services. */
export async function readCommands(
  log: Log,
  topic: string,
  services: ReadonlySet<string>,
  stderr: TerminalStream,
): Promise<Commands> {
  const byId = new Map([...services].map((service) => [service, new Map<string, Command>()]));
  const ends = await readAll(log, topic, stderr, (record) => {
    const command = commandOf(record);
    if (command !== null) byId.get(command.service)?.set(command.id, command);
  });
  const isCut = [...services].filter((service) => ends[slotsPartitionOf(service, ends.length)]!.first > 0);
  return { byId, isCut: new Set(isCut) };
}

function commandOf(record: LogRecord): Command | null {
  if (record.key?.toString().startsWith('command|') !== true) return null;
  try {
    const found = decodeSlots(record);
    return found?.type === 'command' ? found.command : null;
  } catch {
    return null;
  }
}

/** Anybody may write to a topic. */
function resultOf(value: Buffer): Result | null {
  try {
    return decodePublic<Result>('result', value, value[0] === 0);
  } catch {
    return null;
  }
}
