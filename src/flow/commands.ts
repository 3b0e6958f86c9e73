/** What people and trainings ask for: checked, and put where the judge of the service reads. */

import { randomUUID } from 'node:crypto';
import { silenceOf } from '../alarm/incident/step.ts';
import { TelltaleError } from '../errors.ts';
import type { Log } from '../log/port.ts';
import { AUTOMATION_LEVELS, type Command, type ServiceSpec } from '../records.ts';
import { commandAppend } from './outbox.ts';
import type { Runtime } from './runtime.ts';
import { trainedModel } from './trained.ts';

const SILENCE_DAYS_MAX = 366;
const DAY_MS = 86_400_000;

/**
 * Resolves with the record when the log has it. The command line and the console both write with it.
 *
 * @param slots the topic of slots and how many partitions it has
 * @throws TelltaleError usage where the command makes no sense for the service
 */
export async function writeCommand(
  log: Pick<Log, 'append'>,
  slots: { topic: string; partitions: number },
  asked: Omit<Command, 'id'>,
  spec: ServiceSpec,
): Promise<Command> {
  const fault = faultOf(asked, spec);
  if (fault !== null) throw new TelltaleError('usage', fault);
  const command: Command = { id: randomUUID(), ...asked };
  await log.append([commandAppend(slots.topic, slots.partitions, command)]);
  return command;
}

/** As `writeCommand`, to the services of a running daemon. */
export function writeCommandOf(
  { services, topics, partitions }: Pick<Runtime, 'services' | 'topics' | 'partitions'>,
  log: Pick<Log, 'append'>,
  asked: Omit<Command, 'id'>,
): Promise<Command> {
  const known = services.get(asked.service);
  if (known === undefined)
    throw new TelltaleError(
      'usage',
      `no service '${asked.service}'; there are ${[...services.keys()].join(', ')}`,
    );
  return writeCommand(
    log,
    { topic: topics.slots, partitions: partitions.get(topics.slots)! },
    asked,
    known.spec,
  );
}

/** Why a command cannot be meant; whether it comes in time is for the judge to say. */
function faultOf({ kind, target, by, model }: Omit<Command, 'id'>, spec: ServiceSpec): string | null {
  // Records without a name are those of the service itself.
  if (by.trim() === '') return `${kind}: nobody is named who asks for it`;
  if (model !== undefined && model !== null) {
    if (kind !== 'retrain.done') return `${kind}: only retrain.done has a model`;
    trainedModel(model.file, model.name);
  }
  if (kind === 'silence.add') return silenceFault(target);
  if (kind === 'rollout.level')
    return AUTOMATION_LEVELS.some((level) => level === target)
      ? null
      : `rollout.level: found '${target}', allowed: ${AUTOMATION_LEVELS.join(', ')}`;
  if (kind === 'rollout.promote')
    return ['', 'full'].includes(target)
      ? null
      : `rollout.promote: found '${target}', allowed: full or nothing`;
  if (kind === 'rollout.start' && spec.rollout === undefined)
    return `rollout.start: ${spec.service} has no section rollout`;
  if (kind.startsWith('rollout.')) return target === '' ? null : `${kind}: takes no target`;
  return target === '' ? `${kind}: the target is missing: the id of what is meant` : null;
}

function silenceFault(target: string): string | null {
  const silence = silenceOf(target);
  if (silence === null)
    return 'silence.add: the target does not say as JSON what is silenced (match), from when (fromMs) and until when (untilMs)';
  if (silence.untilMs <= silence.fromMs) return 'silence.add: it is over before it begins';
  if (silence.untilMs - silence.fromMs > SILENCE_DAYS_MAX * DAY_MS)
    return `silence.add: a silence lasts ${SILENCE_DAYS_MAX} days at most`;
  return null;
}
