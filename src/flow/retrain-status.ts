/**
 * What trainings report on the topic `retrain.status`, as JSON: { service, retrainId, state, by, reason, model: { file, name } }. It becomes a command record of the service, so that the
 * judge stays a function of one log. The id follows from where it was read: what a crash repeats is the same command, which is refused.
 */

import { messageOf, TelltaleError } from '../errors.ts';
import type { Heartbeat, Membership, PartitionHandler } from '../log/port.ts';
import { idOf } from '../math/hash.ts';
import type { Append, Command, LogRecord, TrainedModel } from '../records.ts';
import { appendsOf, commandAppend } from './outbox.ts';
import type { Runtime } from './runtime.ts';
import { trainedModel } from './trained.ts';

const STATES = ['started', 'done', 'failed'] as const;
const STAGE = 'retrain-status';

function textOf(fields: Record<string, unknown>, name: string): string {
  const text = fields[name] ?? '';
  if (typeof text !== 'string') throw new TelltaleError('usage', `${name} is no text`);
  return text;
}

function modelOf(fields: Record<string, unknown>, state: string): TrainedModel | null {
  const found = fields.model ?? null;
  if (found === null) return null;
  if (typeof found !== 'object') throw new TelltaleError('usage', 'model is no object with a file');
  if (state !== 'done') throw new TelltaleError('usage', `a model goes with the state done, not ${state}`);
  const own = found as Record<string, unknown>;
  return trainedModel(textOf(own, 'file'), textOf(own, 'name'));
}

/** Throws a TelltaleError that says what is wrong. */
function commandOf({ topic, partition, offset, value }: LogRecord): Command | null {
  if (value === null) return null;
  const fields = JSON.parse(value.toString('utf8')) as Record<string, unknown> | null;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new TelltaleError('usage', 'no JSON object');
  const [service, target, word] = ['service', 'retrainId', 'state'].map((name) => textOf(fields, name));
  const state = STATES.find((known) => known === word);
  if (service === '' || target === '') throw new TelltaleError('usage', 'service and retrainId are needed');
  if (state === undefined)
    throw new TelltaleError('usage', `state is '${word}', allowed: ${STATES.join(', ')}`);
  return {
    id: idOf(STAGE, topic, partition, offset),
    service: service!,
    kind: `retrain.${state}`,
    target: target!,
    by: textOf(fields, 'by'),
    reason: textOf(fields, 'reason'),
    model: modelOf(fields, state),
  };
}

/** Carries one partition of the topic into `slots`; bytes that say nothing of a training are put aside. */
export function createRetrainStatusTask(
  runtime: Runtime,
  topic: string,
  partition: number,
  membership: Membership,
): PartitionHandler {
  const { slots } = runtime.topics;
  const appendOf = (record: LogRecord): Append[] => {
    try {
      const command = commandOf(record);
      if (command === null) return [];
      if (!runtime.services.has(command.service))
        throw new TelltaleError('usage', `no service '${command.service}' is configured`);
      return [commandAppend(slots, runtime.partitions.get(slots)!, command)];
    } catch (cause) {
      const letter = {
        offset: record.offset,
        code: cause instanceof SyntaxError ? 'json' : 'report_invalid',
        stage: STAGE,
        message: messageOf(cause),
        record,
      } as const;
      runtime.logger.warn(
        { topic, partition, offset: record.offset, reason: letter.message },
        'a report is put aside',
      );
      return appendsOf(runtime, { type: 'dead', record: letter }, '');
    }
  };
  return {
    open: async () => 'stay',
    async handle(records: readonly LogRecord[], heartbeat: Heartbeat) {
      await runtime.log.append(records.flatMap(appendOf));
      await heartbeat();
      await membership.commit(topic, partition, records.at(-1)!.offset + 1, '');
    },
    async tick() {},
    async close() {},
  };
}
