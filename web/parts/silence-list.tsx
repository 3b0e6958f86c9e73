import { useEffect } from 'preact/hooks';
import type { SilenceView } from '../../src/console/source.ts';
import { ask, expireAsk, silenceStart } from '../model/commands.ts';
import { moment, plural } from '../model/format.ts';
import { mayCommand } from '../model/session.ts';
import { fault, matchWords, mutedBy, readSilences, silences } from '../model/silences.ts';
import { services } from '../model/store.ts';
import { Badge } from './badge.tsx';
import { Empty } from './page.tsx';

/** Read anew with each beat of the daemon, as the alarms that they mute are. */
export function Silences() {
  useEffect(() => {
    void readSilences();
  }, [services.value]);
  const known = silences.value;
  return (
    <>
      {fault.value !== '' && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
      {known !== null && known.length > 0 && (
        <ol class="list">
          {known.map((silence) => (
            <SilenceItem key={silence.id} silence={silence} />
          ))}
        </ol>
      )}
      {known === null && fault.value === '' && <Empty>Reading ...</Empty>}
      {known?.length === 0 && fault.value === '' && <Empty>No silence runs.</Empty>}
    </>
  );
}

function SilenceItem({ silence }: { silence: SilenceView }) {
  const { id, service, match, fromMs, untilMs, by, reason } = silence;
  const own = services.value.find(({ name }) => name === service);
  const isPending = fromMs > silenceStart({ eventTimeMs: own?.eventTimeMs ?? null }, Date.now());
  const muted = mutedBy(silence, own);
  const meant = matchWords(match);
  return (
    <li class="item edge none">
      <div class="item-line">
        <Badge tone="none">{isPending ? 'pending' : 'silenced'}</Badge>
        <b class="item-title">
          {service}: {meant}
        </b>
        <span class="when">
          {isPending && `from ${moment(fromMs)} `}until {moment(untilMs)}
        </span>
        {mayCommand.value && (
          <button
            type="button"
            class="button small"
            aria-label={`End the silence of ${meant} of ${service}`}
            onClick={() => ask(expireAsk(service, id, meant))}
          >
            End
          </button>
        )}
      </div>
      {reason !== '' && <p class="small">{reason}</p>}
      <p class="muted small">
        by {by}; mutes {muted === 0 ? 'no alarm' : plural(muted, 'alarm')} now
      </p>
    </li>
  );
}
