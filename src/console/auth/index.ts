/** The gate of the console: who asks, whether they may, and how often. */

import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refuseSite } from '../guard.ts';
import { type AuthOptions, type Identity, may } from './access.ts';
import { createIdentifier, isSame } from './identify.ts';
import { answer, foreign, type Refused, tooMany } from './refused.ts';
import { addSession, COOKIE } from './session-routes.ts';
import { createSessions, type Sessions } from './sessions.ts';

/** Wrong tokens of one address in a minute. A right one is let through still: nobody locks out others. */
const WRONG_TOKENS_MAX = 20;
const MINUTE_MS = 60_000;
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

export interface Gate {
  identityOf(request: FastifyRequest): Identity;
  sessions: Sessions;
}

/** Before any route: what follows needs `viewer` unless it says otherwise (`config.access`). */
export async function addAuth(
  app: FastifyInstance,
  options: AuthOptions,
  nowMs: () => number = Date.now,
): Promise<Gate> {
  const sessions = createSessions(options.sessionMs, nowMs);
  const identifier = createIdentifier(options, sessions);
  const identities = new WeakMap<FastifyRequest, Identity>();
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  const wrongTokens = app.createRateLimit({ max: WRONG_TOKENS_MAX, timeWindow: MINUTE_MS });

  const judge = async (request: FastifyRequest): Promise<Refused | null> => {
    const { access = 'viewer' } = request.routeOptions.config;
    const { headers } = request;
    const sessionId = request.cookies[COOKIE];
    const found = identifier.identify({ headers, address: request.socket.remoteAddress ?? '', sessionId });
    if ('status' in found) {
      if (access === 'open') return null;
      if (headers.authorization === undefined) return found;
      const limit = await wrongTokens(request);
      return !limit.isAllowed && limit.isExceeded ? tooMany('wrong tokens', limit.ttl) : found;
    }
    identities.set(request, found);
    if (!may(found.role, access)) return refusedRole(found, access);
    return access === 'open' ? null : refuseForeign(request, found, options);
  };
  app.addHook('onRequest', async (request, reply) => {
    const refused = await judge(request);
    if (refused !== null) return answer(reply, refused);
  });
  const gate: Gate = {
    sessions,
    identityOf(request) {
      const identity = identities.get(request);
      if (identity === undefined) throw new Error(`${request.url} is open: nobody is known`);
      return identity;
    },
  };
  addSession(app, { options, sessions, identifier, known: (request) => identities.get(request) ?? null });
  return gate;
}

function refusedRole({ user, role }: Identity, access: string): Refused {
  return {
    status: 403,
    error: 'forbidden',
    message: `${user} is a ${role}; this needs the role ${access}${access === 'operator' ? '' : ' or operator'}`,
    cure: 'ask somebody who may, or for another role (http.auth of telltale.yaml)',
  };
}

/** What changes something and is proved by what a browser sends unasked must come from our own page. */
function refuseForeign(
  { method, headers, routeOptions }: FastifyRequest,
  { via, csrf }: Identity,
  { mode, proxy }: AuthOptions,
): Refused | null {
  if (SAFE_METHODS.includes(method) || via === 'bearer') return null;
  const { access, ownHeader } = routeOptions.config;
  // Whoever calls from this machine has no session to take a token from; the route looks at the site itself.
  if (access === 'caller' && mode === 'none') return null;
  const site = refuseSite(headers, 'commands', proxy?.hosts);
  if (site !== null) return foreign(site);
  const shown = headers['x-telltale-csrf'];
  if (ownHeader === true && headers['x-telltale'] === '1') return null;
  if (typeof shown === 'string' && isSame(shown, csrf)) return null;
  return {
    status: 403,
    error: 'csrf',
    message: `the header x-telltale-csrf is ${shown === undefined ? 'missing' : 'not that of this session'}`,
    cure: 'take `csrf` from GET /api/session',
  };
}
