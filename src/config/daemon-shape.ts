import { z } from 'zod';
import { httpShape } from './http-shape.ts';
import { notifyShape } from './notify-shape.ts';
import { duration, httpUrl, port, positiveInt, spell, text } from './scalar-shapes.ts';
import { saslShape, tlsShape } from './security-shape.ts';
import { COMPRESSIONS, WEBHOOK_TOPICS } from './types.ts';

const host = text.prefault('127.0.0.1');
/** A value with a line break is mostly a secret that was read with the end of its file. */
const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'text of one line');
const OWN_HEADERS =
  /^(host|content-length|connection|transfer-encoding|idempotency-key|telltale-signature)$/i;
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'a name of a header')
  .refine((key) => !OWN_HEADERS.test(key), 'a header that the webhook does not set itself');
const webhookShape = z.strictObject({
  /** Part of the name of a consumer group. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name of a-z, 0-9 and -'),
  // Kept letter by letter, unlike the addresses of servers: a slash at the end may matter.
  url: z.string().regex(/^https?:\/\/[^\s/]+\S*$/, 'a URL such as https://hooks.example.com/telltale'),
  on: z.array(z.enum(WEBHOOK_TOPICS)).min(1).prefault(['alerts', 'retrain']),
  headers: z.record(headerName, headerValue).prefault({}),
  secret: text.optional(),
  secret_file: text.optional(),
  timeout: spell.refine((ms) => ms <= 600_000, 'at most 10m').prefault('10s'),
});
const deadLettersShape = z.strictObject({
  rate_max: z.number().min(0.0001).max(1).prefault(0.01),
  min_records: positiveInt.prefault(100),
  window: spell.prefault('1m'),
});
const broker = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'HOST:PORT');

/** telltale.yaml. */
export const daemonShape = z
  .strictObject({
    kafka: z
      .strictObject({
        brokers: z.array(broker).min(1).prefault(['localhost:9092']),
        client_id: text.prefault('telltale'),
        group: text.prefault('telltale'),
        compression: z.enum(COMPRESSIONS).prefault('gzip'),
        instance_id: text.optional(),
        session_timeout: spell.prefault('6s'),
        heartbeat_interval: spell.optional(),
        rebalance_timeout: spell.prefault('60s'),
        stalled_after: spell.prefault('5m'),
        ssl: z.union([z.boolean(), tlsShape]).prefault(false),
        sasl: saslShape.optional(),
      })
      .prefault({}),
    registry: z.strictObject({ url: httpUrl }).optional(),
    topics: z
      .strictObject({
        prefix: z
          .string()
          .regex(/^[A-Za-z0-9._-]{0,200}$/, 'letters, digits, dots, - and _')
          .prefault('telltale.'),
        partitions: positiveInt.prefault(4),
        replication: positiveInt.prefault(1),
        retention: spell.prefault('7d'),
        cloudevents: z.boolean().prefault(false),
      })
      .prefault({}),
    influx: z
      .strictObject({
        url: httpUrl,
        database: text.prefault('telltale'),
        username: z.string().prefault(''),
        password: z.string().prefault(''),
        password_file: text.optional(),
      })
      .optional(),
    webhooks: z.array(webhookShape).prefault([]),
    notify: notifyShape.prefault({}),
    dead_letters: z.union([z.literal(false), deadLettersShape]).prefault({}),
    http: httpShape.prefault({}),
    privacy: z.strictObject({ key: text.optional(), key_file: text.optional() }).optional(),
    metrics: z.union([z.literal(false), z.strictObject({ host, port: port.prefault(9464) })]).prefault({}),
    otlp: z.strictObject({ url: httpUrl }).optional(),
    health: z
      .strictObject({ lag_max: positiveInt.prefault(100_000), progress_within: spell.prefault('1m') })
      .prefault({}),
    checkpoint: z
      .strictObject({ every: spell.prefault('2s'), records: positiveInt.prefault(20_000) })
      .prefault({}),
    scoring: z
      .strictObject({
        threads: positiveInt.prefault(1),
        shadow_timeout: duration.prefault('2s'),
        shadow_failures_max: positiveInt.prefault(5),
      })
      .prefault({}),
    predict: z
      .strictObject({ enabled: z.boolean().optional(), in_flight_max: positiveInt.prefault(100) })
      .prefault({}),
    services: text.prefault('services'),
    log: z
      .strictObject({
        level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault('info'),
      })
      .prefault({}),
  })
  .meta({ title: 'The Telltale daemon', description: 'config/telltale.yaml' });
