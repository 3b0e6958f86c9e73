import { TelltaleError } from '../errors.ts';
import type { Level, RolloutStage, ServiceSpec } from '../records.ts';

/** Keys and list indexes from the top of a file down to one value. */
export type Path = readonly (string | number)[];

/** What is wrong at one place of one file, as data, so that `--json` can print it. */
export interface ConfigProblem {
  /** As the user would write it: the folder given with --config and the rest of the path. */
  file: string;
  /** Both from 1. */
  line: number;
  column: number;
  /** `rules[0].metric`; empty for faults of the YAML syntax. */
  key: string;
  /** What stands there, in words; secrets and expanded variables are not shown. */
  found: string;
  /** What may stand there; empty where no list or form can be given. */
  allowed: string[];
  /** The allowed word that is nearest to what was found. */
  suggestion: string | null;
  message: string;
}

/** One problem as a line: `config/services/fraud.yaml:12:5  rules[0].metric: found ...`. */
export function formatProblem(problem: ConfigProblem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `;
  return `${problem.file}:${problem.line}:${problem.column}  ${key}${problem.message}`;
}

/** Orders by file, line, column and key, so that a reader can go through a file once. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.key, b.key),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Every fault of all files at once. */
export class ConfigError extends TelltaleError {
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    const sorted = sortProblems(problems);
    const files = new Set(sorted.map((problem) => problem.file)).size;
    const count = `${sorted.length} ${sorted.length === 1 ? 'problem' : 'problems'}`;
    super('config_invalid', `${count} in ${files} ${files === 1 ? 'file' : 'files'}`);
    this.name = 'ConfigError';
    this.problems = sorted;
  }
}

/**
 * What a metric can be measured on. track: a numeric or categorical series of an input (`amount`,
 * `query.length`, `photo.brightness`); text_input, embedding_input, values (categorical or text): an
 * input; chars:
 * `input=letters`; class: `output=class` of a classifier; telemetry: any name;
 * service: the whole service, written '' or '*'.
 */
export type SubjectKind =
  | 'track'
  | 'numeric_track'
  | 'categorical_track'
  | 'text_input'
  | 'values'
  | 'chars'
  | 'embedding_input'
  | 'output'
  | 'model_output'
  | 'class'
  | 'telemetry'
  | 'service';

/** A detector that a rule may name. */
export interface DetectorChoice {
  /** `real`: it reads any number; otherwise values in 0..1. */
  input: 'error' | 'unit' | 'real';
  options: Readonly<Record<string, { default: number }>>;
  /** What is wrong with options, each begun with the name of the one that is meant; empty when they hold. */
  faults(given: Readonly<Record<string, number>>): string[];
}

/** What is known of a packed state of a baseline. */
export interface StateFacts {
  role: string;
  model: string;
  subject: string;
  kind: string;
  /** Values or rows; null: the kind does not count them. */
  n: number | null;
  /** Size of a table or set of classes; null: it has none. */
  classes: number | null;
  /** Categories with their counts; null: it has none that are never dropped. */
  known: [category: string, count: number][] | null;
  /** Null: it has none. */
  sketch: [number, number][] | null;
}

/** A metric that a rule may name. */
export interface MetricChoice {
  family: string;
  subjects: SubjectKind;
  /** Its values lie in 0..1. */
  unit?: true;
  /** Its value is a mean over rows that cost more this way; absent: its rows have no cost. */
  worse?: 'larger' | 'smaller';
  /** Of the states that it is made of. Absent: not known. */
  roles?: readonly string[];
}

/** What the configuration must know about the parts that register themselves. */
export interface Registries {
  metrics: ReadonlyMap<string, MetricChoice>;
  /** Absent: rules can name none. */
  detectors?: ReadonlyMap<string, DetectorChoice>;
  /** Reads a state of a baseline and throws what is wrong with it. Absent: baselines with states are refused. */
  readState?: (key: string, text: string) => StateFacts;
  /** Metrics that have evidence for the budget, with the unit of their tolerance. Absent: there are none. */
  evidence?: ReadonlyMap<string, { unit: 'psi' | 'share' }>;
  /** Makes the stages of roll-outs. Absent: none is read. */
  rollout?: RolloutStages;
}

/** How long a stage of a roll-out lasts, at least. */
export type StageTimes = Pick<RolloutStage, 'durationMs' | 'nMin' | 'gate'>;
export type CanarySpec =
  /** Percent, up to 100. */
  | (StageTimes & { stepWeight: number })
  /** Shares in 0..1. */
  | { steps: readonly (StageTimes & { share: number })[] };

export interface RolloutStages {
  /** What is wrong with the shares; those of a step begin with `step 1:`. */
  canaryFaults(spec: CanarySpec): string[];
  /** The last stage is live; the one before it needs `finish`. */
  canaryStages(spec: CanarySpec, finish: RolloutStage['needs']): RolloutStage[];
  blueGreenStages(preview: StageTimes, live: StageTimes, finish: RolloutStage['needs']): RolloutStage[];
  shadowStage(times: StageTimes & { share: number }, needs: RolloutStage['needs']): RolloutStage;
}

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface TlsConfig {
  /** Absolute paths. */
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
  keyPassphrase: string | null;
  /** The name that the certificates of the brokers must have, where it is not that of their addresses. */
  serverName: string | null;
}

/** Where the tokens of OAUTHBEARER come from. */
export type TokenSource =
  | { kind: 'token'; token: string }
  /** Absolute path; read again whenever a token is needed. */
  | { kind: 'file'; tokenFile: string }
  /** The client-credentials grant of OAuth 2.0. */
  | { kind: 'client'; tokenUrl: string; clientId: string; clientSecret: string; scope: string | null };

export type SaslConfig =
  | { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string }
  | { mechanism: 'oauthbearer'; source: TokenSource };

/** How long the members of a group wait for each other. */
export interface GroupTimesConfig {
  sessionTimeoutMs: number;
  heartbeatIntervalMs: number;
  rebalanceTimeoutMs: number;
  stalledAfterMs: number;
}

export interface KafkaConfig {
  brokers: string[];
  clientId: string;
  group: string;
  compression: Compression;
  /** Null: the process is a new member of its groups with every start. */
  instanceId: string | null;
  times: GroupTimesConfig;
  ssl: boolean | TlsConfig;
  sasl: SaslConfig | null;
}

export interface TopicsConfig {
  prefix: string;
  partitions: number;
  replication: number;
  retentionMs: number;
  /** Results, alerts, incidents, requests for retraining and steps of roll-outs carry the headers of CloudEvents. */
  cloudEvents: boolean;
}

export interface InfluxConfig {
  url: string;
  database: string;
  username: string;
  password: string;
}

export const WEBHOOK_TOPICS = ['alerts', 'incidents', 'retrain', 'rollout', 'results'] as const;

export interface WebhookConfig {
  name: string;
  url: string;
  /** The public topics whose records are posted. */
  on: (typeof WEBHOOK_TOPICS)[number][];
  headers: Record<string, string>;
  /** Null: requests are not signed. */
  secret: string | null;
  timeoutMs: number;
}

export interface AlertmanagerConfig {
  name: string;
  /** Without `/api/v2/alerts`. */
  urls: string[];
  /** Empty: no basic authentication, or that of the URLs. */
  username: string;
  password: string;
  /** Null: none is sent. */
  token: string | null;
  labels: Record<string, string>;
  /** A template; null: alerts have no link. */
  link: string | null;
  resendMs: number;
  timeoutMs: number;
}

export const TOLD_TOPICS = ['incidents', 'alerts'] as const;

/** A receiver that is told of one thing after the other. */
export interface ToldConfig {
  name: string;
  url: string;
  /** What it is told of. */
  on: (typeof TOLD_TOPICS)[number];
  /** What is below it is not told. */
  level: Level;
  /** Templates; null: a text of ours, and no link. */
  template: string | null;
  link: string | null;
  timeoutMs: number;
}

export interface PagerDutyConfig extends ToldConfig {
  routingKey: string;
}

/** Receivers of alerts by kind. */
export interface NotifyConfig {
  alertmanager: AlertmanagerConfig[];
  /** Whoever knows the URL may post. */
  slack: ToldConfig[];
  pagerduty: PagerDutyConfig[];
}

/** When the daemon raises an alarm because it cannot read what it is given. */
export interface DeadLettersConfig {
  rateMax: number;
  /** A share is taken of at least so many records. */
  minRecords: number;
  /** Window of the service `telltale`, in which the rule is judged. */
  windowMs: number;
}

export interface Address {
  host: string;
  /** 0: any free port. */
  port: number;
}

export const AUTH_MODES = ['none', 'token', 'proxy'] as const;
/** A viewer sees, an operator also commands and asks for predictions, a caller asks for predictions only. */
export const ACCESS_ROLES = ['viewer', 'operator', 'caller'] as const;

export interface AccessToken {
  name: string;
  role: (typeof ACCESS_ROLES)[number];
  token: string;
}

/** A proxy that has asked people who they are, and says so in headers. */
export interface ProxyConfig {
  /** In small letters, as all headers here. */
  userHeader: string;
  /** Null: everybody is a viewer. */
  rolesHeader: string | null;
  operatorGroup: string | null;
  /** Addresses and ranges from which these headers are believed. */
  trusted: string[];
  /** Names (with the port, where it is not that of the scheme) under which browsers reach the proxy. */
  hosts: string[];
}

export interface HttpConfig extends Address {
  /** Only this machine reaches the address, although it is not loopback. */
  isLocalOnly: boolean;
  auth: {
    mode: (typeof AUTH_MODES)[number];
    tokens: AccessToken[];
    /** How long a sign-in holds. */
    sessionMs: number;
    /** With the mode proxy. */
    proxy: ProxyConfig | null;
  };
}

/** telltale.yaml, with every default filled in. */
export interface DaemonConfig {
  kafka: KafkaConfig;
  /** Null: no stream may use the encoding `avro`. */
  registry: { url: string } | null;
  topics: TopicsConfig;
  /** Null: no InfluxDB sink. */
  influx: InfluxConfig | null;
  webhooks: WebhookConfig[];
  notify: NotifyConfig;
  /** Null: no alarm. */
  deadLetters: DeadLettersConfig | null;
  http: HttpConfig;
  /** Null: no input may be sensitive. */
  privacy: { secret: string } | null;
  /** Null: no Prometheus endpoint. */
  metrics: Address | null;
  /** Null: no export to an OpenTelemetry collector. */
  otlp: { url: string } | null;
  /** When /readyz says no: a partition further behind that does not catch up, or what is not written down, for so long. */
  health: { lagMax: number; progressMs: number };
  checkpoint: { everyMs: number; records: number };
  scoring: { threads: number; shadowTimeoutMs: number; shadowFailuresMax: number };
  /** enabled null: only where the console listens on loopback. */
  predict: { enabled: boolean | null; inFlightMax: number };
  log: { level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' };
  /** Absolute path of the folder of the service files. */
  servicesDir: string;
}

/** Everything that the daemon is told, deeply frozen. */
export interface TelltaleConfig extends DaemonConfig {
  /** Absolute path of the folder that holds telltale.yaml. */
  dir: string;
  /** By name. */
  services: ServiceSpec[];
}
