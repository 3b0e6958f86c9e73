import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../model/api.ts';
import {
  type Ask,
  asking,
  type CommandBody,
  outcome,
  sendCommand,
  silenceStart,
  silenceTarget,
} from '../model/commands.ts';
import { moment } from '../model/format.ts';
import { person } from '../model/session.ts';
import { services } from '../model/store.ts';

const HOUR_MS = 3_600_000;
const DURATIONS: readonly [string, number][] = [
  ['30 minutes', HOUR_MS / 2],
  ['2 hours', 2 * HOUR_MS],
  ['8 hours', 8 * HOUR_MS],
  ['1 day', 24 * HOUR_MS],
  ['7 days', 168 * HOUR_MS],
];
const NAME_KEY = 'telltale.name';

const storedName = (): string => {
  try {
    return localStorage.getItem(NAME_KEY) ?? '';
  } catch {
    return '';
  }
};

function keepName(name: string): void {
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // It is asked again.
  }
}

/** Asks back before a command is written, and says what will be. */
export function CommandDialog() {
  const what = asking.value;
  return what === null ? null : <Asked key={`${what.kind} ${what.service} ${what.target}`} what={what} />;
}

function Asked({ what }: { what: Ask }) {
  const node = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const [name, setName] = useState(storedName);
  const [lastsMs, setLastsMs] = useState(2 * HOUR_MS);
  const [scope, setScope] = useState(0);
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [nowMs] = useState(Date.now);
  useEffect(() => {
    node.current?.showModal();
  }, []);
  const isUnknown = person.value?.auth === 'none';
  const service = services.value.find((one) => one.name === what.service);
  const fromMs = silenceStart({ eventTimeMs: service?.eventTimeMs ?? null }, nowMs);
  const scopes = what.scopes ?? [];
  const target = scopes.length > 0 ? silenceTarget(scopes[scope]!.match, fromMs, lastsMs) : what.target;
  const body: CommandBody = {
    ...{ service: what.service, kind: what.kind, target, reason },
    ...(isUnknown && name.trim() !== '' && { by: name.trim() }),
  };
  // The browser gives the focus back to where it was, as long as the dialog is there.
  const close = () => node.current?.close();
  const forget = () => {
    asking.value = null;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const id = await sendCommand(body);
      keepName(name);
      outcome.value = {
        isGood: true,
        text: `Written as ${id}. What becomes of it shows here when it has been judged.`,
      };
      close();
    } catch (error) {
      const cure = error instanceof ApiError && error.cure !== '' ? ` ${error.cure}.` : '';
      setFault(`Not written: ${(error as Error).message}.${cure}`);
    }
    setBusy(false);
  };
  return (
    <dialog ref={node} class="dialog" aria-labelledby="ask-title" onClose={forget}>
      <form onSubmit={submit}>
        <h2 id="ask-title">{what.title}</h2>
        <p class="muted">
          {what.service}. {what.explain}
        </p>
        {scopes.length > 0 && (
          <fieldset>
            <legend>Which alarms</legend>
            {scopes.map(({ label }, i) => (
              <label class="choice" key={label}>
                <input type="radio" name="scope" checked={scope === i} onChange={() => setScope(i)} />
                {label}
              </label>
            ))}
          </fieldset>
        )}
        {scopes.length > 0 && (
          <label class="field">
            For how long
            <select value={lastsMs} onChange={(event) => setLastsMs(Number(event.currentTarget.value))}>
              {DURATIONS.map(([label, ms]) => (
                <option key={label} value={ms}>
                  {label}
                </option>
              ))}
            </select>
            <small class="muted">until {moment(fromMs + lastsMs)} UTC, in event time</small>
          </label>
        )}
        {isUnknown && (
          <label class="field">
            Your name
            <input
              value={name}
              maxLength={100}
              required
              autoComplete="name"
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
        )}
        <label class="field">
          Reason
          <textarea
            rows={2}
            value={reason}
            maxLength={1_000}
            required
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <details open>
          <summary>The record that is written</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
          <pre tabIndex={0}>{JSON.stringify(body, null, 2)}</pre>
        </details>
        <p class="fault" role="alert">
          {fault}
        </p>
        <div class="actions">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class={`button ${what.isGrave ? 'grave' : 'primary'}`} disabled={isBusy}>
            {what.confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
