import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LetterView } from '../../src/console/source.ts';
import { get } from '../model/api.ts';
import { moment, number, plural } from '../model/format.ts';
import { services } from '../model/store.ts';
import { Empty, Page, Scroll, Section } from '../parts/page.tsx';

/** How often each code was met, most of all first. */
function codesOf(letters: readonly LetterView[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { code } of letters) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

export function DeadLettersPage() {
  const [letters, setLetters] = useState<LetterView[] | null>(null);
  const [fault, setFault] = useState('');
  const [text, setText] = useState('');
  const dead = services.value
    .map(({ name, counts }) => [name, counts.dead ?? 0] as const)
    .filter(([, n]) => n > 0);
  const total = dead.reduce((sum, [, n]) => sum + n, 0);
  // There are new ones when there are more
  useEffect(() => {
    get<LetterView[]>('/api/dead-letters').then(setLetters, (error: Error) => setFault(error.message));
  }, [total]);
  const shown = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (letters ?? []).filter(({ service, code, stage, message, id }) => {
      const all = [service, code, stage, message, id].join(' ').toLowerCase();
      return words.every((word) => all.includes(word));
    });
  }, [letters, text]);
  return (
    <Page
      title="Dead letters"
      lead={
        total > 0
          ? `${plural(total, 'record')} put aside since the start: ${dead.map(([name, n]) => `${name} ${number(n)}`).join(', ')}.`
          : 'Records that could not be read or delivered are put aside with the reason; nothing is lost.'
      }
    >
      {letters !== null && letters.length > 0 && (
        <ul class="chips" aria-label="Codes of what is shown">
          {codesOf(letters).map(([code, n]) => (
            <li key={code}>
              <button type="button" class="chip" onClick={() => setText(code)}>
                {code} <b>{n}</b>
              </button>
            </li>
          ))}
        </ul>
      )}
      <Section
        title="Last records"
        note={
          <label class="filter">
            Filter{' '}
            <input
              type="search"
              data-filter
              value={text}
              placeholder="avro fraud"
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        }
      >
        {fault !== '' && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        {shown.length > 0 ? (
          <Letters letters={shown} />
        ) : (
          <Empty>
            {letters === null
              ? 'Reading ...'
              : letters.length > 0
                ? 'Nothing fits the filter.'
                : 'There are no dead letters.'}
          </Empty>
        )}
      </Section>
      <p class="muted small">
        After the cure, <code>telltale dead replay</code> puts the original records back into their topics.
      </p>
    </Page>
  );
}

function Letters({ letters }: { letters: readonly LetterView[] }) {
  return (
    <Scroll label="Table of dead letters">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Put aside (UTC)</th>
            <th scope="col">Code</th>
            <th scope="col">Service</th>
            <th scope="col">Stage</th>
            <th scope="col">Record</th>
            <th scope="col">Message</th>
            <th scope="col">Replayed</th>
          </tr>
        </thead>
        <tbody>
          {letters.map(({ id, timeMs, code, service, stage, message, count, replay }) => (
            <tr key={id}>
              <td class="nowrap">{moment(timeMs)}</td>
              <td>
                <code>{code}</code>
                {count > 1 && <span class="muted"> ×{count}</span>}
              </td>
              <td>{service || 'unknown'}</td>
              <td>{stage}</td>
              <td class="nowrap">
                <code>{id}</code>
              </td>
              <td class="wide">{message}</td>
              <td>{replay === 'none' ? 'no' : replay}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
