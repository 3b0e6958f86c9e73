/** Tokens for SASL OAUTHBEARER: a fixed one, one of a file, or those of an OAuth 2.0 server. */
import { readFile } from 'node:fs/promises';
import { messageOf, TelltaleError } from '../errors.ts';

/** Where tokens come from. */
export type TokenSource =
  | { kind: 'token'; token: string }
  /** Absolute path. */
  | { kind: 'file'; tokenFile: string }
  | {
      kind: 'client';
      tokenUrl: string;
      clientId: string;
      clientSecret: string;
      scope: string | null;
    };

export interface TokenOptions {
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Of one request; 10 s when absent. */
  timeoutMs?: number;
}

/** Gives a token that is valid now. Rejects with `token_unavailable`, which never shows a secret. */
export type TokenProvider = () => Promise<string>;

const TIMEOUT_MS = 10_000;
/**
 * A token is asked for anew so long before its end. kafkajs proves itself anew 10 s before: with a smaller margin it would
 * show the broker the same dying token again with every request.
 */
const MARGIN_MS_MAX = 60_000;
/** While the server is away an old token is used until so short before its end. */
const USABLE_MS_MIN = 5_000;

export function tokenProvider(source: TokenSource, options: TokenOptions = {}): TokenProvider {
  switch (source.kind) {
    case 'token':
      return async () => source.token;
    case 'file':
      return () => tokenOfFile(source.tokenFile);
    case 'client':
      return cached(source, options);
  }
}

/** kafkajs tries again what has `retriable`: an OAuth server that restarts must not end the daemon. */
function unavailable(message: string, options: { cause?: unknown; retriable: boolean }): TelltaleError {
  const error = new TelltaleError('token_unavailable', message, { cause: options.cause });
  return Object.assign(error, { retriable: options.retriable });
}

/** Read each time, because whoever writes the file replaces the token before its end. */
async function tokenOfFile(file: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw unavailable(`kafka.sasl.token_file cannot be read: ${messageOf(cause)}`, {
      cause,
      retriable: true,
    });
  }
  if (token === '') throw unavailable(`kafka.sasl.token_file ${file} is empty`, { retriable: true });
  return token;
}

interface Held {
  token: string;
  endMs: number;
  /** From here on a new one is asked for. */
  renewMs: number;
}

/** Many connections are opened at once: they share one request and its token. */
function cached(source: TokenSource & { kind: 'client' }, options: TokenOptions): TokenProvider {
  const now = options.now ?? Date.now;
  let held: Held | null = null;
  let pending: Promise<Held> | null = null;

  const renew = async (): Promise<Held> => {
    const askedMs = now();
    const { token, expiresMs } = await requestToken(source, options.timeoutMs ?? TIMEOUT_MS);
    const marginMs = Math.min(MARGIN_MS_MAX, expiresMs / 2);
    return { token, endMs: askedMs + expiresMs, renewMs: askedMs + expiresMs - marginMs };
  };

  return async () => {
    if (held !== null && now() < held.renewMs) return held.token;
    pending ??= renew().finally(() => {
      pending = null;
    });
    try {
      held = await pending;
      return held.token;
    } catch (error) {
      if (held !== null && now() < held.endMs - USABLE_MS_MIN) return held.token;
      throw error;
    }
  };
}

interface Answer {
  access_token?: unknown;
  expires_in?: unknown;
  error?: unknown;
}

/** The client-credentials grant of RFC 6749, section 4.4, with the client's secret as basic authentication. */
async function requestToken(
  source: TokenSource & { kind: 'client' },
  timeoutMs: number,
): Promise<{ token: string; expiresMs: number }> {
  const { tokenUrl, clientId, clientSecret, scope } = source;
  const what = `kafka.sasl.token_url ${tokenUrl}`;
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== null) body.set('scope', scope);
  let response: Response;
  let answer: Answer | null;
  try {
    response = await fetch(tokenUrl, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        accept: 'application/json',
      },
      body,
      // A redirect would take the secret to a server that nobody has named.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    answer = (await response.json().catch((cause: unknown) => {
      if (cause instanceof SyntaxError) return null;
      throw cause;
    })) as Answer | null;
  } catch (cause) {
    throw unavailable(`${what} does not answer: ${causeOf(cause)}`, { cause, retriable: true });
  }
  if (!response.ok) {
    const said = codeOf(answer?.error);
    const refused = response.status === 400 || response.status === 401 || response.status === 403;
    throw unavailable(
      `${what} gives client '${clientId}' no token: HTTP ${response.status}${said === '' ? '' : ` ${said}`}`,
      { retriable: !refused },
    );
  }
  const token = answer?.access_token;
  if (typeof token !== 'string' || token === '')
    throw unavailable(`${what} answers without an access_token`, { retriable: false });
  const seconds = Number(answer?.expires_in ?? 0);
  return { token, expiresMs: seconds > 0 ? seconds * 1000 : 0 };
}

/** Only a code as RFC 6749 allows it: a description may repeat what was sent. */
function codeOf(error: unknown): string {
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : '';
}

/** fetch says 'fetch failed'; why stands in its cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error) || error.cause === undefined) return messageOf(error);
  return messageOf(error.cause) || (error.cause as NodeJS.ErrnoException).code || error.message;
}
