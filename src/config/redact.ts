const SECRET_KEY = /(password|passphrase|secret|token|authorization|api_?key|routing_?key)$/i;
/** Of a query; InfluxDB writes `p`. */
const SECRET_PARAMETER =
  /([?&](?:p|pass|sig|signature|key|[\w.-]{0,40}(?:password|passphrase|secret|token|api_?key))=)[^&#\s'"]+/gi;
const USER_INFO = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^/?#\s'"]*@/gi;
const HIDDEN = '***';
/** Taking every `a` out of a text would tell that the password is `a`. */
const TELLING_LENGTH_MIN = 4;

interface Webhook {
  url: string;
  headers?: Record<string, string>;
}

/** Lists of receivers whose address is a secret by itself. */
const HOOKS = ['webhooks', 'slack'];

/** Whether what stands at a key of this name is a secret. A key of a file or of an address is none. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key);
}

/** The text with the user part and the secret parameters of every URL in it hidden. */
export function redactUrls(text: string): string {
  return text.replace(USER_INFO, `$1${HIDDEN}@`).replace(SECRET_PARAMETER, `$1${HIDDEN}`);
}

/** A copy that may be printed: passwords, secrets, tokens and those in URLs are hidden. */
export function redact<T>(value: T): T {
  return redacted(value, '') as T;
}

function redacted(value: unknown, key: string): unknown {
  if (typeof value === 'string') {
    if (isSecretKey(key)) return value === '' ? '' : HIDDEN;
    return redactUrls(value);
  }
  if (HOOKS.includes(key) && Array.isArray(value)) return value.map(redactedWebhook);
  if (Array.isArray(value)) return value.map((inner) => redacted(inner, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redacted(inner, name)]));
}

/**
 * A filter for texts that others have written, such as the errors of clients and servers: it hides every secret of this
 * configuration wherever it stands, also as JSON and URLs write it, and what URLs carry.
 */
export function secretFilter(config: unknown): (text: string) => string {
  const secrets = new Set<string>();
  collect(config, '', secrets);
  const written = [...secrets].flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ]);
  // The longest first: a secret may contain another.
  const hidden = [...new Set(written)].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of hidden) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN);
    return redactUrls(clean);
  };
}

function collect(value: unknown, key: string, secrets: Set<string>): void {
  if (typeof value === 'string') {
    const found = isSecretKey(key) ? [value] : passwordsOf(value);
    for (const secret of found) if (secret.length >= TELLING_LENGTH_MIN) secrets.add(secret);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      if (HOOKS.includes(name) && Array.isArray(inner))
        for (const hook of inner) collectWebhook(hook, secrets);
      collect(inner, Array.isArray(value) ? key : name, secrets);
    }
  }
}

/** Headers that say what a body is, not who sends it. */
const HARMLESS_HEADER = /^(content-type|accept|user-agent)$/i;

function collectWebhook({ url, headers = {} }: Webhook, secrets: Set<string>): void {
  const values = Object.entries(headers).filter(([name]) => !HARMLESS_HEADER.test(name));
  const path = URL.canParse(url) ? new URL(url).pathname.slice(1) : '';
  // A path of a word or two is an address that others have too.
  for (const secret of [...values.map(([, value]) => value), ...(path.length >= 16 ? [path] : [])])
    if (secret.length >= TELLING_LENGTH_MIN) secrets.add(secret);
}

/** The password in a URL, as it is written there and as it is meant. */
function passwordsOf(text: string): string[] {
  if (!text.includes('://') || !URL.canParse(text)) return [];
  const { password } = new URL(text);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Whoever knows the path of a webhook may often post to it, and any header may carry a key. */
function redactedWebhook(hook: Webhook): unknown {
  const names = Object.keys(hook.headers ?? {});
  const headers = hook.headers && { headers: Object.fromEntries(names.map((name) => [name, HIDDEN])) };
  const url = `${URL.canParse(hook.url) ? new URL(hook.url).origin : ''}/${HIDDEN}`;
  return { ...(redacted(hook, '') as object), url, ...headers };
}
