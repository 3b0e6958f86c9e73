/** POST to a receiver of notifications: time-out, what is final and what is asked again, and hiding of secrets. */

import { messageOf, TelltaleError } from '../errors.ts';
import { AskedToWait } from './retry.ts';

export interface HttpOptions {
  /** Names the receiver in messages: `webhook pager`. */
  who: string;
  /** http or https. User and password in it are sent as basic authentication. */
  url: string;
  /** Of every request, beside the type of the body, which is JSON. Their values are never shown. */
  headers: Readonly<Record<string, string>>;
  /** What else is never shown of what the receiver says. */
  secrets: readonly string[];
  timeoutMs: number;
  /** Aborted when the daemon stops: what is under way ends and rejects. */
  signal: AbortSignal | undefined;
}

export interface HttpReceiver {
  /** `webhook pager at hooks.example.com`, without secrets. */
  who: string;
  /**
   * One POST. Resolves with null when the receiver has it, else with why it will never take it. Rejects with
   * `sink_unavailable` when it is away or asks to wait; with another error when a header cannot be sent.
   */
  post(body: string, headers?: Readonly<Record<string, string>>): Promise<string | null>;
}

/** A receiver may ask for a longer wait, but not for silence until somebody restarts the daemon. */
const ASKED_MS_MAX = 3_600_000;
/**
 * Client errors that say "not now" and not "never": time-out, too early, too many requests; and those that an owner
 * mends, an expired token or a route that is not there yet. No alert is lost over them.
 */
const RETRIED = new Set([401, 403, 404, 408, 425, 429]);
const ANSWER_BYTES_MAX = 4_096;
const ANSWER_CHARS_SHOWN = 200;
/** A shorter text is no secret, and hiding it would make the answer unreadable. */
const SECRET_CHARS_MIN = 4;

/** Milliseconds of a Retry-After header, in either form; 0 without one that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null || header.trim() === '') return 0;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000;
  return Number.isFinite(waitMs) ? Math.min(ASKED_MS_MAX, Math.max(0, waitMs)) : 0;
}

interface Target {
  url: string;
  /** What may be shown of it. */
  host: string;
  headers: Record<string, string>;
  /** Hides everything that only the receiver and we should know. */
  hide(text: string): string;
}

function targetOf({ who, url, headers, secrets: others }: HttpOptions): Target {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new TelltaleError('config_invalid', `${who}: not an http or https URL`);
  }
  const user = decodeURIComponent(parsed.username);
  const password = decodeURIComponent(parsed.password);
  const secrets = [...others, password, parsed.pathname, parsed.search.slice(1), ...Object.values(headers)];
  // "Bearer abc" is sent back as "abc" by some.
  secrets.push(...Object.values(headers).flatMap((value) => value.split(/\s+/).slice(1)));
  const hidden = secrets
    .filter((text) => text.length >= SECRET_CHARS_MIN)
    .sort((a, b) => b.length - a.length);
  // fetch refuses credentials in the URL.
  parsed.username = '';
  parsed.password = '';
  const basic = user === '' && password === '' ? null : Buffer.from(`${user}:${password}`).toString('base64');
  return {
    url: parsed.href,
    host: parsed.host,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'telltale',
      ...(basic === null ? {} : { authorization: `Basic ${basic}` }),
      ...headers,
    },
    hide: (text) => hidden.reduce((left, one) => left.replaceAll(one, '***'), text),
  };
}

/** The beginning of an answer; to its end when it is short, so that the connection can be used again. */
async function beginningOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined && bytes < ANSWER_BYTES_MAX) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(parts).toString('utf8');
    parts.push(value);
    bytes += value.length;
  }
  await reader?.cancel();
  return Buffer.concat(parts).toString('utf8');
}

interface Answer {
  status: number;
  retryAfter: string | null;
  text: string;
}

/** One POST; rejects with why there is no answer. */
async function post(
  target: Target,
  headers: Headers,
  body: string,
  timeoutMs: number,
  stopping: AbortSignal | undefined,
): Promise<Answer> {
  // Not AbortSignal.any: each call would leave something behind at the signal of the daemon's end.
  const abort = new AbortController();
  const onStop = (): void => abort.abort(new Error('stopping'));
  const timer = setTimeout(() => abort.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  stopping?.addEventListener('abort', onStop);
  if (stopping?.aborted) onStop();
  try {
    // Followed, a redirect would carry headers and signature to another host.
    const init = { method: 'POST', headers, body, redirect: 'manual', signal: abort.signal } as const;
    const response = await fetch(target.url, init);
    // The status is the answer; that the rest of it breaks off changes nothing.
    const text = await beginningOf(response).catch(() => '');
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    // fetch says only that it failed; why stands in the cause.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  } finally {
    clearTimeout(timer);
    stopping?.removeEventListener('abort', onStop);
  }
}

/** @throws TelltaleError `config_invalid` on a URL that is none */
export function createHttpReceiver(options: HttpOptions): HttpReceiver {
  const target = targetOf(options);
  const who = `${options.who} at ${target.host}`;
  /** Asked of one partition, a pause is meant for all. */
  let pausedUntilMs = 0;
  return {
    who,
    async post(body, more = {}) {
      // Before the connection: a header that cannot be sent is the record's fault and no outage.
      const headers = new Headers(target.headers);
      for (const [name, value] of Object.entries(more)) headers.set(name, value);
      const waitMs = pausedUntilMs - Date.now();
      if (waitMs > 0) throw new AskedToWait(`${who}: asked to wait`, waitMs);
      const answer = await post(target, headers, body, options.timeoutMs, options.signal).catch(
        (error: unknown) => {
          throw new TelltaleError('sink_unavailable', `${who}: ${target.hide(messageOf(error))}`, {
            cause: error,
          });
        },
      );
      const { status } = answer;
      if (status >= 200 && status < 300) return null;
      const said = target.hide(answer.text.replace(/\s+/g, ' ').trim()).slice(0, ANSWER_CHARS_SHOWN);
      const reason = `${who}: HTTP ${status}${said === '' ? '' : `: ${said}`}`;
      if (status >= 400 && status < 500 && !RETRIED.has(status)) return reason;
      const askedMs = retryAfterMs(answer.retryAfter, Date.now());
      pausedUntilMs = Math.max(pausedUntilMs, Date.now() + askedMs);
      throw new AskedToWait(reason, askedMs);
    },
  };
}
