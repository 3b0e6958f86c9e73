/** What people ask for with the console: the same records that the command line writes. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageOf, TelltaleError } from '../../errors.ts';
import { COMMAND_KINDS, type Command, type CommandKind, type TrainedModel } from '../../records.ts';
import type { Gate } from './index.ts';
import { answer, RefusedError, tooMany } from './refused.ts';

/** Of one person in a minute. */
const COMMANDS_MAX = 60;

interface Body {
  service: string;
  kind: CommandKind;
  target?: string;
  reason?: string;
  by?: string;
  model?: TrainedModel | null;
}

const text = (maxLength: number) => ({ type: 'string', maxLength });
const BODY = {
  type: 'object',
  required: ['service', 'kind'],
  additionalProperties: false,
  properties: {
    service: { ...text(200), minLength: 1 },
    kind: { enum: COMMAND_KINDS },
    target: text(10_000),
    reason: text(1_000),
    by: text(100),
    model: {
      type: ['object', 'null'],
      required: ['file', 'name'],
      additionalProperties: false,
      properties: { file: text(1_000), name: text(200) },
    },
  },
};

/** Shared by all routes that command. */
export const commandLimit = (gate: Gate) => ({
  max: COMMANDS_MAX,
  timeWindow: '1 minute',
  // When it is known who asks.
  hook: 'preHandler' as const,
  keyGenerator: (request: FastifyRequest) => gate.identityOf(request).user,
  errorResponseBuilder: (_: FastifyRequest, { ttl }: { ttl: number }) =>
    new RefusedError(tooMany('commands', ttl)),
});

/** Who it is by: only where nobody is asked who they are may they say it themselves. */
export function byOf(gate: Gate, request: FastifyRequest, said: string | undefined): string {
  const { via, user } = gate.identityOf(request);
  return via === 'none' ? said?.trim() || user : user;
}

export function addCommandRoute(
  app: FastifyInstance,
  gate: Gate,
  command: (asked: Omit<Command, 'id'>) => Promise<Command>,
): void {
  app.post<{ Body: Body }>(
    '/api/commands',
    { config: { access: 'operator', rateLimit: commandLimit(gate) }, schema: { body: BODY } },
    async (request, reply) => {
      const { service, kind, target = '', reason = '', by, model = null } = request.body;
      try {
        const asked = { service, kind, target, reason, model, by: byOf(gate, request, by) };
        const { id } = await command(asked);
        return reply.code(202).send({ id });
      } catch (error) {
        const isWrong = error instanceof TelltaleError && error.code === 'usage';
        return answer(reply, {
          status: isWrong ? 400 : 503,
          error: isWrong ? 'bad_request' : 'log_away',
          message: isWrong ? messageOf(error) : `the command was not written: ${messageOf(error)}`,
          cure: isWrong ? 'correct the command' : 'try it again',
        });
      }
    },
  );
}
