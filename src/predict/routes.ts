/** `POST /predict/:service` as a part of the console's server. */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuseSite } from '../console/guard.ts';
import { readForm } from './form.ts';
import { createGate } from './gate.ts';
import type { Askable, Predictions } from './predictions.ts';
import { describeInputs, type RequestRecord, recordOfForm, recordOfJson, tooLarge } from './record.ts';
import { Refusal } from './refusal.ts';

const URL_OF_ROUTE = '/predict/:service';
const OTHER_METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** A form with an image is hardly longer than the image: boundaries, names and short texts. */
const FORM_BYTES_EXTRA = 65_536;
/** At the end: for answers that wait for the log, and for those on their way. The daemon has less than ten seconds for all of its stop. */
const DRAIN_MS_MAX = 3_000;
const FLUSH_MS_MAX = 1_000;

export interface PredictRouteOptions {
  /** False: all requests are refused, with the way to switch it on. */
  enabled: boolean;
  /** Requests under way at once. */
  inFlightMax: number;
  /** `version` '' where none was chosen, `service` '' where there is none of that name. */
  counted(service: string, version: string, status: number, ms: number): void;
  log(event: string, facts: object): void;
}

interface Received {
  Params: { service: string };
  Querystring: Record<string, unknown>;
}

interface Seen {
  service: string;
  version: string;
}

/** Adds the route to a server. When that closes, requests under way are answered first, and the models end. */
export function predictRoutes(
  predictions: Predictions,
  options: PredictRouteOptions,
): (app: FastifyInstance) => void {
  return (app) => void app.register(async (own) => addRoute(own, predictions, options));
}

function addRoute(own: FastifyInstance, predictions: Predictions, options: PredictRouteOptions): void {
  const seen = new WeakMap<FastifyRequest, Seen>();
  const gate = createGate();
  // Bodies are read here, when it is known how long they may be.
  own.removeAllContentTypeParsers();
  own.addContentTypeParser('*', (_request, _payload, done) => done(null));
  own.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.log));
  own.addHook('onResponse', async (request, reply) => {
    const { service, version } = seen.get(request) ?? { service: '', version: '' };
    options.counted(service, version, reply.statusCode, reply.elapsedTime);
  });
  own.addHook('preClose', async () => {
    await predictions.close(DRAIN_MS_MAX);
    await gate.empty(FLUSH_MS_MAX);
  });
  const config = { access: 'caller' as const };
  own.route({
    method: OTHER_METHODS,
    url: URL_OF_ROUTE,
    config,
    handler: (request, reply) => {
      reply.header('allow', 'POST');
      throw new Refusal('method', `${request.method} is not answered here`, 'send it with POST');
    },
  });
  own.post<Received>(URL_OF_ROUTE, { config }, async (request, reply) => {
    refuseUnfit(request.headers, options, Math.max(gate.inFlight, predictions.pending));
    gate.enter(reply.raw);
    const askable = predictions.find(request.params.service);
    const about: Seen = { service: askable.spec.service, version: '' };
    seen.set(request, about);
    const { record, isUpload } = await readRecord(request, askable);
    const onRoute = (version: string): void => {
      about.version = version;
    };
    return predictions.ask(askable, { record, isUpload, headers: request.headers, onRoute });
  });
}

function refuseUnfit(
  headers: IncomingHttpHeaders,
  { enabled, inFlightMax }: PredictRouteOptions,
  inFlight: number,
): void {
  if (!enabled)
    throw new Refusal(
      'off',
      'predictions are switched off',
      'set `predict: { enabled: true }` in telltale.yaml; by default they are on where the console listens on loopback',
    );
  const foreign = refuseSite(headers);
  if (foreign !== null) throw new Refusal('foreign', foreign, 'send requests from a server, or with curl');
  if (inFlight >= inFlightMax)
    throw new Refusal('busy', `${inFlight} requests are under way already`, 'try again after a moment');
}

async function readRecord(
  request: FastifyRequest<Received>,
  { spec, stream }: Askable,
): Promise<{ record: RequestRecord; isUpload: boolean }> {
  const header = request.headers['content-type'] ?? '';
  const type = header.split(';')[0]!.trim().toLowerCase();
  const bytesMax = spec.limits.messageBytesMax;
  if (type === 'application/json')
    return { record: recordOfJson(spec, await bodyOf(request.raw, bytesMax)), isUpload: false };
  if (type === 'multipart/form-data') {
    const form = await readForm(header, await bodyOf(request.raw, bytesMax + FORM_BYTES_EXTRA));
    return { record: recordOfForm(spec, stream, form.fields, form.files), isUpload: true };
  }
  if (type.startsWith('image/')) {
    const texts = Object.entries(request.query).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text] as const] : [],
    );
    const bytes = await bodyOf(request.raw, bytesMax);
    return { record: recordOfForm(spec, stream, texts, [{ name: '', bytes }]), isUpload: true };
  }
  const found = type === '' ? 'no content-type' : `the content-type ${type.slice(0, 100)}`;
  const takesImages = spec.inputs.some((input) => input.type === 'image');
  const images = takesImages ? ', multipart/form-data with a file, or image/jpeg or image/png' : '';
  throw new Refusal(
    'unsupported_type',
    `found ${found}`,
    `send application/json${images}; inputs: ${describeInputs(spec)}`,
  );
}

/** The whole body. Throws `too_large` as soon as that is known. */
async function bodyOf(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (Number(incoming.headers['content-length']) > bytesMax) throw tooLarge(null, bytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // To leave the loop must not destroy the request: the refusal has yet to be sent.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(null, bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: PredictRouteOptions['log'],
): FastifyReply {
  const refusal = error instanceof Refusal ? error : refusalOf(error, request, log);
  if (refusal.retryAfterS !== null) reply.header('retry-after', String(refusal.retryAfterS));
  const { status, code, message, cure } = refusal;
  // What of the body has not been read is not waited for.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply.code(status).send({ error: code, message, cure });
}

/** Faults of HTTP that the server has found, and our own. */
function refusalOf(error: unknown, request: FastifyRequest, log: PredictRouteOptions['log']): Refusal {
  const { statusCode = 500, code = '' } = error as { statusCode?: number; code?: string };
  if (statusCode === 415)
    return new Refusal('unsupported_type', 'the content-type cannot be read', 'send application/json');
  if (request.raw.destroyed || (statusCode >= 400 && statusCode < 500))
    return new Refusal('bad_body', 'the request cannot be read', 'send it again, whole');
  log('prediction_failed', { code, name: error instanceof Error ? error.name : '' });
  return new Refusal('failed', 'the request could not be handled', 'see the log of the daemon', {
    cause: error,
  });
}
