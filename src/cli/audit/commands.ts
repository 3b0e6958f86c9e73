/** Whether the steps that people asked for answer commands that are on the log. */

import type { Command, CommandKind, RolloutRecord } from '../../records.ts';
import type { Placed } from '../rollout/records.ts';
import { type Fault, faultOf } from './chain.ts';
import { levelSeenOf } from './levels.ts';

export interface Commands {
  /** By service, then by id. */
  byId: Map<string, Map<string, Command>>;
  /** Services of whose partition retention took records away. */
  isCut: Set<string>;
}

export interface CommandsAudit {
  /** Steps whose command is on the log and asks for what they say. */
  checked: number;
  /** Steps whose command may have been taken away by retention. */
  gone: number;
  faults: Fault[];
}

/** What answers which kind, beside a refusal. */
const EVENTS: Partial<Record<CommandKind, readonly string[]>> = {
  'rollout.start': ['started'],
  'rollout.pause': ['paused'],
  'rollout.resume': ['resumed'],
  'rollout.promote': ['advanced', 'promoted'],
  'rollout.rollback': ['rolled_back'],
  'rollout.level': ['level'],
};

/** @param records of one service, in order */
export function auditCommands(records: readonly Placed[], { byId, isCut }: Commands): CommandsAudit {
  const audit: CommandsAudit = { checked: 0, gone: 0, faults: [] };
  const answered = new Set<string>();
  for (const one of records) {
    const { by, commandId, service } = one.record;
    if (by === '' && commandId === '') continue;
    const command = byId.get(service)?.get(commandId);
    const isAgain = answered.has(commandId);
    answered.add(commandId);
    if (command === undefined && commandId !== '' && isCut.has(service)) audit.gone++;
    else {
      const fault = isAgain
        ? `another record answers command ${commandId} before it`
        : faultIn(one.record, command);
      if (fault === null) audit.checked++;
      else audit.faults.push(faultOf(one, fault));
    }
  }
  return audit;
}

function faultIn(record: RolloutRecord, command: Command | undefined): string | null {
  const { by, event, reason, commandId } = record;
  if (commandId === '') return `it is by ${by}, and names no command`;
  if (command === undefined) return `command ${commandId}, which it answers, is not on the log`;
  if (command.by !== by) return `it is by ${by || 'the service itself'}, and its command by ${command.by}`;
  const isAnswer =
    event === 'refused'
      ? reason.startsWith(`${command.kind.slice('rollout.'.length)}: `)
      : EVENTS[command.kind]?.includes(event) === true;
  if (!isAnswer) return `it is '${event}: ${reason}', and its command asks for ${command.kind}`;
  return isAsked(record, command) ? null : `its command asks for '${command.target}: ${command.reason}'`;
}

/** Of a step of the level: whether it looked at what the command says. Where it cannot be read, the audit of levels says so. */
function isAsked(record: RolloutRecord, { target, reason }: Command): boolean {
  if (record.levelSeen === '') return true;
  try {
    const seen = levelSeenOf(record);
    return seen.cause === 'command' && seen.asked.target === target && seen.asked.reason === reason;
  } catch {
    return true;
  }
}
