/** Requests to the daemon. */

/** Why a request was refused, and what helps. */
export class ApiError extends Error {
  readonly status: number;
  readonly cure: string;
  /** How one signs in, where nobody has. */
  readonly auth: string;
  constructor(status: number, message: string, cure: string, auth = '') {
    super(message);
    this.status = status;
    this.cure = cure;
    this.auth = auth;
  }
}

async function answerOf<T>(response: Response): Promise<T> {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body as T;
  const message = body.message ?? body.error ?? `the daemon answered ${response.status}`;
  throw new ApiError(response.status, message, body.cure ?? body.help ?? '', body.auth);
}

export async function get<T>(path: string): Promise<T> {
  return answerOf<T>(await fetch(path));
}

export async function send<T>(
  method: 'POST' | 'DELETE',
  path: string,
  csrf: string,
  body?: object,
): Promise<T> {
  const headers: Record<string, string> = { 'x-telltale-csrf': csrf };
  if (body !== undefined) headers['content-type'] = 'application/json';
  return answerOf<T>(
    await fetch(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }),
  );
}
