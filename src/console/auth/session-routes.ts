/** Signing in with a token, who is signed in, and signing out. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuseSite } from '../guard.ts';
import type { AuthOptions, Identity } from './access.ts';
import type { Identifier } from './identify.ts';
import { answer, foreign, RefusedError, tooMany, unknownToken } from './refused.ts';
import type { Sessions } from './sessions.ts';

export const COOKIE = 'telltale_session';
/** Sign-ins of one address in a minute, right ones too: a person needs one or two. */
const SIGN_INS_MAX = 10;
const PATH = '/api/session';

export interface SessionParts {
  options: AuthOptions;
  sessions: Sessions;
  identifier: Identifier;
  known(request: FastifyRequest): Identity | null;
}

export function addSession(
  app: FastifyInstance,
  { options, sessions, identifier, known }: SessionParts,
): void {
  const { mode } = options;
  const attributes = (request: FastifyRequest) => ({
    path: '/',
    httpOnly: true,
    sameSite: 'strict' as const,
    // A proxy that ends TLS says so; whoever says it falsely only loses his own cookie.
    secure: request.headers['x-forwarded-proto'] === 'https',
  });
  const tell = (reply: FastifyReply, { user, role, csrf }: Pick<Identity, 'user' | 'role' | 'csrf'>) =>
    reply.send({ user, role, auth: mode, csrf });

  // Open, so that the page learns how to sign in.
  app.get(PATH, { config: { access: 'open' } }, (request, reply) => {
    const identity = known(request);
    if (identity !== null) return tell(reply, identity);
    const cure = mode === 'token' ? 'sign in with a token' : 'sign in at the proxy';
    return reply.code(401).send({ error: 'unauthorized', message: 'nobody has signed in', cure, auth: mode });
  });

  app.post<{ Body: { token: string } }>(
    PATH,
    {
      config: {
        access: 'open',
        rateLimit: {
          max: SIGN_INS_MAX,
          timeWindow: '1 minute',
          errorResponseBuilder: (_, { ttl }) => new RefusedError(tooMany('sign-ins', ttl)),
        },
      },
      schema: {
        body: {
          type: 'object',
          required: ['token'],
          additionalProperties: false,
          properties: { token: { type: 'string', minLength: 1, maxLength: 1_000 } },
        },
      },
    },
    (request, reply) => {
      const site = refuseSite(request.headers, 'sign-ins', options.proxy?.hosts);
      if (site !== null) return answer(reply, foreign(site));
      if (mode !== 'token')
        return answer(reply, {
          status: 400,
          error: 'bad_request',
          message: `nobody signs in with the mode ${mode}`,
          cure: 'set http.auth.mode to token',
        });
      const owner = identifier.ownerOf(request.body.token.trim());
      if (owner === null) return answer(reply, unknownToken);
      const before = request.cookies[COOKIE];
      if (before !== undefined) sessions.end(before);
      const id = sessions.open(owner.user, owner.role);
      reply.setCookie(COOKIE, id, { ...attributes(request), maxAge: Math.ceil(options.sessionMs / 1000) });
      return tell(reply, { ...owner, csrf: sessions.find(id)!.csrf });
    },
  );

  app.delete(PATH, { config: { access: 'open' } }, (request, reply) => {
    const site = refuseSite(request.headers, 'sign-outs', options.proxy?.hosts);
    if (site !== null) return answer(reply, foreign(site));
    const id = request.cookies[COOKIE];
    if (id !== undefined) sessions.end(id);
    return reply.clearCookie(COOKIE, attributes(request)).code(204).send();
  });
}
