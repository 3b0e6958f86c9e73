import { createHash, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Retrain } from '../records.ts';
import { createEventHub, type EventHub, type EventOptions } from './events.ts';
import { isLoopback, refuseCommand, refuseHost } from './guard.ts';
import { PAGE, PAGE_SCRIPT, PAGE_STYLE } from './page.ts';
import type { ConsoleSource, SeriesKey } from './source.ts';

export interface ConsoleOptions extends Partial<EventOptions> {
  /** Loopback unless the whole network may read and command. */
  host: string;
  /** 0: any free port. */
  port: number;
  /** Adds what other parts of the daemon serve, behind the same checks of hosts. */
  extend?: (app: FastifyInstance) => void;
}

export interface Console {
  url: string;
  /** Ends all event streams and stops listening. */
  close(): Promise<void>;
}

/** A body that comes slower is not waited for. */
const REQUEST_MS_MAX = 30_000;
const HISTORY_INLINE_MAX = 120;
const ROUTES = [
  '/',
  '/healthz',
  '/readyz',
  '/api/services',
  '/api/services/:service',
  '/api/services/:service/history?metric=&subject=&model=&segment=',
  '/api/alerts',
  '/api/incidents',
  '/api/retrains',
  '/api/rollouts',
  '/api/config',
  '/api/events',
  '/predict/:service',
];

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src ${sha256(PAGE_SCRIPT)}`,
  `style-src ${sha256(PAGE_STYLE)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function fail(reply: FastifyReply, status: number, error: string, help: string): FastifyReply {
  return reply.code(status).send({ error, help });
}

function addReads(app: FastifyInstance, source: ConsoleSource): void {
  const known = (name: string) => source.services().find((service) => service.name === name);
  const unknown = (reply: FastifyReply, name: string) => {
    const names = source.services().map((service) => service.name);
    return fail(reply, 404, `no service '${name}'`, `the services are: ${names.join(', ')}`);
  };
  app.get('/', (_, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  app.get('/healthz', (_, reply) => {
    const health = source.health();
    return reply.code(health.live ? 200 : 503).send(health);
  });
  app.get('/readyz', (_, reply) => {
    const health = source.health();
    return reply.code(health.ready ? 200 : 503).send(health);
  });
  app.get('/api/services', () => source.services());
  app.get('/api/alerts', () => source.alerts());
  app.get('/api/incidents', () => source.incidents());
  app.get('/api/retrains', () => source.retrains());
  app.get('/api/rollouts', () => source.rollouts());
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
      return reply.send({ ...service, results });
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

interface Decision {
  service: string;
  by: string;
  reason: string;
}

/** The newest record of a request for retraining. */
function newestOf(source: ConsoleSource, service: string, retrainId: string): Retrain | undefined {
  return source.retrains().find((record) => record.service === service && record.retrainId === retrainId);
}

function addCommands(app: FastifyInstance, source: ConsoleSource): void {
  const body = {
    type: 'object',
    required: ['service', 'by', 'reason'],
    additionalProperties: false,
    properties: {
      service: { type: 'string', minLength: 1, maxLength: 200 },
      by: { type: 'string', minLength: 1, maxLength: 100, pattern: '\\S' },
      reason: { type: 'string', maxLength: 1000 },
    },
  };
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    const reason = refuseCommand(request.headers);
    if (reason !== null) return fail(reply, 403, reason, 'send commands from the console page or with curl');
  };
  for (const action of ['approve', 'reject'] as const) {
    app.post<{ Params: { id: string }; Body: Decision }>(
      `/api/retrains/:id/${action}`,
      // Refused before the body is read: a foreign form must not even be parsed.
      { schema: { body }, onRequest: refuse },
      async (request, reply) => {
        const { service, by, reason } = request.body;
        const target = request.params.id;
        const record = newestOf(source, service, target);
        if (!record) return fail(reply, 404, `no request '${target}' of '${service}'`, 'see /api/retrains');
        if (record.state !== 'requested') {
          const decided = `was ${record.state} by ${record.by || 'the service'}`;
          return fail(reply, 409, `the request ${decided} already`, 'see /api/retrains');
        }
        const kind = action === 'approve' ? 'retrain.approve' : 'retrain.reject';
        try {
          await source.command({ id: randomUUID(), service, kind, target, by: by.trim(), reason });
        } catch (error) {
          return fail(reply, 503, `the command was not written: ${messageOf(error)}`, 'try it again');
        }
        return reply.code(202).send({ accepted: true });
      },
    );
  }
}

function addEvents(app: FastifyInstance, hub: EventHub): void {
  app.get('/api/events', (_, reply) => {
    reply.hijack();
    if (hub.add(reply.raw)) return;
    reply.raw.writeHead(503, { 'content-type': 'application/json', 'retry-after': '10' });
    reply.raw.end(JSON.stringify({ error: 'too many pages are open', help: 'close one, or wait' }));
  });
}

function addFrame(app: FastifyInstance, loopbackOnly: boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const reason = refuseHost(request.headers, loopbackOnly);
    if (reason !== null) return fail(reply, 403, reason, 'open it as http://localhost');
  });
  app.setNotFoundHandler((request, reply) =>
    fail(reply, 404, `no ${request.method} ${request.url.slice(0, 200)}`, `there is: ${ROUTES.join(' ')}`),
  );
  app.setErrorHandler((error: { statusCode?: number; message: string }, _, reply) => {
    const status = error.statusCode ?? 500;
    return fail(
      reply,
      status,
      error.message,
      status < 500 ? 'correct the request' : 'see the log of the daemon',
    );
  });
}

/** The name under which a person reaches a host to listen on. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Serves the live page, the JSON API, the health checks and the commands. Rejects with a TelltaleError
 * that names host and port when it cannot listen there.
 */
export async function createConsole(source: ConsoleSource, options: ConsoleOptions): Promise<Console> {
  const app = fastify({
    forceCloseConnections: true,
    bodyLimit: 16_384,
    return503OnClosing: false,
    requestTimeout: REQUEST_MS_MAX,
  });
  const { flushMs = 250, heartbeatMs = 2_000, clientsMax = 100 } = options;
  const hub = createEventHub(source, { flushMs, heartbeatMs, clientsMax });
  addFrame(app, isLoopback(options.host));
  addReads(app, source);
  addCommands(app, source);
  addEvents(app, hub);
  options.extend?.(app);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    hub.close();
    await app.close();
    const at = `${options.host}:${options.port}`;
    throw new TelltaleError('config_invalid', `console: cannot listen on ${at}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${nameOf(options.host)}:${port}`,
    async close() {
      hub.close();
      await app.close();
    },
  };
}
