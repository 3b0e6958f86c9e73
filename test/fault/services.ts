/** The two services of the run: what the daemons are told about them, and what the oracle must know. */

export type StreamName = 'requests' | 'predictions' | 'labels' | 'feedback';

export interface StreamPlan {
  service: string;
  stream: StreamName;
  partitions: number;
}

export const STREAMS: readonly StreamPlan[] = [
  { service: 'shop', stream: 'requests', partitions: 3 },
  { service: 'shop', stream: 'predictions', partitions: 3 },
  { service: 'shop', stream: 'labels', partitions: 2 },
  { service: 'shop', stream: 'feedback', partitions: 2 },
  { service: 'meter', stream: 'predictions', partitions: 2 },
  { service: 'meter', stream: 'labels', partitions: 2 },
];

/** The topic of a stream of a service. */
export const topicOf = (
  prefix: string,
  { service, stream }: Pick<StreamPlan, 'service' | 'stream'>,
): string => `${prefix}.in.${service}.${stream}`;

export const MINUTE_MS = 60_000;
export const T0 = Date.parse('2026-01-01T00:00:00Z');
export const LATENESS_MS = 10_000;

export interface Rule {
  name: string;
  metric: string;
  subject: string;
  /** Of the results that it watches; the rule itself names none. */
  model: string;
  /** '*' or 'each'. */
  segment: string;
  op: '<' | '>';
  warning: number | null;
  critical: number;
  nMin: number;
}

export interface ServicePlan {
  service: string;
  sizeMs: number;
  hopMs: number;
  maxDelayMs: number;
  /** The stream whose records are joined with the others by id. */
  base: StreamName;
  output: { name: string; field: string; classes: string[] | null };
  rules: readonly Rule[];
  retrain: { on: string; cooldownMs: number; lookbackMs: number } | null;
}

const rule = (own: Partial<Rule> & Pick<Rule, 'name' | 'metric' | 'op' | 'critical'>): Rule => ({
  subject: '',
  model: '',
  segment: '*',
  warning: null,
  nMin: 20,
  ...own,
});

export const SHOP: ServicePlan = {
  service: 'shop',
  sizeMs: MINUTE_MS,
  hopMs: MINUTE_MS,
  maxDelayMs: 5 * MINUTE_MS,
  base: 'requests',
  output: { name: 'buys', field: 'answer', classes: ['no', 'yes'] },
  rules: [
    rule({ name: 'x-shift', metric: 'mean', subject: 'x', op: '>', critical: 4 }),
    rule({
      name: 'y-missing',
      metric: 'missing_rate',
      subject: 'y',
      segment: 'each',
      op: '>',
      warning: 0.3,
      critical: 0.6,
    }),
    rule({
      name: 'accuracy-loss',
      metric: 'accuracy',
      subject: 'buys',
      model: 'external',
      op: '<',
      critical: 0.6,
    }),
  ],
  retrain: { on: 'x-shift', cooldownMs: 10 * MINUTE_MS, lookbackMs: 5 * MINUTE_MS },
};

/** No requests are read: a prediction opens the entry of its id. Windows overlap. */
export const METER: ServicePlan = {
  service: 'meter',
  sizeMs: MINUTE_MS,
  hopMs: MINUTE_MS / 2,
  maxDelayMs: 3 * MINUTE_MS,
  base: 'predictions',
  output: { name: 'level', field: 'value', classes: null },
  rules: [
    rule({ name: 'mae-high', metric: 'mae', subject: 'level', model: 'external', op: '>', critical: 2 }),
  ],
  retrain: null,
};

export const SERVICES: readonly ServicePlan[] = [SHOP, METER];

const seconds = (ms: number): string => `${ms / 1000}s`;

/** Nothing may close by a clock: silence while a daemon or a broker is away is part of the game. */
const windowsOf = (plan: ServicePlan): Record<string, unknown> => ({
  windows: {
    size: seconds(plan.sizeMs),
    hop: seconds(plan.hopMs),
    lateness: seconds(LATENESS_MS),
    idle_after: '1h',
    max_past: 'none',
  },
  join: { max_delay: seconds(plan.maxDelayMs) },
  rules: plan.rules.map(({ name, metric, subject, segment, op, warning, critical, nMin }) => ({
    name,
    metric,
    ...(subject === '' ? {} : { subject }),
    segment,
    ...(warning === null ? {} : { warning: `${op} ${warning}` }),
    critical: `${op} ${critical}`,
    min_n: nMin,
  })),
});

/** The service files. */
export function serviceFiles(prefix: string): ({ service: string } & Record<string, unknown>)[] {
  const shop = (stream: StreamName): string => topicOf(prefix, { service: 'shop', stream });
  const meter = (stream: StreamName): string => topicOf(prefix, { service: 'meter', stream });
  const { cooldownMs, lookbackMs, on } = SHOP.retrain!;
  return [
    {
      service: 'shop',
      streams: {
        requests: { topic: shop('requests') },
        predictions: {
          topic: shop('predictions'),
          fields: { buys: 'answer' },
          score: 'score',
          latency_ms: 'ms',
          error: 'error',
        },
        labels: { topic: shop('labels'), fields: { buys: 'answer' } },
        feedback: {
          topic: shop('feedback'),
          kinds: { click: 'click', redo: 'redo', switch_to_typing: 'typed' },
        },
      },
      inputs: { x: { type: 'numeric' }, y: { type: 'numeric' }, country: { type: 'categorical' } },
      outputs: { buys: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes' } },
      segments: [['country']],
      ...windowsOf(SHOP),
      retrain: { mode: 'automatic', on: [on], cooldown: seconds(cooldownMs), lookback: seconds(lookbackMs) },
    },
    {
      service: 'meter',
      streams: {
        predictions: { topic: meter('predictions'), fields: { level: 'value' } },
        labels: { topic: meter('labels'), fields: { level: 'value' } },
      },
      outputs: { level: { type: 'regressor' } },
      ...windowsOf(METER),
    },
  ];
}
