/** What a person asks for: the record that is written, and the words in which it is asked back. */

import { signal } from '@preact/signals';
import type { ServiceView } from '../../src/console/source.ts';
import type { CommandKind, Matcher, SilenceSpec, Watched } from '../../src/records.ts';
import { send } from './api.ts';
import { person } from './session.ts';

export interface Ask {
  title: string;
  /** What follows from it. */
  explain: string;
  confirm: string;
  /** It takes something from users. */
  isGrave?: boolean;
  service: string;
  kind: CommandKind;
  target: string;
  /** Instead of a target: what can be silenced, the narrowest first. */
  scopes?: SilenceScope[];
}

export interface SilenceScope {
  label: string;
  match: Matcher;
}

/** What is asked back now; null: nothing. */
export const asking = signal<Ask | null>(null);
/** What became of the last command. */
export const outcome = signal<{ isGood: boolean; text: string } | null>(null);

export const ask = (what: Ask): void => {
  outcome.value = null;
  asking.value = what;
};

export interface CommandBody {
  service: string;
  kind: CommandKind;
  target: string;
  reason: string;
  /** Only where nobody is asked who they are. */
  by?: string;
}

/** Resolves with the id of the record that was written. */
export async function sendCommand(body: CommandBody): Promise<string> {
  const { id } = await send<{ id: string }>('POST', '/api/commands', person.value?.csrf ?? '', body);
  return id;
}

const DAY_MS = 86_400_000;

/** Where a silence begins, in event time: now, unless what is looked at is of another time (a replay, the demo). */
export function silenceStart({ eventTimeMs }: Pick<ServiceView, 'eventTimeMs'>, nowMs: number): number {
  return eventTimeMs !== null && Math.abs(nowMs - eventTimeMs) > DAY_MS ? eventTimeMs : nowMs;
}

export const silenceTarget = (match: Matcher, fromMs: number, lastsMs: number): string => {
  const silence: SilenceSpec = { match, fromMs, untilMs: fromMs + lastsMs };
  return JSON.stringify(silence);
};

/** The narrowest first. A pattern `*` is any text, so an alarm of the whole traffic cannot be meant without those of its segments. */
export function scopesOf(alarm: Watched & { rule: string }): SilenceScope[] {
  const { rule, metric, subject, model, segment } = alarm;
  const where = segment === '*' ? 'in any segment' : segment;
  const of = subject === '' ? metric : `${metric} of ${subject}`;
  return [
    {
      label: `${rule}: ${of}, ${where}`,
      match: {
        rule: [rule],
        metric: [metric],
        subject: [subject],
        model: [model],
        segment: [segment],
      },
    },
    { label: `every alarm of the rule ${rule}`, match: { rule: [rule] } },
    { label: 'every alarm of the service', match: {} },
  ];
}

export const silenceAsk = (service: string, alarm: Watched & { rule: string }): Ask => ({
  title: `Silence ${alarm.rule}`,
  explain: 'Nobody is told of these alarms for the time. They stay alarms: they are shown here and recorded.',
  confirm: 'Silence',
  service,
  kind: 'silence.add',
  target: '',
  scopes: scopesOf(alarm),
});

/** @param meant its alarms in words */
export const expireAsk = (service: string, id: string, meant: string): Ask => ({
  title: 'End the silence',
  explain: `It was for: ${meant}. People are told of these alarms again from now on, also of those that fire already.`,
  confirm: 'End it',
  service,
  kind: 'silence.expire',
  target: id,
});

export const retrainAsk = (service: string, retrainId: string, action: 'approve' | 'reject'): Ask =>
  action === 'approve'
    ? {
        ...{ title: 'Approve retraining', confirm: 'Approve', service, kind: 'retrain.approve' },
        target: retrainId,
        explain:
          'The training that listens on the topic of retraining may start, on the data that the request names.',
      }
    : {
        ...{ title: 'Reject retraining', confirm: 'Reject', service, kind: 'retrain.reject' },
        target: retrainId,
        explain: 'The request is closed. Alarms may ask again after the cooldown.',
      };

export type RolloutAction = 'promote' | 'rollback' | 'pause' | 'resume';

const ROLLOUT_ASKS: Record<RolloutAction, Pick<Ask, 'title' | 'explain' | 'confirm' | 'isGrave'>> = {
  promote: {
    title: 'Open the next stage',
    explain:
      'The candidate answers the share of the next stage from now on, whether or not the evidence is there yet.',
    confirm: 'Promote',
  },
  rollback: {
    title: 'Roll back',
    explain: 'The last primary answers every request again, at once.',
    confirm: 'Roll back',
    isGrave: true,
  },
  pause: {
    title: 'Pause the roll-out',
    explain: 'No stage opens the next one. Harm still rolls back.',
    confirm: 'Pause',
  },
  resume: {
    title: 'Resume the roll-out',
    explain: 'Stages open again when their evidence is there.',
    confirm: 'Resume',
  },
};

export const rolloutAsk = (service: string, action: RolloutAction): Ask => ({
  ...ROLLOUT_ASKS[action],
  service,
  kind: `rollout.${action}`,
  target: '',
});

export const levelAsk = (service: string, level: string): Ask => ({
  title: `Set the level to ${level.replaceAll('_', ' ')}`,
  explain: 'How much the model decides by itself from now on. It still falls at once when too much is wrong.',
  confirm: 'Set the level',
  service,
  kind: 'rollout.level',
  target: level,
});
