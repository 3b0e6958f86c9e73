import { z } from 'zod';
import { duration, httpUrl, port, positiveInt, spell, text } from './scalar-shapes.ts';
import { saslShape, tlsShape } from './security-shape.ts';
import { COMPRESSIONS } from './types.ts';

const host = text.prefault('127.0.0.1');
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
    http: z.strictObject({ host, port: port.prefault(8080) }).prefault({}),
    metrics: z.union([z.literal(false), z.strictObject({ host, port: port.prefault(9464) })]).prefault({}),
    otlp: z.strictObject({ url: httpUrl }).optional(),
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
    services: text.prefault('services'),
    log: z
      .strictObject({
        level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault('info'),
      })
      .prefault({}),
  })
  .meta({ title: 'The Telltale daemon', description: 'config/telltale.yaml' });
