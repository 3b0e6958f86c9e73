import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/loopback.ts';

function hostnameOf(host: string): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : (host.split(':')[0] ?? '');
}

/**
 * Why a request is refused; null: it is good. A console that listens on loopback answers to loopback
 * names only, and to those of its proxy: otherwise a web page could point its own name at 127.0.0.1 and read along.
 */
export function refuseHost(
  headers: IncomingHttpHeaders,
  loopbackOnly: boolean,
  hosts: readonly string[] = [],
): string | null {
  if (!loopbackOnly) return null;
  const { host = '' } = headers;
  const hostname = hostnameOf(host);
  if (isLoopback(hostname) || hosts.includes(host.toLowerCase())) return null;
  return `the console listens on loopback and does not answer to the name '${hostname}'`;
}

/** Why something is refused that a browser sends for the page of another site; null: it is not. `hosts` are other names of our own. */
export function refuseSite(
  headers: IncomingHttpHeaders,
  what = 'requests',
  hosts: readonly string[] = [],
): string | null {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return `${what} of other sites are refused`;
  const { origin, host } = headers;
  if (origin === undefined) return null;
  const found = URL.canParse(origin) ? new URL(origin).host : '';
  if (found !== '' && (found === host || hosts.includes(found))) return null;
  return `${what} of the origin '${origin.slice(0, 200)}' are refused`;
}
