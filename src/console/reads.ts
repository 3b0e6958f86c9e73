/** The part of the API that reads: what the source knows, as JSON. */

import type { FastifyInstance, FastifyReply } from 'fastify';
import { messageOf } from '../errors.ts';
import type { ConsoleSource, SeriesKey } from './source.ts';

const HISTORY_INLINE_MAX = 120;

export const READS = [
  '/healthz',
  '/readyz',
  '/api/services',
  '/api/services/:service',
  '/api/services/:service/history?metric=&subject=&model=&segment=',
  '/api/alerts',
  '/api/services/:service/profiles',
  '/api/headlines',
  '/api/incidents',
  '/api/incidents/past',
  '/api/incidents/:incident',
  '/api/silences',
  '/api/retrains',
  '/api/rollouts',
  '/api/dead-letters',
  '/api/config',
];

export function fail(reply: FastifyReply, status: number, error: string, help: string): FastifyReply {
  return reply.code(status).send({ error, help });
}

export function addReads(app: FastifyInstance, source: ConsoleSource): void {
  const known = (name: string) => source.services().find((service) => service.name === name);
  const unknown = (reply: FastifyReply, name: string) => {
    const names = source.services().map((service) => service.name);
    return fail(reply, 404, `no service '${name}'`, `the services are: ${names.join(', ')}`);
  };
  const open = { config: { access: 'open' as const } };
  app.get('/healthz', open, (_, reply) => {
    const health = source.health();
    return reply.code(health.live ? 200 : 503).send(health);
  });
  app.get('/readyz', open, (_, reply) => {
    const health = source.health();
    return reply.code(health.ready ? 200 : 503).send(health);
  });
  app.get('/api/services', () => source.services());
  app.get('/api/alerts', () => source.alerts());
  app.get('/api/headlines', () => source.headlines());
  app.get('/api/incidents', () => source.incidents());
  app.get('/api/incidents/past', () => source.pastIncidents());
  app.get<{ Params: { incident: string } }>('/api/incidents/:incident', (request, reply) => {
    const { incident } = request.params;
    const records = source.incident(incident);
    if (records.length > 0) return reply.send(records);
    return fail(
      reply,
      404,
      `no incident '${incident}' is known`,
      'see /api/incidents and /api/incidents/past',
    );
  });
  app.get('/api/retrains', () => source.retrains());
  app.get('/api/rollouts', () => source.rollouts());
  for (const [path, what, read] of [
    ['/api/dead-letters', 'dead letters', source.letters],
    ['/api/silences', 'silences', source.silences],
  ] as const) {
    app.get(path, async (_, reply) => {
      try {
        return await read();
      } catch (error) {
        return fail(reply, 503, `the ${what} cannot be read: ${messageOf(error)}`, 'try it again');
      }
    });
  }
  app.get<{ Params: { service: string } }>('/api/services/:service/profiles', (request, reply) => {
    const name = request.params.service;
    return known(name) ? reply.send(source.profiles(name)) : unknown(reply, name);
  });
  app.get('/api/config', (_, reply) => reply.send(source.config()));
  app.get<{ Params: { service: string }; Querystring: { history: number } }>(
    '/api/services/:service',
    {
      schema: {
        querystring: {
          type: 'object',
          properties: { history: { type: 'integer', minimum: 0, maximum: HISTORY_INLINE_MAX, default: 0 } },
        },
      },
    },
    (request, reply) => {
      const name = request.params.service;
      const service = known(name);
      if (!service) return unknown(reply, name);
      const { history } = request.query;
      const results = source.results(name).map((result) => {
        if (history === 0) return result;
        const points = source.history(name, result).slice(-history);
        return { ...result, history: points.map((point) => [point.windowEndMs, point.value]) };
      });
      return reply.send({ ...service, facts: source.facts(name), results });
    },
  );
  const text = { type: 'string', maxLength: 500, default: '' };
  app.get<{ Params: { service: string }; Querystring: SeriesKey }>(
    '/api/services/:service/history',
    {
      schema: {
        querystring: {
          type: 'object',
          required: ['metric'],
          properties: {
            metric: { type: 'string', minLength: 1, maxLength: 500 },
            subject: text,
            model: text,
            segment: { ...text, default: '*' },
          },
        },
      },
    },
    (request, reply) => {
      const name = request.params.service;
      return known(name) ? reply.send(source.history(name, request.query)) : unknown(reply, name);
    },
  );
}
