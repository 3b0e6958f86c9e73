import { InfluxDB } from 'influx';
import { messageOf, TelltaleError } from '../errors.ts';
import { INFLUX_SCHEMA, type PointDelivery, pointsOf } from './influx-points.ts';
import { PUBLIC_TOPICS, type Refusal, type Sink, type SinkContext, type SinkKind } from './sink.ts';

export interface InfluxOptions {
  /** http or https, with a path where InfluxDB stands behind a proxy. User and password in it are used. */
  url: string;
  database: string;
  retentionPolicy?: string;
  username?: string;
  password?: string;
  /** API token of InfluxDB 2 and 3, sent as `Authorization: Token`; goes before user and password. */
  token?: string;
  /** Default 10,000. */
  requestTimeoutMs?: number;
  /** Points of one HTTP request; default 5,000, which is what InfluxDB advises. */
  pointsMax?: number;
}

/** The pool's own waiting would hold the process open and hide the reason; the caller waits instead. */
const NO_BACKOFF = {
  getDelay: () => 0,
  next: () => NO_BACKOFF,
  reset: () => NO_BACKOFF,
};

/** A client that neither waits nor retries by itself. */
export function connectInflux(options: InfluxOptions): InfluxDB {
  const url = URL.canParse(options.url) ? new URL(options.url) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new TelltaleError('config_invalid', `influx: '${options.url}' is not an http or https URL`);
  }
  const secure = url.protocol === 'https:';
  const username = options.token ? '' : (options.username ?? decodeURIComponent(url.username));
  const password = options.password ?? decodeURIComponent(url.password);
  // The client sends root:root when no user is named, and only a user that is not a string stops it.
  const credentials = username === '' ? { username: null as unknown as string } : { username, password };
  const timeoutMs = options.requestTimeoutMs ?? 10_000;
  return new InfluxDB({
    ...credentials,
    database: options.database,
    schema: INFLUX_SCHEMA.map((schema) => ({ ...schema })),
    pool: { maxRetries: 1, requestTimeout: timeoutMs, backoff: NO_BACKOFF },
    hosts: [
      {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
        path: url.pathname.replace(/\/+$/, ''),
        protocol: secure ? 'https' : 'http',
        options: options.token ? { headers: { Authorization: `Token ${options.token}` } } : {},
      },
    ],
  });
}

/** The HTTP status that the receiver answered with; 0: it did not answer. */
function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('res' in error)) return 0;
  const res = error.res;
  if (typeof res !== 'object' || res === null || !('statusCode' in res)) return 0;
  return typeof res.statusCode === 'number' ? res.statusCode : 0;
}

/** The client waits for the end of an answer without limit when the connection dies within its body. */
async function withinMs<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no complete answer in ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function createInflux(options: InfluxOptions, context: SinkContext): Promise<Sink> {
  const client = connectInflux(options);
  const pointsMax = options.pointsMax ?? 5_000;
  const limitMs = (options.requestTimeoutMs ?? 10_000) * 3;
  let databaseKnown = false;

  const away = (error: unknown) =>
    new TelltaleError('sink_unavailable', `InfluxDB at ${new URL(options.url).host}: ${messageOf(error)}`, {
      cause: error,
    });

  async function ensureDatabase(): Promise<void> {
    if (databaseKnown) return;
    try {
      await withinMs(client.createDatabase(options.database), limitMs);
    } catch (error) {
      // A user without the right to create, and InfluxDB 2 and 3, refuse this; the write tells whether it matters.
      if (statusOf(error) === 0) throw away(error);
      context.log.info({ sink: 'influx', reason: messageOf(error) }, 'database was not created');
    }
    databaseKnown = true;
  }

  /** Halves a refused request until the bad points stand alone: log2(n) requests for each, not n for all. */
  async function send(points: PointDelivery[]): Promise<Refusal[]> {
    const writing = client.writePoints(
      points.map((entry) => entry.point),
      {
        database: options.database,
        precision: 'ms',
        ...(options.retentionPolicy ? { retentionPolicy: options.retentionPolicy } : {}),
      },
    );
    try {
      await withinMs(writing, limitMs);
      return [];
    } catch (error) {
      const status = statusOf(error);
      if (status !== 400 && status !== 413 && status !== 422) {
        // 404: somebody dropped the database; the retry makes it again.
        databaseKnown = false;
        throw away(error);
      }
      const only = points.length === 1 ? points[0] : undefined;
      if (only)
        return [{ delivery: only.delivery, reason: `InfluxDB refuses the point: ${messageOf(error)}` }];
      const half = Math.ceil(points.length / 2);
      const first = await send(points.slice(0, half));
      return [...first, ...(await send(points.slice(half)))];
    }
  }

  return {
    name: 'influx',
    batchMax: 2_000,
    async write(batch) {
      const points = pointsOf(batch);
      if (points.length === 0) return [];
      await ensureDatabase();
      const refusals: Refusal[] = [];
      for (let from = 0; from < points.length; from += pointsMax) {
        refusals.push(...(await send(points.slice(from, from + pointsMax))));
      }
      return refusals;
    },
    async close(): Promise<void> {},
  };
}

/**
 * InfluxDB through its 1.x API, which 2.x and 3.x also offer. A point is one result or alert transition
 * at the end of its window, or one record of an incident, of retraining or of a roll-out at its own event time, in milliseconds; writing it
 * again replaces it.
 */
export const influxSink: SinkKind<InfluxOptions, { influx: InfluxOptions | null }> = {
  name: 'influx',
  description: 'InfluxDB through the 1.x write API (1.x, 2.x and 3.x)',
  create: createInflux,
  wanted({ influx }) {
    if (influx === null) return [];
    return [{ name: 'influx', topics: PUBLIC_TOPICS, create: (context) => createInflux(influx, context) }];
  },
};
