import { messageOf, TelltaleError } from '../errors.ts';

/** Where schemas come from. */
export interface SchemaSource {
  /** Schema JSON of an id, or null where the registry answers that there is none. Rejects only when aborted. */
  get(id: number): Promise<string | null>;
}

export interface RegistryOptions {
  /** Base URL of a Confluent-compatible API; user and password in it become basic authentication. */
  url: string;
  /** `user:password`, instead of those in the URL. */
  userInfo?: string | null;
  timeoutMs?: number;
  /** Ends all waiting. */
  signal?: AbortSignal;
  now: () => number;
  /** Resolves after `ms`, or at once when the signal fires. */
  wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Called at every attempt that failed because the registry is away. */
  onUnavailable?: (error: TelltaleError) => void;
  /** Called at every answer, also one that an id is unknown: the registry is there. */
  onAvailable?: () => void;
}

const TIMEOUT_MS = 10_000;
const UNKNOWN_FOR_MS = 30_000;
const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 10_000;
/** Garbage that looks like wire format may name any id. */
const UNKNOWN_MAX = 10_000;

/**
 * The client of a Confluent-compatible schema registry. Schemas are immutable, so an id is cached for ever; an unknown id
 * for 30 s. While the registry is away it retries (200 ms, doubling to 10 s) until it answers or the signal fires: a
 * registry that is down delays decoding, it never makes a valid record a dead letter.
 */
export function createRegistry(options: RegistryOptions): SchemaSource {
  const { base, headers } = splitUrl(options.url, options.userInfo ?? null);
  const wait = options.wait ?? waitMs;
  const found = new Map<number, Promise<string | null>>();
  const unknownUntil = new Map<number, number>();

  const fetchUntilAnswered = async (id: number): Promise<string | null> => {
    for (let backoffMs = BACKOFF_MIN_MS; ; backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS)) {
      options.signal?.throwIfAborted();
      try {
        const schema = await fetchSchema(`${base}/schemas/ids/${id}`, headers, options);
        options.onAvailable?.();
        return schema;
      } catch (error) {
        options.signal?.throwIfAborted();
        const message = `schema ${id} of ${base}: ${messageOf(error)}`;
        options.onUnavailable?.(new TelltaleError('registry_unavailable', message, { cause: error }));
      }
      await wait(backoffMs, options.signal);
    }
  };

  return {
    get: (id) => {
      const until = unknownUntil.get(id);
      if (until !== undefined) {
        if (options.now() < until) return Promise.resolve(null);
        unknownUntil.delete(id);
      }
      const before = found.get(id);
      if (before !== undefined) return before;
      const pending = fetchUntilAnswered(id).then(
        (schema) => {
          if (schema === null) {
            found.delete(id);
            if (unknownUntil.size >= UNKNOWN_MAX) unknownUntil.clear();
            unknownUntil.set(id, options.now() + UNKNOWN_FOR_MS);
          }
          return schema;
        },
        (error: unknown) => {
          found.delete(id);
          throw error;
        },
      );
      found.set(id, pending);
      return pending;
    },
  };
}

/** fetch refuses URLs with a user and password, so they become a header. */
export function splitUrl(
  text: string,
  userInfo: string | null,
): { base: string; headers: Record<string, string> } {
  const url = new URL(text);
  const user =
    userInfo ??
    (url.username === '' ? null : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
  url.username = '';
  url.password = '';
  const headers: Record<string, string> = {
    accept: 'application/vnd.schemaregistry.v1+json, application/json',
  };
  if (user !== null) headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  return { base: url.href.replace(/\/+$/, ''), headers };
}

async function fetchSchema(
  url: string,
  headers: Record<string, string>,
  options: RegistryOptions,
): Promise<string | null> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const response = await fetch(url, { headers, signal });
  const body = (await response.json().catch(() => null)) as { schema?: unknown; error_code?: unknown } | null;
  if (response.ok && typeof body?.schema === 'string') return body.schema;
  // 40401 to 40403 say that this registry has no such schema. A bare 404 may be a proxy or a wrong path: that is
  // an error of ours, and must not cost records.
  const code = Number(body?.error_code ?? Number.NaN);
  if (response.status === 404 && code > 40400 && code < 40500) return null;
  throw new Error(`HTTP ${response.status}${response.ok ? ' without a schema' : ''}`);
}

function waitMs(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
