/** Commands of people: records that are sequenced into the slots of their service. */

import { randomUUID } from 'node:crypto';
import type { TelltaleConfig } from '../config/types.ts';
import { TelltaleError } from '../errors.ts';
import type { Log } from '../log/port.ts';
import type { Command, ServiceSpec } from '../records.ts';

/** @throws TelltaleError usage, with the services that there are */
export function serviceNamed(config: TelltaleConfig, name: string): ServiceSpec {
  const spec = config.services.find(({ service }) => service === name);
  if (spec !== undefined) return spec;
  const known = config.services.map(({ service }) => service).join(', ');
  throw new TelltaleError('usage', `no service '${name}'; there are ${known}`);
}

/**
 * Resolves with the record when the log has it.
 *
 * @throws TelltaleError topic_missing
 */
export async function sendCommand(
  log: Log,
  config: TelltaleConfig,
  asked: Omit<Command, 'id'>,
): Promise<Command> {
  const { topicNames } = await import('../flow/runtime.ts');
  const { commandAppend } = await import('../flow/outbox.ts');
  const topic = topicNames(config.topics.prefix).slots;
  const partitions = (await log.partitions([topic])).get(topic);
  if (partitions === undefined) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
  const command: Command = { id: randomUUID(), ...asked };
  await log.append([commandAppend(topic, partitions, command)]);
  return command;
}
