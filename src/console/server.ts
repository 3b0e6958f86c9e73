import type { AddressInfo } from 'node:net';
import compress from '@fastify/compress';
import fastify, { type FastifyInstance } from 'fastify';
import { isLoopback } from '../config/loopback.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Retrain } from '../records.ts';
import { type AuthOptions, NO_AUTH } from './auth/access.ts';
import { addCommandRoute, byOf, commandLimit } from './auth/command-routes.ts';
import { addAuth, type Gate } from './auth/index.ts';
import { answer, RefusedError } from './auth/refused.ts';
import { createEventHub, type EventHub, type EventOptions } from './events.ts';
import { refuseHost } from './guard.ts';
import { addReads, fail, READS } from './reads.ts';
import type { ConsoleSource } from './source.ts';
import { addWeb, builtWeb, CONTENT_SECURITY_POLICY } from './web.ts';

export interface ConsoleOptions extends Partial<EventOptions> {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Only this machine reaches the host, although it is not loopback. */
  isLocalOnly?: boolean;
  /** By default nobody is asked who they are. */
  auth?: AuthOptions;
  /** Folder of the built pages; null: there is none; absent: where the build puts them. */
  web?: string | null;
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
/** The results of a service are megabytes of very similar objects. */
const COMPRESSION = { threshold: 4_096, encodings: ['gzip' as const], zlibOptions: { level: 4 } };
const ROUTES = ['/', ...READS, '/api/events', '/api/session', '/api/commands', '/predict/:service'];

interface Decision {
  service: string;
  by?: string;
  reason: string;
}

/** The newest record of a request for retraining. */
function newestOf(source: ConsoleSource, service: string, retrainId: string): Retrain | undefined {
  return source.retrains().find((record) => record.service === service && record.retrainId === retrainId);
}

function addDecisions(app: FastifyInstance, source: ConsoleSource, gate: Gate): void {
  const body = {
    type: 'object',
    required: ['service', 'reason'],
    additionalProperties: false,
    properties: {
      service: { type: 'string', minLength: 1, maxLength: 200 },
      by: { type: 'string', minLength: 1, maxLength: 100, pattern: '\\S' },
      reason: { type: 'string', maxLength: 1000 },
    },
  };
  const config = { access: 'operator' as const, ownHeader: true as const, rateLimit: commandLimit(gate) };
  for (const action of ['approve', 'reject'] as const) {
    app.post<{ Params: { id: string }; Body: Decision }>(
      `/api/retrains/:id/${action}`,
      { config, schema: { body } },
      async (request, reply) => {
        const { service, reason } = request.body;
        const target = request.params.id;
        const record = newestOf(source, service, target);
        if (!record) return fail(reply, 404, `no request '${target}' of '${service}'`, 'see /api/retrains');
        if (record.state !== 'requested') {
          const decided = `was ${record.state} by ${record.by || 'the service'}`;
          return fail(reply, 409, `the request ${decided} already`, 'see /api/retrains');
        }
        const kind = action === 'approve' ? 'retrain.approve' : 'retrain.reject';
        const by = byOf(gate, request, request.body.by);
        try {
          await source.command({ service, kind, target, by, reason });
        } catch (error) {
          return fail(reply, 503, `the command was not written: ${messageOf(error)}`, 'try it again');
        }
        return reply.code(202).send({ accepted: true });
      },
    );
  }
}

function addEvents(app: FastifyInstance, hub: EventHub, gate: Gate): void {
  app.get('/api/events', (request, reply) => {
    reply.hijack();
    const { sessionId } = gate.identityOf(request);
    if (hub.add(reply.raw)) {
      if (sessionId !== undefined) gate.sessions.hold(sessionId, reply.raw);
      return;
    }
    reply.raw.writeHead(503, { 'content-type': 'application/json', 'retry-after': '10' });
    reply.raw.end(JSON.stringify({ error: 'too many pages are open', help: 'close one, or wait' }));
  });
}

function addFrame(app: FastifyInstance, loopbackOnly: boolean, hosts: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const reason = refuseHost(request.headers, loopbackOnly, hosts);
    if (reason !== null) return fail(reply, 403, reason, 'open it as http://localhost');
  });
  app.setNotFoundHandler((request, reply) =>
    fail(reply, 404, `no ${request.method} ${request.url.slice(0, 200)}`, `there is: ${ROUTES.join(' ')}`),
  );
  app.setErrorHandler((error: { statusCode?: number; message: string }, _, reply) => {
    if (error instanceof RefusedError) return answer(reply, error.refused);
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
 * Serves the pages, the JSON API, the health checks and the commands. Rejects with a TelltaleError
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
  const { host, isLocalOnly = false, auth = NO_AUTH } = options;
  addFrame(app, isLocalOnly || isLoopback(host), auth.proxy?.hosts ?? []);
  await app.register(compress, COMPRESSION);
  const gate = await addAuth(app, auth);
  addWeb(app, options.web === undefined ? builtWeb() : options.web);
  addReads(app, source);
  addDecisions(app, source, gate);
  addCommandRoute(app, gate, source.command);
  addEvents(app, hub, gate);
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
