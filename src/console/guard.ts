import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a host to listen on is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function hostnameOf(host: string): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : (host.split(':')[0] ?? '');
}

/**
 * Why a request is refused; null: it is good. A console that listens on loopback answers to loopback
 * names only: otherwise a web page could point its own name at 127.0.0.1 and read along.
 */
export function refuseHost(headers: IncomingHttpHeaders, loopbackOnly: boolean): string | null {
  if (!loopbackOnly) return null;
  const hostname = hostnameOf(headers.host ?? '');
  if (isLoopback(hostname)) return null;
  return `the console listens on loopback and does not answer to the name '${hostname}'`;
}

/** Why a command is refused: a foreign page can neither set our header nor forge its origin. */
export function refuseCommand(headers: IncomingHttpHeaders): string | null {
  if (headers['x-telltale'] !== '1') return "commands need the header 'x-telltale: 1'";
  return refuseSite(headers, 'commands');
}

/** Why something is refused that a browser sends for the page of another site; null: it is not. */
export function refuseSite(headers: IncomingHttpHeaders, what = 'requests'): string | null {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return `${what} of other sites are refused`;
  const { origin, host } = headers;
  if (origin === undefined) return null;
  const same = URL.canParse(origin) && new URL(origin).host === host;
  return same ? null : `${what} of the origin '${origin}' are refused`;
}
