import type { Counter, Gauge, Histogram, Meter } from '@opentelemetry/api';
import type { DeadCode } from '../errors.ts';
import type { StreamName } from '../records.ts';

type Kind = 'counter' | 'gauge' | 'histogram';
interface MetricSpec {
  kind: Kind;
  unit: string;
  description: string;
}

/**
 * All metrics that the daemon tells of itself. Names that OpenTelemetry's semantic conventions have are
 * used as they stand (messaging.*, process.*); the others begin with `telltale.`. On the Prometheus page
 * dots become underscores and the unit and `_total` are added: `telltale_dead_letters_total`.
 */
export const METRICS = {
  'messaging.client.consumed.messages': {
    kind: 'counter',
    unit: '{message}',
    description: 'Messages that were read from the log, by group, topic and partition.',
  },
  'messaging.client.sent.messages': {
    kind: 'counter',
    unit: '{message}',
    description:
      'Messages that were given to the brokers, by topic; with `error.type` where they were not taken.',
  },
  'messaging.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description:
      'Time of a write (`send`) and of a commit of offsets (`commit`) until the brokers have answered.',
  },
  'messaging.process.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time to process one batch of messages, by group and topic.',
  },
  'telltale.records': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records that were decoded and folded, by service and stream.',
  },
  'telltale.dead_letters': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records that could not be read, by service, stream and error code.',
  },
  'telltale.late': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records whose windows were closed already, by service and stream.',
  },
  'telltale.results': {
    kind: 'counter',
    unit: '{result}',
    description: 'Results that were published, by service.',
  },
  'telltale.alerts': {
    kind: 'counter',
    unit: '{alert}',
    description: 'Transitions of alarms, by service, state and level.',
  },
  'telltale.incidents': {
    kind: 'counter',
    unit: '{record}',
    description: 'Changes of incidents, by service, state and why receivers are told.',
  },
  'telltale.rollout.steps': {
    kind: 'counter',
    unit: '{step}',
    description: 'Steps of roll-outs, by service and event.',
  },
  'telltale.retrains': {
    kind: 'counter',
    unit: '{event}',
    description: 'Retrain records that were published, by service and state.',
  },
  'telltale.lag': {
    kind: 'gauge',
    unit: '{record}',
    description: 'Records between what was read and the end of a partition, by group, topic and partition.',
  },
  'telltale.checkpoint.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time to flush outputs and slots and to commit, by fold.',
  },
  'telltale.score.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time a model took for one batch, by service, model and role.',
  },
  'telltale.shadow.off': {
    kind: 'gauge',
    unit: '1',
    description: '1 while a shadow is switched off because it failed again and again, by service and model.',
  },
  'telltale.predictions': {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests to /predict, by service, version and status.',
  },
  'telltale.prediction.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time from a request to /predict to its answer, by service, version and status.',
  },
  'telltale.sink.written': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records that a sink has taken, by sink.',
  },
  'telltale.sink.failures': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Writes that a sink did not take and that are tried again, by sink.',
  },
  'telltale.sink.dropped': {
    kind: 'counter',
    unit: '{record}',
    description: 'Records that a receiver refuses for good, by sink.',
  },
  'telltale.event_loop.lag': {
    kind: 'gauge',
    unit: 's',
    description: '99th percentile of the delay of the event loop since the last collection.',
  },
  'process.memory.usage': { kind: 'gauge', unit: 'By', description: 'Resident memory of the process.' },
  'process.cpu.time': { kind: 'counter', unit: 's', description: 'CPU time of the process, by mode.' },
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;

/** What is read, and by whom. */
export interface ReadPlace {
  topic: string;
  partition: number;
  group: string;
}

/** Typed recorders, one for each metric that the code records by itself. Durations in milliseconds. */
export interface Metrics {
  consumed(place: ReadPlace, count: number): void;
  processed(place: ReadPlace, durationMs: number, errorType?: string): void;
  sent(topic: string, count: number, errorType?: string): void;
  operation(name: 'send' | 'commit', durationMs: number, errorType?: string): void;
  records(service: string, stream: StreamName, count: number): void;
  deadLetter(service: string, stream: StreamName, code: DeadCode): void;
  late(service: string, stream: StreamName, count: number): void;
  results(service: string, count: number): void;
  alert(service: string, state: string, level: string): void;
  incident(service: string, state: string, notify: string): void;
  rollout(service: string, event: string): void;
  retrain(service: string, state: string): void;
  lag(place: ReadPlace, records: number): void;
  checkpoint(fold: string, durationMs: number): void;
  score(service: string, model: string, role: 'primary' | 'shadow', durationMs: number): void;
  shadowOff(service: string, model: string, off: boolean): void;
  prediction(service: string, version: string, status: number, durationMs: number): void;
  sinkWritten(sink: string, count: number): void;
  sinkFailed(sink: string): void;
  sinkDropped(sink: string): void;
}

/** Seconds. Batches take from a tenth of a millisecond to, with a slow model, some seconds. */
const DURATION_BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function counter(meter: Meter, name: MetricName): Counter {
  const { unit, description } = METRICS[name];
  return meter.createCounter(name, { unit, description });
}

function gauge(meter: Meter, name: MetricName): Gauge {
  const { unit, description } = METRICS[name];
  return meter.createGauge(name, { unit, description });
}

function histogram(meter: Meter, name: MetricName): Histogram {
  const { unit, description } = METRICS[name];
  const advice = { explicitBucketBoundaries: DURATION_BOUNDARIES };
  return meter.createHistogram(name, { unit, description, advice });
}

/** The recorders on a meter. With the API's no-op meter all of them do nothing. */
export function createMetrics(meter: Meter): Metrics {
  const consumed = counter(meter, 'messaging.client.consumed.messages');
  const sent = counter(meter, 'messaging.client.sent.messages');
  const operations = histogram(meter, 'messaging.client.operation.duration');
  const processed = histogram(meter, 'messaging.process.duration');
  const records = counter(meter, 'telltale.records');
  const deadLetters = counter(meter, 'telltale.dead_letters');
  const late = counter(meter, 'telltale.late');
  const results = counter(meter, 'telltale.results');
  const alerts = counter(meter, 'telltale.alerts');
  const incidents = counter(meter, 'telltale.incidents');
  const rolloutSteps = counter(meter, 'telltale.rollout.steps');
  const retrains = counter(meter, 'telltale.retrains');
  const lag = gauge(meter, 'telltale.lag');
  const checkpoints = histogram(meter, 'telltale.checkpoint.duration');
  const scores = histogram(meter, 'telltale.score.duration');
  const shadowOff = gauge(meter, 'telltale.shadow.off');
  const predictions = counter(meter, 'telltale.predictions');
  const predictionDurations = histogram(meter, 'telltale.prediction.duration');
  const sinkWritten = counter(meter, 'telltale.sink.written');
  const sinkFailures = counter(meter, 'telltale.sink.failures');
  const sinkDropped = counter(meter, 'telltale.sink.dropped');
  const system = { 'messaging.system.name': 'kafka' };
  const read = ({ topic, partition, group }: ReadPlace) => ({
    ...system,
    'messaging.consumer.group.name': group,
    'messaging.destination.name': topic,
    // The conventions give partition ids as strings.
    'messaging.destination.partition.id': String(partition),
  });
  const named = (name: string, type: string) => ({
    'messaging.operation.name': name,
    'messaging.operation.type': type,
  });
  const failure = (errorType?: string) => (errorType === undefined ? {} : { 'error.type': errorType });
  return {
    consumed: (place, count) => consumed.add(count, { ...read(place), 'messaging.operation.name': 'poll' }),
    processed: (place, durationMs, errorType) =>
      processed.record(durationMs / 1000, {
        ...read(place),
        ...named('process', 'process'),
        ...failure(errorType),
      }),
    sent: (topic, count, errorType) =>
      sent.add(count, {
        ...system,
        'messaging.destination.name': topic,
        'messaging.operation.name': 'send',
        ...failure(errorType),
      }),
    operation: (name, durationMs, errorType) =>
      operations.record(durationMs / 1000, {
        ...system,
        ...named(name, name === 'send' ? 'send' : 'settle'),
        ...failure(errorType),
      }),
    records: (service, stream, count) => records.add(count, { service, stream }),
    deadLetter: (service, stream, code) => deadLetters.add(1, { service, stream, code }),
    late: (service, stream, count) => late.add(count, { service, stream }),
    results: (service, count) => results.add(count, { service }),
    alert: (service, state, level) => alerts.add(1, { service, state, level }),
    incident: (service, state, notify) => incidents.add(1, { service, state, notify }),
    rollout: (service, event) => rolloutSteps.add(1, { service, event }),
    retrain: (service, state) => retrains.add(1, { service, state }),
    lag: ({ group, topic, partition }, count) =>
      lag.record(count, { group, topic, partition: String(partition) }),
    checkpoint: (fold, durationMs) => checkpoints.record(durationMs / 1000, { fold }),
    score: (service, model, role, durationMs) => scores.record(durationMs / 1000, { service, model, role }),
    shadowOff: (service, model, off) => shadowOff.record(off ? 1 : 0, { service, model }),
    prediction: (service, version, status, durationMs) => {
      const about = { service, version, status: String(status) };
      predictions.add(1, about);
      predictionDurations.record(durationMs / 1000, about);
    },
    sinkWritten: (sink, count) => sinkWritten.add(count, { sink }),
    sinkFailed: (sink) => sinkFailures.add(1, { sink }),
    sinkDropped: (sink) => sinkDropped.add(1, { sink }),
  };
}
