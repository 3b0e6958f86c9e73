import type { z } from 'zod';
import { checkShape } from './check-shape.ts';
import type { Files } from './checks/streams.ts';
import { daemonShape } from './daemon-shape.ts';
import { readSource, type Source } from './document.ts';
import type { Environment } from './environment.ts';
import { deepFreeze } from './freeze.ts';
import { httpOf } from './http.ts';
import { notifyOf } from './notify.ts';
import { neededSecretOf, type SecretEntry, secretOf } from './secrets.ts';
import { saslOf, tlsOf } from './security.ts';
import type { DaemonConfig, GroupTimesConfig, InfluxConfig, Path, WebhookConfig } from './types.ts';

type Shape = z.output<typeof daemonShape>;

/**
 * Parses and checks the text of telltale.yaml; an empty file gives the defaults.
 *
 * @param files resolves paths relative to telltale.yaml
 * @returns null with at least one problem in the source where the shape is wrong; with files that are missing there are
 * problems beside the configuration, which must not be used then; does not throw
 */
export function readDaemon(
  text: string,
  file: string,
  context: { env: Environment; files: Files },
): { config: DaemonConfig | null; source: Source } {
  const source = readSource(text, file, context.env, context.files);
  if (!source.readable) return { config: null, source };
  source.value ??= {};
  const parsed = daemonShape.safeParse(checkShape(daemonShape, source).value);
  if (!parsed.success) return { config: null, source };
  // A missing file of a secret must not hide where the services are: their faults are reported with it.
  const isSound = source.problems.length === 0;
  const config = configOf(parsed.data, context.files, source);
  checkTimes(config.kafka.times, source);
  return { config: isSound ? deepFreeze(config) : null, source };
}

function checkTimes(times: GroupTimesConfig, source: Source): void {
  if (times.heartbeatIntervalMs >= times.sessionTimeoutMs) {
    source.report(['kafka', 'heartbeat_interval'], { message: 'must be shorter than session_timeout' });
  }
  // A member that waits for the others of its group would be taken for a broken one.
  if (times.stalledAfterMs <= times.rebalanceTimeoutMs) {
    source.report(['kafka', 'stalled_after'], { message: 'must be longer than rebalance_timeout' });
  }
}

/** Three heartbeats in a session: one may get lost. */
function timesOf(kafka: Shape['kafka']): GroupTimesConfig {
  const sessionTimeoutMs = kafka.session_timeout;
  return {
    sessionTimeoutMs,
    heartbeatIntervalMs: kafka.heartbeat_interval ?? Math.min(3_000, Math.floor(sessionTimeoutMs / 3)),
    rebalanceTimeoutMs: kafka.rebalance_timeout,
    stalledAfterMs: kafka.stalled_after,
  };
}

function configOf(shape: Shape, files: Files, source: Source): DaemonConfig {
  const { kafka, topics, checkpoint, scoring } = shape;
  return {
    kafka: {
      brokers: kafka.brokers,
      clientId: kafka.client_id,
      group: kafka.group,
      compression: kafka.compression,
      instanceId: kafka.instance_id ?? null,
      times: timesOf(kafka),
      ssl: tlsOf(kafka.ssl, files, source),
      sasl: kafka.sasl === undefined ? null : saslOf(kafka.sasl, files, source),
    },
    registry: shape.registry ?? null,
    topics: {
      prefix: topics.prefix,
      partitions: topics.partitions,
      replication: topics.replication,
      retentionMs: topics.retention,
      cloudEvents: topics.cloudevents,
    },
    influx: influxOf(shape.influx, files, source),
    webhooks: webhooksOf(shape.webhooks, files, source),
    notify: notifyOf(shape.notify, files, source),
    deadLetters: deadLettersOf(shape.dead_letters),
    http: httpOf(shape.http, files, source),
    privacy: privacyOf(shape.privacy, files, source),
    metrics: shape.metrics === false ? null : shape.metrics,
    otlp: shape.otlp ?? null,
    health: { lagMax: shape.health.lag_max, progressMs: shape.health.progress_within },
    checkpoint: { everyMs: checkpoint.every, records: checkpoint.records },
    scoring: {
      threads: scoring.threads,
      shadowTimeoutMs: scoring.shadow_timeout,
      shadowFailuresMax: scoring.shadow_failures_max,
    },
    predict: { enabled: shape.predict.enabled ?? null, inFlightMax: shape.predict.in_flight_max },
    log: shape.log,
    servicesDir: files.resolve(shape.services),
  };
}

function influxOf(shape: Shape['influx'], files: Files, source: Source): InfluxConfig | null {
  if (shape === undefined) return null;
  const { url, database, username } = shape;
  const entry: SecretEntry = { path: ['influx'], shape, files, source };
  return { url, database, username, password: secretOf(entry, 'password') ?? '' };
}

/** Shorter ones can be guessed, and with them the categories behind hashes. */
const PRIVACY_KEY_LENGTH_MIN = 16;

function privacyOf(shape: Shape['privacy'], files: Files, source: Source): DaemonConfig['privacy'] {
  if (shape === undefined) return null;
  const before = source.problems.length;
  const secret = neededSecretOf({ path: ['privacy'], shape, files, source }, 'key');
  if (source.problems.length === before && secret.length < PRIVACY_KEY_LENGTH_MIN)
    source.report(['privacy', shape.key === undefined ? 'key_file' : 'key'], {
      message: `shorter than ${PRIVACY_KEY_LENGTH_MIN} letters; make one with: openssl rand -base64 32`,
    });
  return { secret };
}

function deadLettersOf(shape: Shape['dead_letters']): DaemonConfig['deadLetters'] {
  if (shape === false) return null;
  return { rateMax: shape.rate_max, minRecords: shape.min_records, windowMs: shape.window };
}

function webhooksOf(shapes: Shape['webhooks'], files: Files, source: Source): WebhookConfig[] {
  const names = new Set<string>();
  return shapes.map((shape, i) => {
    const { name, url, on, headers, timeout } = shape;
    const at: Path = ['webhooks', i];
    // Two of one name would share a consumer group, and each would get a part of the records.
    if (names.has(name))
      source.report([...at, 'name'], { message: `there are two webhooks named '${name}'` });
    names.add(name);
    if (!URL.canParse(url)) source.report([...at, 'url'], { message: 'not a URL' });
    const secret = secretOf({ path: at, shape, files, source }, 'secret');
    return { name, url, on: [...new Set(on)], headers, secret, timeoutMs: timeout };
  });
}
