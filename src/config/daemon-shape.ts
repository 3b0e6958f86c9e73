import { z } from 'zod';
import { httpShape } from './http-shape.ts';
import { notifyShape } from './notify-shape.ts';
import { duration, httpUrl, port, positiveInt, spell, text } from './scalar-shapes.ts';
import { saslShape, tlsShape } from './security-shape.ts';
import { COMPRESSIONS, WEBHOOK_TOPICS } from './types.ts';

const addressShape = z.strictObject({
  host: text.prefault('127.0.0.1').describe('address that the endpoint listens on'),
  port: port.prefault(9464).describe('0: any free one'),
});
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
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'a name of a-z, 0-9 and -')
    .describe('a-z, 0-9 and -; part of the name of its consumer group'),
  // Kept letter by letter, unlike the addresses of servers: a slash at the end may matter.
  url: z
    .string()
    .regex(/^https?:\/\/[^\s/]+\S*$/, 'a URL such as https://hooks.example.com/telltale')
    .describe('where records are posted; user and password in it become basic authentication'),
  on: z
    .array(z.enum(WEBHOOK_TOPICS))
    .min(1)
    .prefault(['alerts', 'retrain'])
    .describe('public topics whose records are posted'),
  headers: z.record(headerName, headerValue).prefault({}).describe('more headers of each request'),
  secret: text.optional().describe('signs each request: header telltale-signature, HMAC-SHA256'),
  secret_file: text.optional().describe('file with the secret'),
  timeout: spell
    .refine((ms) => ms <= 600_000, 'at most 10m')
    .prefault('10s')
    .describe('how long an answer is waited for, at most 10m'),
});
const deadLettersShape = z.strictObject({
  rate_max: z
    .number()
    .min(0.0001)
    .max(1)
    .prefault(0.01)
    .describe('a higher share of dead letters of any stream, service or sink raises the alarm'),
  min_records: positiveInt
    .prefault(100)
    .describe('a share is taken of at least so many records, for as long as that takes'),
  window: spell.prefault('1m').describe('windows of the service telltale: how soon the alarm comes and goes'),
});
const broker = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'HOST:PORT');

/** telltale.yaml. */
export const daemonShape = z
  .strictObject({
    kafka: z
      .strictObject({
        brokers: z
          .array(broker)
          .min(1)
          .prefault(['localhost:9092'])
          .describe('HOST:PORT of each broker to begin with'),
        client_id: text.prefault('telltale').describe('name of the client in logs and quotas of the brokers'),
        group: text
          .prefault('telltale')
          .describe('consumer group; instances of one group share the partitions'),
        compression: z.enum(COMPRESSIONS).prefault('gzip').describe('codec of what is written'),
        instance_id: text
          .optional()
          .describe(
            'makes the process a static member of its groups: restarted under the same id it has its partitions back at once. Must differ between the processes of a group',
          ),
        session_timeout: spell
          .prefault('6s')
          .describe(
            'a process that is silent for so long is taken for dead and its partitions go to the others',
          ),
        heartbeat_interval: spell
          .optional()
          .describe('pause between signs of life; by default a third of the session, at most 3s'),
        rebalance_timeout: spell
          .prefault('60s')
          .describe(
            'how long the others wait for a process that has work in hand before they share its partitions',
          ),
        stalled_after: spell
          .prefault('5m')
          .describe('the process ends with an error when it is behind and does not move for so long'),
        ssl: z
          .union([z.boolean(), tlsShape])
          .prefault(false)
          .describe('TLS; true: trusting the authorities that Node.js knows'),
        sasl: saslShape
          .optional()
          .describe('how Telltale proves to the brokers who it is; by default it does not'),
      })
      .prefault({})
      .describe('the brokers, and how the process is one of its group'),
    registry: z
      .strictObject({ url: httpUrl.describe('address of the schema registry') })
      .optional()
      .describe('schema registry; needed by streams with encoding: avro'),
    topics: z
      .strictObject({
        prefix: z
          .string()
          .regex(/^[A-Za-z0-9._-]{0,200}$/, 'letters, digits, dots, - and _')
          .prefault('telltale.')
          .describe('begins the names of the topics that Telltale writes'),
        partitions: positiveInt
          .prefault(4)
          .describe('partitions of each topic when it is created; cannot be changed later'),
        replication: positiveInt.prefault(1).describe('copies of each partition when a topic is created'),
        retention: spell.prefault('7d').describe("how long Telltale's own topics keep records"),
        cloudevents: z
          .boolean()
          .prefault(false)
          .describe('results, alerts, incidents, retrain and rollout carry the headers of CloudEvents 1.0'),
      })
      .prefault({})
      .describe('the topics that Telltale writes'),
    influx: z
      .strictObject({
        url: httpUrl.describe('address of InfluxDB'),
        database: text.prefault('telltale').describe('database that is written to'),
        username: z.string().prefault('').describe('empty: that of the URL, or none'),
        password: z.string().prefault('').describe('of the user'),
        password_file: text.optional().describe('file with the password'),
      })
      .optional()
      .describe('InfluxDB as a sink; without it there is none'),
    webhooks: z
      .array(webhookShape)
      .prefault([])
      .describe('HTTP receivers of records, each with a consumer group of its own'),
    notify: notifyShape.prefault({}).describe('receivers that have a language of their own'),
    dead_letters: z
      .union([z.literal(false), deadLettersShape])
      .prefault({})
      .describe(
        'when records that cannot be read raise the alarm dead-letters of the service telltale; false: never',
      ),
    http: httpShape.prefault({}).describe('the console: where it listens, and who may see and command'),
    privacy: z
      .strictObject({
        key: text.optional().describe('secret of at least 16 letters that makes the stand-ins'),
        key_file: text.optional().describe('file with the key'),
      })
      .optional()
      .describe('needed by services with sensitive inputs'),
    metrics: z
      .union([z.literal(false), addressShape])
      .prefault({})
      .describe('Prometheus endpoint; false: none'),
    otlp: z
      .strictObject({ url: httpUrl.describe('address of the collector') })
      .optional()
      .describe('OpenTelemetry collector for metrics, traces and logs (OTLP/HTTP); without it none is sent'),
    health: z
      .strictObject({
        lag_max: positiveInt
          .prefault(100_000)
          .describe('records: /readyz says no when a partition is further behind and does not catch up'),
        progress_within: spell
          .prefault('1m')
          .describe('how long that may last, and how long what was read may stay uncommitted'),
      })
      .prefault({})
      .describe('when /readyz says no'),
    checkpoint: z
      .strictObject({
        every: spell.prefault('2s').describe('the longest time between two'),
        records: positiveInt.prefault(20_000).describe('the most records between two'),
      })
      .prefault({})
      .describe('when slots are written and read offsets committed; a crash reads at most that much again'),
    scoring: z
      .strictObject({
        threads: positiveInt
          .prefault(1)
          .describe(
            'threads of a primary and processes of its shadows in each service; the primary has one at least',
          ),
        shadow_timeout: duration
          .prefault('2s')
          .describe('how long a batch waits for a shadow after the primary has answered'),
        shadow_failures_max: positiveInt
          .prefault(5)
          .describe('failed or late batches in a row that switch a shadow off'),
      })
      .prefault({})
      .describe('how models are run'),
    predict: z
      .strictObject({
        enabled: z.boolean().optional().describe('by default only where http.host is loopback'),
        in_flight_max: positiveInt.prefault(100).describe('requests at once; more are refused with 503'),
      })
      .prefault({})
      .describe('answers POST /predict/SERVICE'),
    services: text.prefault('services').describe('folder of the service files'),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .prefault('info')
          .describe('the lowest level that is written'),
      })
      .prefault({})
      .describe('the log of the process'),
  })
  .meta({ title: 'The Telltale daemon', description: 'config/telltale.yaml' });
