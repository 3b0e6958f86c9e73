/** Commands of people: records that are sequenced into the slots of their service. */

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
 * @throws TelltaleError topic_missing; usage where the command makes no sense for the service
 */
export async function sendCommand(
  log: Log,
  config: TelltaleConfig,
  asked: Omit<Command, 'id'>,
): Promise<Command> {
  const { topicNames } = await import('../flow/runtime.ts');
  const { writeCommand } = await import('../flow/commands.ts');
  const topic = topicNames(config.topics.prefix).slots;
  const partitions = (await log.partitions([topic])).get(topic);
  if (partitions === undefined) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
  return writeCommand(log, { topic, partitions }, asked, serviceNamed(config, asked.service));
}
