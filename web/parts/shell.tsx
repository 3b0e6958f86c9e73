import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { outcome } from '../model/commands.ts';
import { moment, plural } from '../model/format.ts';
import { place } from '../model/router.ts';
import { person, signIn, signOut } from '../model/session.ts';
import {
  clock,
  connected,
  health,
  openIncidents,
  spoken,
  waitingRequests,
  waitingSteps,
} from '../model/store.ts';
import type { Tone } from '../model/words.ts';
import { Badge, Mark } from './badge.tsx';
import { nextTheme, theme } from './colors.ts';
import { isHelpOpen } from './shortcuts.tsx';

const LINKS = [
  { href: '/', name: '', text: 'Overview' },
  { href: '/incidents', name: 'incidents', text: 'Incidents' },
  { href: '/decisions', name: 'decisions', text: 'Decisions' },
  { href: '/rollouts', name: 'rollouts', text: 'Roll-outs' },
  { href: '/dead-letters', name: 'dead-letters', text: 'Dead letters' },
] as const;

const BADGES: Record<string, () => number> = {
  incidents: () => openIncidents.value.length,
  decisions: () => waitingRequests.value.length + waitingSteps.value.length,
};

function Nav() {
  const [first = ''] = place.value.path;
  const here = first === 'services' ? '' : first;
  return (
    <nav class="nav" aria-label="Pages">
      {LINKS.map(({ href, name, text }) => {
        const n = BADGES[name]?.() ?? 0;
        return (
          <a key={name} href={href} aria-current={here === name ? 'page' : undefined}>
            {text}
            {n > 0 && <span class="count">{n}</span>}
          </a>
        );
      })}
    </nav>
  );
}

function healthOf(): { tone: Tone; text: string } {
  const now = health.value;
  const bad = now?.checks.filter(({ ok }) => !ok).length ?? 0;
  if (!connected.value) return { tone: 'none', text: now ? 'connection lost, trying again' : 'connecting' };
  if (now === null || !now.live) return { tone: 'bad', text: 'not live' };
  if (!now.ready) return { tone: 'warn', text: 'not ready' };
  if (bad > 0) return { tone: 'warn', text: `${plural(bad, 'check')} failing` };
  return now.degraded ? { tone: 'warn', text: 'degraded' } : { tone: 'good', text: 'healthy' };
}

function Health() {
  const { tone, text } = healthOf();
  return (
    <details class="popover">
      <summary>
        <Mark tone={tone} /> <span>{text}</span>
      </summary>
      <ul>
        {(health.value?.checks ?? []).map(({ name, ok, detail }) => (
          <li key={name}>
            <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'ok' : 'failing'}</Badge> {name}
            {detail !== '' && `: ${detail}`}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Person() {
  const who = person.value;
  if (who === null || who.auth === 'none') return null;
  return (
    <span class="person small">
      {who.user} <span class="muted">({who.role})</span>
      {who.auth === 'token' && (
        <button type="button" class="button small" onClick={() => void signOut()}>
          Sign out
        </button>
      )}
    </span>
  );
}

const THEME_ICONS = { auto: '◐', light: '☀', dark: '☾' } as const;

export function Shell({ children }: { children: ComponentChildren }) {
  const at = clock.value;
  const said = outcome.value;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
            <path
              d="M14 2 L18 11 L13 16 L19 22 L15 30"
              fill="none"
              stroke="currentColor"
              stroke-width="2.2"
            />
            <rect x="3" y="12.5" width="26" height="7" rx="3.5" fill="var(--accent)" />
          </svg>
          Telltale
        </a>
        <Nav />
        <div class="status">
          <span class="clock small" title="Event time of the newest window, UTC">
            <span class="hidden">Event time </span>
            {at === null ? 'no results yet' : `${moment(at)} UTC`}
          </span>
          <Health />
          <Person />
          <button
            type="button"
            class="icon"
            aria-label={`Colours: ${theme.value}`}
            title={`Colours: ${theme.value}`}
            onClick={nextTheme}
          >
            {THEME_ICONS[theme.value]}
          </button>
          <button
            type="button"
            class="icon"
            aria-label="Keyboard shortcuts"
            title="Keyboard shortcuts"
            onClick={() => {
              isHelpOpen.value = true;
            }}
          >
            ?
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer class="muted small">
        All times are event times in UTC. <a href="/api/services">JSON</a>{' '}
        <a href="/api/config">Configuration</a>
      </footer>
      <div class="toasts" role="status">
        {said !== null && (
          <p class={`toast ${said.isGood ? 'good' : 'bad'}`}>
            {said.text}
            <button
              type="button"
              class="icon"
              aria-label="Dismiss"
              onClick={() => {
                outcome.value = null;
              }}
            >
              ×
            </button>
          </p>
        )}
      </div>
      <div class="hidden" aria-live="polite">
        {spoken.value}
      </div>
    </>
  );
}

/** What those see who have not signed in. */
export function SignIn({ auth, cure }: { auth: string; cure: string }) {
  const [token, setToken] = useState('');
  const [fault, setFault] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    signIn(token).then(
      () => window.location.reload(),
      (error: Error) => setFault(error.message),
    );
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1 tabIndex={-1}>Telltale</h1>
        {auth === 'token' ? (
          <>
            <label class="field">
              Token
              <input
                type="password"
                value={token}
                required
                autoComplete="current-password"
                onInput={(event) => setToken(event.currentTarget.value)}
              />
            </label>
            <p class="fault" role="alert">
              {fault}
            </p>
            <button type="submit" class="button primary">
              Sign in
            </button>
          </>
        ) : (
          <p>Nobody has signed in: {cure}.</p>
        )}
      </form>
    </main>
  );
}
