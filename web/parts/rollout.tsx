import type { RolloutView } from '../../src/console/source.ts';
import { AUTOMATION_LEVELS } from '../../src/records.ts';
import { ask, levelAsk, type RolloutAction, rolloutAsk } from '../model/commands.ts';
import { moment, number, percent, points, words } from '../model/format.ts';
import { hrefOf } from '../model/router.ts';
import { mayCommand } from '../model/session.ts';
import { isPlanned, levelWaits } from '../model/store.ts';
import { EVENT_WORDS, ROLLOUT_TONES } from '../model/words.ts';
import { Badge } from './badge.tsx';

export const eventText = (event: string): string => EVENT_WORDS[event] ?? words(event);

/** One piece for each stage. */
export function StageBar({ status, stage, stages }: RolloutView) {
  const kindOf = (i: number): string => {
    if (status === 'promoted') return 'done';
    if (status === 'rolled_back') return i <= stage ? 'undone' : '';
    return i < stage ? 'past' : i === stage ? 'now' : '';
  };
  return (
    <div class="stages" role="img" aria-label={`stage ${stage + 1} of ${stages}, ${words(status)}`}>
      {Array.from({ length: stages }, (_, i) => (
        <span key={i} class={kindOf(i)} />
      ))}
    </div>
  );
}

export function whereText({ stage, stages, stageKind, share, exposed, level }: RolloutView): string {
  const answered = exposed ? `; it has answered ${number(exposed)}` : '';
  return `Stage ${stage + 1} of ${stages}: ${stageKind}, ${percent(share)} of the requests${answered}${level ? `; the level is ${words(level)}` : ''}`;
}

export function verdictText({ verdict, doubt, difference, low, high, counts }: RolloutView): string {
  const wrong =
    difference === null || low === null || high === null
      ? 'nothing to compare yet'
      : `wrong answers ${points(difference)} percentage points (${points(low)} to ${points(high)}), ${number(counts.n)} labelled requests`;
  return `Verdict ${verdict}${doubt ? ` (${words(doubt)})` : ''}: ${wrong}`;
}

/** What else was compared: one line for each metric behind the first. */
export const furtherTexts = ({ metrics }: RolloutView): string[] =>
  metrics
    .slice(1)
    .map(({ metric, difference, low, high, n }) =>
      difference === null || low === null || high === null
        ? `${words(metric)}: nothing to compare yet`
        : `${words(metric)} ${points(difference)} percentage points (${points(low)} to ${points(high)}), ${number(n)} requests`,
    );

const Power = ({ of }: { of: number }) => (
  <>
    10<sup>{(of / Math.LN10).toFixed(1)}</sup>
  </>
);

function Weight({ step: { logEWorse, logEBetter, logBoundary, needed } }: { step: RolloutView }) {
  return (
    <p class="muted small">
      Evidence of harm <Power of={logEWorse} />, that it is good enough <Power of={logEBetter} />, of{' '}
      <Power of={logBoundary} />
      {needed !== null &&
        needed !== 0 &&
        `; ${number(Math.ceil(needed))} labelled requests more, going on so`}
    </p>
  );
}

const ACTIONS: readonly { action: RolloutAction; text: string; when: readonly RolloutView['status'][] }[] = [
  { action: 'promote', text: 'Promote', when: ['running', 'waiting'] },
  { action: 'pause', text: 'Pause', when: ['running', 'waiting'] },
  { action: 'resume', text: 'Resume', when: ['paused'] },
  { action: 'rollback', text: 'Roll back', when: ['running', 'waiting', 'paused', 'promoted'] },
];

export function RolloutActions({ step }: { step: RolloutView }) {
  if (!mayCommand.value) return null;
  const { service, status, event, level } = step;
  const levels: readonly string[] = AUTOMATION_LEVELS;
  const next = levels[levels.indexOf(level) + 1];
  return (
    <span class="actions">
      {ACTIONS.filter(({ when }) => isPlanned(step) && when.includes(status)).map(({ action, text }) => (
        <button
          key={action}
          type="button"
          class={`button small ${action === 'promote' ? 'primary' : action === 'rollback' ? 'grave' : ''}`}
          aria-label={`${text}: roll-out of ${service}`}
          onClick={() => ask(rolloutAsk(service, action))}
        >
          {text}
        </button>
      ))}
      {event === 'level_open' && next !== undefined && (
        <button type="button" class="button primary small" onClick={() => ask(levelAsk(service, next))}>
          Raise the level to {words(next)}
        </button>
      )}
    </span>
  );
}

/** Where a roll-out stands, on what evidence. */
export function RolloutCard({ step }: { step: RolloutView }) {
  const { service, status, candidate, primary, atMs, level, event, reason } = step;
  const isWhole = isPlanned(step);
  const waits = levelWaits(service);
  return (
    <article class="card">
      <div class="item-line">
        <Badge tone={isWhole ? ROLLOUT_TONES[status] : 'none'}>
          {isWhole ? words(status) : 'no roll-out'}
        </Badge>
        <a class="item-title" href={hrefOf(['rollouts', service])}>
          {service}
          {isWhole && `: ${candidate} against ${primary}`}
        </a>
        <span class="when">{moment(atMs)}</span>
      </div>
      {isWhole ? (
        <>
          <StageBar {...step} />
          <p>{whereText(step)}</p>
          <p>{verdictText(step)}</p>
          {furtherTexts(step).map((further) => (
            <p key={further}>{further}</p>
          ))}
          <Weight step={step} />
        </>
      ) : (
        level !== '' && <p>the level is {words(level)}</p>
      )}
      <p class="muted small">
        {eventText(event)}: {reason}
      </p>
      {waits !== '' && event !== 'level_waits' && <p class="muted small">the level stays: {waits}</p>}
      <RolloutActions step={step} />
    </article>
  );
}
