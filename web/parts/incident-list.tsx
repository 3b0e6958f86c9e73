import type { Incident } from '../../src/records.ts';
import { moment, plural } from '../model/format.ts';
import { hrefOf } from '../model/router.ts';
import { LEVEL_TONES } from '../model/words.ts';
import { Badge } from './badge.tsx';

/** One that nobody hears of is calm, and says why. */
export function IncidentList({ incidents }: { incidents: readonly Incident[] }) {
  return (
    <ol class="list">
      {incidents.map((incident) => {
        const { incidentId, service, level, muted, firing, mutedAlarms, summary, state, onsetMs } = incident;
        const isOpen = state === 'open';
        const tone = isOpen && muted === '' ? LEVEL_TONES[level] : 'none';
        return (
          <li key={incidentId} class={`item edge ${tone}`}>
            <div class="item-line">
              <Badge tone={tone}>{isOpen ? level : state}</Badge>
              <a class="item-title" href={hrefOf(['incidents', incidentId])}>
                {service}: {summary}
              </a>
              <span class="when">since {moment(onsetMs)}</span>
            </div>
            <p class="muted small">
              {isOpen
                ? `${plural(firing, 'alarm')} firing${mutedAlarms ? `, ${mutedAlarms} muted` : ''}`
                : plural(incident.fired, 'alarm')}
              {muted !== '' && `; not told: ${muted}`}
            </p>
          </li>
        );
      })}
    </ol>
  );
}
