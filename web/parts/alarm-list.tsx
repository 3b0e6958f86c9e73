import type { Alert } from '../../src/records.ts';
import { ask, silenceAsk } from '../model/commands.ts';
import { about, keyOf, moment, number } from '../model/format.ts';
import { hrefOf } from '../model/router.ts';
import { mayCommand } from '../model/session.ts';
import { LEVEL_TONES } from '../model/words.ts';
import { Badge } from './badge.tsx';

export const seriesHref = (
  service: string,
  series: { metric: string; subject: string; model: string; segment: string },
) => hrefOf(['services', service], { series: keyOf(series) });

/** Alarms with what they have measured; `isSilenceable`: each can be silenced from here. */
export function AlarmList({
  alerts,
  isSilenceable = false,
}: {
  alerts: readonly Alert[];
  isSilenceable?: boolean;
}) {
  return (
    <ol class="list">
      {alerts.map((alert) => {
        const { id, service, rule, level, state, value, threshold, n, reason, sinceMs, windowEndMs } = alert;
        const isFiring = state === 'firing';
        const tone = isFiring ? LEVEL_TONES[level] : 'none';
        return (
          <li key={id} class={`item edge ${tone}`}>
            <div class="item-line">
              <Badge tone={tone}>{isFiring ? level : 'resolved'}</Badge>
              <a class="item-title" href={seriesHref(service, alert)}>
                {service}: {rule}
              </a>
              <span class="when">{isFiring ? `since ${moment(sinceMs)}` : moment(windowEndMs)}</span>
              {isSilenceable && isFiring && mayCommand.value && (
                <button
                  type="button"
                  class="button small"
                  aria-label={`Silence ${rule} ${about(alert)} of ${service}`}
                  onClick={() => ask(silenceAsk(service, alert))}
                >
                  Silence
                </button>
              )}
            </div>
            <p class="small">
              {about(alert)} = <b>{number(value)}</b>, limit {threshold}, n {number(n)}
            </p>
            <p class="muted small">{reason}</p>
          </li>
        );
      })}
    </ol>
  );
}
