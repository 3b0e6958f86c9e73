/** The one loop that runs the folds on Kafka: starts, follows reloads and missing topics, drains and stops. */

import { redact, secretFilter } from '../config/redact.ts';
import { selfTopic } from '../config/topics.ts';
import type { Registries, TelltaleConfig } from '../config/types.ts';
import type { ConsoleSource } from '../console/source.ts';
import { type ConsoleState, createConsoleState } from '../console/state.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import type { KafkaLog, KafkaLogger } from '../log/kafka.ts';
import type { Group } from '../log/port.ts';
import { createPredictions, type Predictions } from '../predict/predictions.ts';
import type { Command, ServiceSpec } from '../records.ts';
import { withBackoff } from '../sink/retry.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { NO_TRACING, type Tracing } from '../telemetry/tracing.ts';
import {
  createRuntime,
  inputTopics,
  openScorer,
  refreshPartitions,
  taskFor,
  writeConfigs,
  writeMissing,
} from './assembly.ts';
import { writeCommandOf } from './commands.ts';
import { openKafka, schemaSourceOf, watchBrokers } from './connect.ts';
import { createCounts } from './counts.ts';
import { createDeadShare } from './dead-share.ts';
import { deliveryOf } from './deliveries.ts';
import { createHealth } from './health.ts';
import { instrumented, instrumentLog } from './instrument.ts';
import { createOwnTopics } from './own-topics.ts';
import { followDecisions, followRouting, openPredictions, tablesOf } from './predicting.ts';
import { privacyOf } from './privacy.ts';
import { registerPublicSchemas } from './public-schemas.ts';
import { createRetrainStatusTask } from './retrain-status.ts';
import { judgeGroupOf, type Runtime, topicNames } from './runtime.ts';
import { tellModels } from './scoring-health.ts';
import { createSelfMonitor, SELF, type SelfMonitor, selfEveryMs, selfService } from './self.ts';
import { shownOf } from './shown.ts';
import { type Sinks, startSinks } from './sinks.ts';
import { tailTopic } from './tail.ts';
import { createTrainedShadows } from './trained.ts';

const TICK_MS = 500;
const CONCURRENT_PARTITIONS = 4;
const MISSING_TOPICS_EVERY_MS = 10_000;
const MODELS_EVERY_MS = 15_000;
const SHOWN_RECORDS = 2_000;
/** A window brings hundreds of results, and a chart of one of them shows many windows. */
const SHOWN_RESULTS = 20_000;
/** Longer than a change of leaders takes, and shorter than a caller's patience. */
const PREDICTION_MS_MAX = 10_000;
const RETRY = { firstMs: 500, maxMs: 10_000 };

export interface DaemonOptions {
  config: TelltaleConfig;
  registries: Registries;
  logger: KafkaLogger;
  metrics: Metrics;
  /** Null: nothing is traced. */
  tracing: Tracing | null;
  /** The process must end and be started again. */
  onFatal(error: Error): void;
}

export interface Daemon {
  /** What the live page shows; answers before the daemon has started too. */
  source: ConsoleSource;
  /** What answers requests to /predict; refuses them until the daemon has started. */
  predictions: Predictions;
  /** Resolves when everything runs; waits for brokers and registry as long as it takes. */
  start(): Promise<void>;
  /** Follows a new configuration without losing state. Rejects, leaving the old one, when a model does not fit. */
  reload(config: TelltaleConfig): Promise<void>;
  /** Drains, flushes, commits, leaves the groups and closes. */
  stop(): Promise<void>;
}

/** The configured services and the daemon's own. */
function servicesOf(config: TelltaleConfig, registries: Registries): ServiceSpec[] {
  const own = config.services.some((spec) => spec.service === SELF);
  if (own) return [...config.services];
  return [...config.services, selfService(config.topics.prefix, registries, config.deadLetters)];
}

export function createDaemon(options: DaemonOptions): Daemon {
  const { registries, logger, metrics, onFatal } = options;
  let { config } = options;
  // Of the configuration that the connections are made with, which a reload does not change.
  const hideSecrets = secretFilter(config);
  const stopping = new AbortController();
  const { signal } = stopping;
  const instruments = { metrics, tracing: options.tracing ?? NO_TRACING };
  const health = createHealth({ ...config.health, liveMs: config.kafka.times.stalledAfterMs }, Date.now);
  health.set('start', false, 'starting');
  const lags = new Map<string, number>();
  const state: ConsoleState = createConsoleState(servicesOf(config, registries));
  const predictions = createPredictions({ timeoutMs: PREDICTION_MS_MAX });
  const groups = new Map<string, Group>();
  const timers: NodeJS.Timeout[] = [];
  let sinks: Sinks | null = null;
  let reports: Group | null = null;
  let log: KafkaLog | null = null;
  let runtime: Runtime | null = null;
  let joinedTopics = '';
  let busy: Promise<unknown> = Promise.resolve();

  const trained = createTrainedShadows(async (spec) => {
    await (await openScorer(spec, config.scoring, logger))?.close();
  }, logger);

  const set = (name: string, ok: boolean, detail: string): void => health.set(name, ok, hideSecrets(detail));

  const share = createDeadShare(config.deadLetters?.minRecords ?? 1);
  const counts = createCounts(metrics, state, share, lags, instruments.tracing);

  /** One after the other: start-up, reloads, topics that appear and the stop must not overlap. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = busy.then(work);
    busy = next.catch(() => {});
    return next;
  };

  const patiently = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    withBackoff(work, {
      ...RETRY,
      signal,
      onError: (error, _attempt, waitMs) => {
        set(name, false, messageOf(error));
        logger.warn({ cause: messageOf(error), waitMs }, `${name} is not available; trying again`);
      },
    });

  /** Joins the group of inputs and events with the topics that exist; joins anew when these have changed. */
  const joinInputs = async (kafka: KafkaLog, own: Runtime): Promise<void> => {
    await refreshPartitions(own);
    const topics = [
      ...inputTopics(own).filter((topic) => own.partitions.has(topic)),
      own.topics.events,
    ].sort();
    if (topics.join(' ') === joinedTopics) return;
    await groups.get('inputs')?.leave();
    const missing = await writeMissing(own);
    for (const { spec } of own.services.values()) {
      for (const { stream, topic } of spec.streams) {
        if (missing.includes(topic))
          state.stream(spec.service, stream, 'missing', 'the topic does not exist');
        else state.stream(spec.service, stream, 'waiting', '');
      }
    }
    set(
      'topics',
      missing.length === 0,
      missing.length === 0 ? 'all exist' : `missing: ${missing.join(', ')}`,
    );
    if (missing.length > 0) logger.warn({ missing }, 'topics do not exist; reading begins when they do');
    await joinWatched(kafka, own, 'inputs', own.group, topics);
    joinedTopics = topics.join(' ');
  };

  const join = (
    kafka: KafkaLog,
    group: string,
    topics: string[],
    handlerFor: Parameters<KafkaLog['join']>[0]['handlerFor'],
  ) =>
    kafka.join({
      group,
      topics,
      tickMs: TICK_MS,
      partitionsConcurrentMax: CONCURRENT_PARTITIONS,
      handlerFor: instrumented(handlerFor, {
        group,
        topics: topicNames(config.topics.prefix),
        instruments,
        health,
      }),
      onFatal,
    });

  /** A group without whose partitions the daemon is not ready. */
  const joinWatched = async (
    kafka: KafkaLog,
    own: Runtime,
    name: string,
    group: string,
    topics: string[],
  ): Promise<void> => {
    const joined = await join(kafka, group, topics, (topic, partition, member) =>
      taskFor(own, topic, partition, member),
    );
    groups.set(name, joined);
    health.watch(group, joined);
  };

  /** A training has given a model. */
  const takeModel = (service: string): void => {
    if (config.services.find((spec) => spec.service === service)?.retrain?.shadow !== true) return;
    inTurn(() => reload(config)).catch((error: unknown) =>
      logger.warn({ service, cause: messageOf(error) }, 'the model of a training was not taken'),
    );
  };

  const follow = (kafka: KafkaLog, own: Runtime): void => {
    const framed = own.publicIds !== null;
    const { results, alerts, incidents, retrain, rollout } = own.topics;
    for (const topic of [results, alerts, incidents, retrain, rollout]) {
      const onError = (error: unknown) =>
        logger.warn({ topic, cause: messageOf(error) }, 'the live page cannot read');
      const onRecord = (record: Parameters<typeof deliveryOf>[1]): void => {
        const delivery = deliveryOf(own.topics, record, framed);
        if (delivery !== null) state.apply(delivery);
        if (delivery?.retrain && trained.note(delivery.retrain)) takeModel(delivery.retrain.service);
      };
      const partitions = own.partitions.get(topic) ?? 0;
      const back = topic === results ? SHOWN_RESULTS : SHOWN_RECORDS;
      void tailTopic(kafka, topic, partitions, { back }, signal, onRecord, onError);
    }
  };

  const sampleItself = (monitor: SelfMonitor): Buffer => {
    const dead = share.sample();
    if (config.deadLetters !== null && dead.share !== undefined) {
      const percent = Number((100 * dead.share).toPrecision(3));
      const detail = `at most ${percent} % of a stream or sink: ${dead.source}`;
      set('dead letters', dead.share <= config.deadLetters.rateMax, detail);
    }
    return monitor.sample(Date.now(), lags, dead);
  };

  const watchItself = (kafka: KafkaLog): void => {
    const key = config.kafka.clientId;
    const monitor = createSelfMonitor(key);
    const topic = selfTopic(config.topics.prefix);
    const timer = setInterval(() => {
      kafka.append([{ topic, key, value: sampleItself(monitor) }]).catch(onFatal);
    }, selfEveryMs(config.deadLetters));
    timers.push(timer);
    signal.addEventListener('abort', () => monitor.stop());
  };

  const start = async (): Promise<void> => {
    const onUnavailable = (error: TelltaleError): void => {
      set('kafka', false, `${messageOf(error)}. ${error.help}`);
      const what = error.code === 'broker_unavailable' ? 'no broker answers' : 'no way into the brokers';
      logger.warn({ cause: messageOf(error), code: error.code, help: error.help }, `${what}; trying again`);
    };
    log = instrumentLog(await openKafka(config, { logger, signal, onUnavailable }), instruments);
    const kafka = log;
    const brokers = config.kafka.brokers.join(', ');
    set('kafka', true, brokers);
    void watchBrokers(kafka, (fault) => set('kafka', fault === null, fault ?? brokers), signal);
    await patiently('topics', async () => {
      await createOwnTopics(kafka, config, logger);
      await trained.load(kafka, topicNames(config.topics.prefix).retrain, config.registry !== null);
    });
    const services = await trained.over(servicesOf(config, registries), config.servicesDir);
    const schemas = schemaSourceOf(config, {
      signal,
      onUnavailable: (error) => {
        set('registry', false, messageOf(error));
        logger.warn({ cause: messageOf(error) }, 'the schema registry is away; records wait');
      },
      onAvailable: () => set('registry', true, redact(config.registry?.url ?? '')),
    });
    runtime = await createRuntime({
      log: kafka,
      group: config.kafka.group,
      ...{ prefix: config.topics.prefix, cloudEvents: config.topics.cloudEvents },
      ...{ traceHeaders: options.tracing?.headers, privacy: privacyOf(config) },
      services,
      schemas,
      scoring: config.scoring,
      checkpoint: { everyMs: config.checkpoint.everyMs, recordsMax: config.checkpoint.records },
      nowMs: Date.now,
      counts,
      logger,
    });
    const own = runtime;
    const { registry } = config;
    if (registry !== null) {
      own.publicIds = await patiently('registry', () => registerPublicSchemas(registry.url, own.topics));
      set('registry', true, redact(registry.url));
    }
    await writeConfigs(own);
    await joinWatched(kafka, own, 'judge', judgeGroupOf(own.group), [own.topics.slots]);
    await joinInputs(kafka, own);
    sinks = await startSinks({
      settings: config,
      runtime: own,
      metrics,
      share,
      signal,
      check: set,
      join: (group, topics, handlerFor) => join(kafka, group, topics, handlerFor),
    });
    reports = await join(
      kafka,
      `${own.group}.retrain-status`,
      [own.topics.retrainStatus],
      (topic, partition, member) => createRetrainStatusTask(own, topic, partition, member),
    );
    follow(kafka, own);
    const tables = tablesOf(own);
    await patiently('routing', () => followRouting(own, tables, signal));
    set('routing', true, 'the tables are read');
    await patiently('decisions', () => followDecisions(own, predictions, signal));
    set('decisions', true, 'the last ones are read');
    openPredictions(own, predictions, tables, Date.now);
    watchItself(kafka);
    timers.push(setInterval(() => tellModels(own, metrics, set), MODELS_EVERY_MS));
    timers.push(
      setInterval(() => {
        inTurn(() => joinInputs(kafka, own)).catch((error: unknown) =>
          logger.warn({ cause: messageOf(error) }, 'looking for topics failed'),
        );
      }, MISSING_TOPICS_EVERY_MS),
    );
    set('start', true, 'running');
    logger.info({ services: services.map((spec) => spec.service) }, 'telltale runs');
  };

  const reload = async (next: TelltaleConfig): Promise<void> => {
    if (runtime === null || log === null) throw new TelltaleError('usage', 'the daemon has not started yet');
    const own = runtime;
    const services = await trained.over(servicesOf(next, registries), next.servicesDir);
    // Every new model is opened before anything changes, so that a refused configuration changes nothing.
    const opened = new Map<string, Awaited<ReturnType<typeof openScorer>>>();
    const changed = services.filter((spec) => own.services.get(spec.service)?.spec.digest !== spec.digest);
    try {
      for (const spec of changed) opened.set(spec.service, await openScorer(spec, next.scoring, logger));
    } catch (error) {
      for (const scorer of opened.values()) await scorer?.close();
      throw error;
    }
    const old = changed.map((spec) => own.services.get(spec.service)?.scorer ?? null);
    for (const spec of changed)
      own.services.set(spec.service, { spec, scorer: opened.get(spec.service) ?? null });
    const removed = [...own.services.keys()].filter(
      (name) => !services.some((spec) => spec.service === name),
    );
    config = next;
    own.privacy = privacyOf(next);
    await writeConfigs(own);
    if (removed.length > 0) await removeServices(own, removed, old);
    await joinInputs(log, own);
    for (const scorer of old) await scorer?.close();
    logger.info({ changed: changed.map((spec) => spec.service), removed }, 'configuration reloaded');
  };

  /** Readers of a removed service must be gone before its entry is. */
  const removeServices = async (own: Runtime, removed: string[], old: unknown[]): Promise<void> => {
    await groups.get('inputs')?.leave();
    groups.delete('inputs');
    joinedTopics = '';
    for (const name of removed) {
      old.push(own.services.get(name)?.scorer ?? null);
      own.services.delete(name);
    }
  };

  const stop = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    stopping.abort(new TelltaleError('usage', 'stopping'));
    // Side by side: with the brokers away each goodbye takes as long as it may. What inputs flush is judged from the log.
    await Promise.all([
      ...[...groups.values()].map((group) => group.leave()),
      sinks?.close(),
      reports?.leave(),
      predictions.close(PREDICTION_MS_MAX),
    ]);
    for (const { scorer } of runtime?.services.values() ?? []) await scorer?.close();
    await log?.close();
  };

  const command = async (asked: Omit<Command, 'id'>): Promise<Command> => {
    if (runtime === null || log === null)
      throw new TelltaleError('broker_unavailable', 'the daemon has not started yet');
    return writeCommandOf(runtime, log, asked);
  };

  return {
    source: {
      ...state,
      ...shownOf(() => runtime, state, groups),
      config: () => redact(config),
      health: health.view,
      command,
    },
    predictions,
    start: () => inTurn(start),
    reload: (next) => inTurn(() => reload(next)),
    stop: () => {
      // Whatever start-up waits for must give up first.
      stopping.abort(new TelltaleError('usage', 'stopping'));
      return inTurn(stop);
    },
  };
}
