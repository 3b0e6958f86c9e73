/** What a person can do about an alarm: commands that are ready to copy. */

import type { Story } from './story.ts';

export interface Step {
  why: string;
  command: string;
}

/** A word as shells take it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Of so many times on it is worth asking whether the rule is right. */
const TIMES_MANY = 3;

/** @param program how Telltale is called: `telltale`, or with its --config */
export function nextSteps(story: Story, program: string): Step[] {
  const { alert, endedMs, times } = story;
  const steps: Step[] = [];
  const add = (why: string, ...words: string[]): void => {
    steps.push({ why, command: `${program} ${words.map(quoted).join(' ')}` });
  };
  const service = ['--service', alert.service];
  for (const { retrainId, state } of story.retrains)
    if (state === 'requested') {
      add('Approve the request for retraining that waits', 'retrain', 'approve', retrainId, ...service);
      add('or reject it', 'retrain', 'reject', retrainId, ...service, '--reason', 'why');
    }
  const rollout = story.rollouts.at(-1);
  if (rollout !== undefined && ['running', 'waiting', 'paused', 'promoted'].includes(rollout.status))
    add(
      `Take ${rollout.candidate} back, if it is the cause`,
      'rollout',
      'rollback',
      ...service,
      '--reason',
      alert.reason,
    );
  if (endedMs === null) {
    // A text that says nothing, or everything, needs no match.
    const matches = (['rule', 'subject', 'segment'] as const)
      .filter((field) => alert[field] !== '' && alert[field] !== '*')
      .flatMap((field) => ['--match', `${field}=${alert[field]}`]);
    const silence = ['silence', 'add', ...service, ...matches, '--for', '2h', '--reason', 'looking into it'];
    add('Be told nothing of it while you look', ...silence);
    add('Watch its values', 'tail', ...service, '--metric', alert.metric, '--since', '1h');
  }
  add('See where the models are wrong', 'report', ...service, '--since', '7d');
  if (/missing|invalid|failed/.test(alert.metric))
    add('See records that could not be read', 'dead', 'list', ...service);
  if (times >= TIMES_MANY) add(`It fired ${times} times: ask for a better rule`, 'review', ...service);
  return steps;
}
