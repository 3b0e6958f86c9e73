/** Why somebody is not let in, and how to get in. */

import type { FastifyReply } from 'fastify';

export interface Refused {
  status: 400 | 401 | 403 | 429 | 503;
  error: 'unauthorized' | 'forbidden' | 'foreign' | 'csrf' | 'rate_limited' | 'bad_request' | 'log_away';
  message: string;
  cure: string;
}

export const answer = (reply: FastifyReply, { status, ...body }: Refused): FastifyReply =>
  reply.code(status).send(body);

export const tooMany = (what: string, ms: number): Refused => ({
  status: 429,
  error: 'rate_limited',
  message: `too many ${what}`,
  cure: `try again in ${Math.ceil(ms / 1000)} s`,
});

export const foreign = (message: string): Refused => ({
  status: 403,
  error: 'foreign',
  message,
  cure: 'send it from the console page, or from a program with `authorization: Bearer TOKEN`',
});

export const unknownToken: Refused = {
  status: 401,
  error: 'unauthorized',
  message: 'the token is not known',
  cure: 'see http.auth.tokens of telltale.yaml',
};

/** For libraries that throw what they are given. */
export class RefusedError extends Error {
  readonly refused: Refused;
  readonly statusCode: number;
  constructor(refused: Refused) {
    super(refused.message);
    this.name = 'RefusedError';
    this.refused = refused;
    this.statusCode = refused.status;
  }
}
