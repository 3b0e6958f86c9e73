const SECRET_KEY = /password|secret|token/i;
const HIDDEN = '***';

/** A copy that may be printed: passwords, secrets, tokens and the user part of URLs are hidden. */
export function redact<T>(value: T): T {
  return redacted(value, '') as T;
}

function redacted(value: unknown, key: string): unknown {
  if (typeof value === 'string') {
    if (SECRET_KEY.test(key)) return value === '' ? '' : HIDDEN;
    return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/i, `$1${HIDDEN}@`);
  }
  if (Array.isArray(value)) return value.map((inner) => redacted(inner, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redacted(inner, name)]));
}
