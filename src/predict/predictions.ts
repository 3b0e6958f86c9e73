/** The port behind `POST /predict/:service`: which services can be asked, and their answers. */

import type { StreamDecoder } from '../decode/decoder.ts';
import type { Append, ServiceSpec, StreamSpec } from '../records.ts';
import { type Headers, isBlind, routedHeaders } from '../router/index.ts';
import { createPredictor } from '../score/predictor.ts';
import type { Answered } from './decision.ts';
import { createEngine, type Engine } from './engine.ts';
import { createRecent, type Recent } from './recent.ts';
import { type RequestRecord, writeRecord } from './record.ts';
import { Refusal } from './refusal.ts';
import type { Tables } from './tables.ts';

/** A header with what to route by, where one user's requests are to stay with one version. */
export const KEY_HEADER = 'telltale-key';

/** What predictions need of the daemon. */
export interface Surroundings {
  services: ReadonlyMap<string, { spec: ServiceSpec }>;
  decoderFor(spec: ServiceSpec, stream: StreamSpec): StreamDecoder;
  /** A request as people are shown it, and a cause as logs are. */
  shownRequest(spec: ServiceSpec, record: RequestRecord): unknown;
  shownCause(spec: ServiceSpec, cause: string): string;
  shownDigest(spec: ServiceSpec, digest: string): string;
  hasTopic(topic: string): boolean;
  append(batch: readonly Append[]): Promise<void>;
  topics: { decisions: string; review: string };
  tables: Tables;
  nowMs(): number;
  newId(): string;
  log(event: string, facts: object): void;
}

/** A service that can be asked. */
export interface Askable {
  spec: ServiceSpec;
  stream: StreamSpec;
}

export interface Asking {
  record: RequestRecord;
  isUpload: boolean;
  headers: Headers;
  /** Called as soon as it is known who answers. */
  onRoute(version: string): void;
}

export interface Predictions {
  /** What has been answered, also by others: the daemon tells it what it reads of `decisions`. */
  readonly recent: Recent;
  /** From now on requests are answered; until then they are refused as `starting`. */
  open(surroundings: Surroundings): void;
  /** Throws a `Refusal` where a service cannot be asked. */
  find(service: string): Askable;
  /** Rejects with a `Refusal`. */
  ask(askable: Askable, asking: Asking): Promise<Answered>;
  /** Requests under way, also those whose caller is no longer waiting for them. */
  readonly pending: number;
  /** Refuses new requests and waits for those under way, for `waitMs` at most; then ends the models. */
  close(waitMs: number): Promise<void>;
}

export interface PredictionLimits {
  /** After so long a request is refused although it may still be written. */
  timeoutMs: number;
}

export function createPredictions({ timeoutMs }: PredictionLimits): Predictions {
  const engines = new Map<string, Engine>();
  const recent = createRecent();
  const running = new Set<Promise<unknown>>();
  let around: Surroundings | null = null;
  let isClosing = false;

  const surroundings = (): Surroundings => {
    if (isClosing) throw new Refusal('stopping', 'the daemon is stopping', 'try again');
    if (around === null) throw new Refusal('starting', 'the daemon is starting', 'try again');
    return around;
  };

  /** A reload makes another engine; the one before it ends when all that it was asked is answered. */
  const engineOf = (own: Surroundings, { spec, stream }: Askable): Engine => {
    const before = engines.get(spec.service);
    if (before?.spec === spec) return before;
    const { append, topics, nowMs, log } = own;
    const engine = createEngine({
      spec,
      stream,
      decoder: own.decoderFor(spec, stream),
      predictor: createPredictor(spec, (event, facts) => log(event, { service: spec.service, ...facts })),
      recent,
      topics,
      append,
      nowMs,
      log,
      shownRequest: own.shownRequest,
      shownCause: own.shownCause,
      shownDigest: own.shownDigest,
    });
    engines.set(spec.service, engine);
    if (before !== undefined) void Promise.allSettled([...running]).then(() => before.close());
    return engine;
  };

  return {
    recent,
    open(next) {
      around = next;
    },
    find(service) {
      const own = surroundings();
      const spec = own.services.get(service)?.spec;
      if (spec === undefined) throw unknownService(service, own);
      const stream = streamOf(spec);
      if (!own.hasTopic(stream.topic))
        throw new Refusal(
          'log_away',
          `the topic ${stream.topic} does not exist`,
          'create it; see `telltale topics`',
        );
      return { spec, stream };
    },
    async ask(askable, { record, isUpload, headers, onRoute }) {
      const own = surroundings();
      const { spec, stream } = askable;
      const { id, value } = writeRecord(spec, stream, record, { id: own.newId(), timeMs: own.nowMs() });
      const router = own.tables.routerOf(spec);
      const given = headers[KEY_HEADER];
      const key = typeof given === 'string' && given !== '' ? given : null;
      const route = router.route(key ?? id, headers);
      onRoute(route.version);
      const said = routedHeaders(route, key === null ? 'id' : 'key');
      const { table } = router;
      const question = {
        ...{ id, value, record, isUpload, route, headers: said },
        ...{ threshold: table.threshold ?? null, isBlind: isBlind(table, id) },
      };
      const work = engineOf(own, askable).ask(question);
      running.add(work);
      const done = (): boolean => running.delete(work);
      work.then(done, done);
      return within(work, timeoutMs);
    },
    get pending() {
      return running.size;
    },
    async close(waitMs) {
      isClosing = true;
      await within(Promise.allSettled([...running]), waitMs).catch(() => {});
      await Promise.all([...engines.values()].map((engine) => engine.close()));
      engines.clear();
    },
  };
}

function unknownService(service: string, { services }: Surroundings): Refusal {
  const names = [...services.values()].flatMap(({ spec }) => (spec.models.length > 0 ? [spec.service] : []));
  return new Refusal(
    'unknown_service',
    `no service '${service.slice(0, 100)}'`,
    names.length > 0 ? `the services with models are: ${names.sort().join(', ')}` : 'no service has models',
  );
}

function streamOf(spec: ServiceSpec): StreamSpec {
  const { service, models } = spec;
  if (models.length === 0)
    throw new Refusal(
      'no_models',
      `${service} has no models here: another system answers its requests`,
      'give the service `models`, or ask that system',
    );
  const stream = spec.streams.find((one) => one.stream === 'requests');
  if (stream === undefined)
    throw new Refusal(
      'no_requests',
      `${service} has no stream of requests to log to`,
      'give it `streams.requests`',
    );
  if (stream.encoding === 'json') return stream;
  throw new Refusal(
    'avro_requests',
    `the requests of ${service} are of the encoding ${stream.encoding}, which this route does not write`,
    'write to its topic with your producer, or give the stream `encoding: json`',
  );
}

/** The work, or a refusal when it takes longer. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const cure = 'send it again with the same id; it may still be written';
      reject(new Refusal('log_away', `no answer within ${timeoutMs} ms`, cure));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
