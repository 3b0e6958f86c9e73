/**
 * The types that cross a stage border, and nothing else. Stages import this file, `errors`, `math` and
 * their own folder; only `flow/` sees several stages. Times are milliseconds since the epoch, in event
 * time unless the name says otherwise. Offsets are plain numbers below 2^53.
 */

// ---------------------------------------------------------------------------------------------- the log

export interface LogRecord {
  topic: string;
  partition: number;
  offset: number;
  /** The log's own time stamp of the record, not the event time. */
  timestampMs: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer>;
}

export interface Append {
  topic: string;
  /** Absent: the log places the record by the key's murmur2 hash, as Java producers do. */
  partition?: number;
  key: string | Buffer | null;
  value: Buffer | null;
  headers?: Record<string, string | Buffer>;
}

// -------------------------------------------------------------------------------------- what is monitored

export const STREAMS = ['requests', 'predictions', 'labels', 'feedback', 'telemetry'] as const;
export type StreamName = (typeof STREAMS)[number];

export type Encoding = 'json' | 'avro' | 'avro_file' | 'kserve' | 'seldon' | 'otlp_json';

export interface StreamSpec {
  stream: StreamName;
  topic: string;
  /**
   * avro: Confluent wire format with a registry; avro_file: bare Avro with `schemaFile`; kserve and seldon: as these model servers write;
   * otlp_json: telemetry.
   */
  encoding: Encoding;
  schemaFile: string | null;
  /** Paths into the record, dots between levels. Empty: the id of the message (kserve, seldon), and the time of the message or of the log. */
  id: string;
  time: string;
  /** predictions: output name -> path; labels: output name -> path; otherwise empty. */
  fields: Record<string, string>;
  /** predictions only: path of the positive class's score, of the latency in ms and of an error flag or text. */
  score: string | null;
  latencyMs: string | null;
  error: string | null;
  /** feedback only: path of the kind, and kind as found in the record -> our kind. */
  kind: string | null;
  kinds: Record<string, FeedbackKind>;
  /** predictions only: they are what people decided. Absent: another system's. */
  by?: 'people';
}

export const FEEDBACK_KINDS = ['click', 'redo', 'switch_to_typing'] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

export type InputType = 'numeric' | 'categorical' | 'text' | 'image' | 'embedding';

export const EMBEDDING_DIMENSIONS_MAX = 4096;
/** A vector with a component of a larger magnitude is invalid. */
export const EMBEDDING_REACH = 2 ** 20;

export interface InputSpec {
  name: string;
  type: InputType;
  /** Path into the request record; defaults to the name. */
  from: string;
  /** A value outside is counted as a range violation and still profiled. */
  range: [number, number] | null;
  /** The allowed categories; null: those of the baseline, else anything. */
  categories: string[] | null;
  /** embedding only: length of the vectors. */
  dimensions?: number;
  /** Its values leave the process as stand-ins only; `categories` are hashes then. */
  sensitive?: true;
}

export type OutputType = 'classifier' | 'multilabel' | 'regressor' | 'detector' | 'text';

/** What a text's characters are counted as. */
export const CHAR_CLASSES = ['letters', 'digits', 'punctuation', 'spaces', 'other'] as const;

/** Classes of a multilabel output at most. */
export const SET_CLASSES_MAX = 1024;

export interface OutputSpec {
  name: string;
  type: OutputType;
  /** Class names in the model's order; what a set may hold; the labels of a detector's boxes. */
  classes: string[];
  /** The class that precision, recall and F1 speak of. Null: macro average. */
  positive: string | null;
  /** Binary classifiers: a score at or above it means `positive`. Multilabel: that the class is in the set. */
  threshold: number;
  /** Regressors: answers that differ by at most this much agree. */
  tolerance: number;
  /** Detectors: boxes below this confidence are ignored; boxes match at this intersection over union. */
  confidenceMin: number;
  iouMin: number;
}

/** Whether an output has answers that are right or wrong; a number is within a tolerance, where one is given. */
export const hasRightAnswers = ({ type, tolerance }: { type: string; tolerance?: number }): boolean =>
  type === 'classifier' || type === 'multilabel' || (type === 'regressor' && (tolerance ?? 0) > 0);

/** One column of a model's input tensor. */
export type FeatureSpec =
  | { input: string; encode: 'numeric'; fill: number; mean: number; std: number }
  | { input: string; encode: 'one_hot'; categories: string[] }
  | { input: string; encode: 'ordinal'; categories: string[]; unknown: number }
  | { input: string; encode: 'text_length'; mean: number; std: number };

/** One named ONNX input: columns side by side ([rows, columns]), or an image ([rows, channels, height, width]). */
export type TensorSpec =
  | { tensor: string; kind: 'columns'; features: FeatureSpec[] }
  | {
      tensor: string;
      kind: 'image';
      input: string;
      width: number;
      height: number;
      channels: 1 | 3;
      layout: 'nchw' | 'nhwc';
      /** pixel * scale + shift, pixel in 0..255. */
      scale: number;
      shift: number;
    };

/** Names of the ONNX outputs that make up one output of the service. */
export interface OutputBinding {
  output: string;
  /** classifier: [rows, classes] or [rows] / [rows, 1] of the positive class. multilabel: [rows, classes]. */
  probabilities: string | null;
  /** regressor: [rows] or [rows, 1]. */
  value: string | null;
  /** detector: boxes [rows, k, 4] (x1, y1, x2, y2 in 0..1), labels [rows, k], confidences [rows, k]. */
  boxes: string | null;
  labels: string | null;
  confidences: string | null;
}

export interface ModelSpec {
  name: string;
  role: 'primary' | 'shadow';
  /** Absolute path. */
  file: string;
  tensors: TensorSpec[];
  outputs: OutputBinding[];
}

export interface WindowSpec {
  sizeMs: number;
  /** Equal to sizeMs: tumbling. Smaller and a divisor of it: hopping. */
  hopMs: number;
  /** Bound on disorder: the watermark of a partition is its maximum event time less this. */
  latenessMs: number;
  /** A window closes when the watermark reaches its end plus this. */
  graceMs: number;
  idleAfterMs: number;
  /** Rule R10: an event time beyond the record's log time stamp plus this is a dead letter. */
  maxFutureMs: number;
  /** An event time before the log time stamp less this is a dead letter; null: any past is good. */
  maxPastMs: number | null;
}

export interface LimitSpec {
  segmentsMax: number;
  categoriesMax: number;
  openWindowsMax: number;
  pendingJoinsMax: number;
  messageBytesMax: number;
}

export type Level = 'info' | 'warning' | 'critical';

/** The lowest first. */
export const LEVELS: readonly Level[] = ['info', 'warning', 'critical'];

export const isAtLeast = (level: Level, least: Level): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(least);
export type Comparison = '>' | '>=' | '<' | '<=';

export interface Threshold {
  op: Comparison;
  value: number;
}

export interface RuleSpec {
  name: string;
  metric: string;
  /** Input, output or telemetry name; '*': every subject that has the metric. */
  subject: string;
  /** Model name; '*': every model. */
  model: string;
  /** '*': the whole traffic; 'each': every segment; otherwise one segment as 'country=de'. */
  segment: string;
  info?: Threshold;
  warning: Threshold | null;
  critical: Threshold | null;
  /** A level is left when the value passes its reset; without one, when it is no longer beyond the threshold. */
  reset?: Partial<Record<Level, Threshold>>;
  /** A level that is left is followed by the one that the value asks for, or by the next lower one whose own reset has not passed. */
  drop?: 'staircase';
  /** A level holds if so many of the last judged windows are at it or above; absent: the last one says. */
  hits?: { of: number; windows: number };
  /** What fires goes on for so long after it no longer holds; absent: it does not. */
  keepMs?: number;
  /** Alarms that change too often are silent until they settle. */
  flapping?: FlappingRule;
  /** What becomes of an alarm whose results stay away; absent: it stays as it is. */
  noData?: NoDataRule;
  /** Thresholds are for how the value compares with another one, instead of the value. */
  versus?: VersusRule;
  /** Instead of thresholds: how fast a budget of bad rows is spent. */
  burn?: BurnRule;
  /** Instead of a metric: a condition over other rules, and what fires when it holds. */
  when?: { condition: Condition; level: Level };
  /** Instead of thresholds: a detector of changes, which is given one value a window. */
  detector?: DetectorRule;
  nMin: number;
  /** The first revision of a window whose label coverage reaches this is judged; null: the final one. */
  coverageMin: number | null;
  forMs: number;
}

/** Over rules: whether any alarm of a rule fires at the level or above. */
export type Condition =
  | { rule: string; level: Level }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

/** What a value is compared with: that of the same series so long ago, or of another segment or model in the same window. */
export interface VersusRule {
  with: { agoMs: number } | { segment: string } | { model: string };
  as: 'difference' | 'ratio';
}

/** Burn rates: the share of bad rows over the share that is allowed, over two stretches at once. */
export interface BurnRule {
  /** Share of bad rows that is allowed over the period, in 0..1. */
  allowed: number;
  /** The metric is the share of good rows. */
  isGood: boolean;
  periodMs: number;
  rates: { longMs: number; shortMs: number; factor: number; level: Level }[];
}

/** Of the last judged windows the weighted share at which the level changed, in 0..1. */
export interface FlappingRule {
  history: number;
  /** From here on it is flapping, until it is less than `leave`. */
  enter: number;
  leave: number;
}

export interface NoDataRule {
  /** Fires, or ends what fires. */
  policy: 'alarm' | 'ok';
  /** The level that fires. */
  level: Level;
  /** So long after the last judged window. */
  forMs: number;
}

export interface DetectorRule {
  /** Of the registry of detectors. */
  name: string;
  /** All of its options, defaults too. */
  options: Record<string, number>;
  /** What fires at a drift. */
  level: Level;
  /** Whether a warning of the detector fires the level warning; the level of a drift is critical then. */
  warns: boolean;
  /** So many judged windows after its last drift the alarm resolves. */
  holdWindows: number;
}

/** References that are learned from the service's own windows. */
export interface LearnSpec {
  /** The first windows, for good; or the last ones. */
  kind: 'first' | 'rolling';
  windows: number;
  /** Rolling: windows between the newest of the reference and the one that is compared. */
  lagWindows: number;
  /** Windows that begin earlier are not learned from; null: all are. */
  sinceMs: number | null;
  /** Of all learned states, packed; segments beyond are not learned. */
  bytesMax: number;
}

export interface BudgetSpec {
  /** False alarms that the owner accepts in `periodMs`. */
  alarms: number;
  periodMs: number;
  /** By metric, or `metric/subject`: how much worse than the reference is no worse. All that the owner has set. */
  tolerance: Record<string, number>;
}

/** What of an alarm matchers name. */
export const MATCH_FIELDS = ['rule', 'metric', 'subject', 'model', 'segment', 'level'] as const;
export type MatchField = (typeof MATCH_FIELDS)[number];

/** By field the texts one of which has to fit; `*` in them stands for any text. Fields without texts always fit. */
export type Matcher = Partial<Record<MatchField, string[]>>;

/** While an alarm of `source` fires, those of `target` that agree with it in `equal` say nothing to anybody. */
export interface InhibitSpec {
  source: Matcher;
  target: Matcher;
  equal: MatchField[];
}

/** A time in which the alarms that fit are expected. */
export interface MaintenanceSpec {
  name: string;
  match: Matcher;
  /** Once, in [fromMs, toMs); or every week on days from Monday, 1, to Sunday, 7, in minutes of the local day; to <= from: until the next day. */
  when:
    | { fromMs: number; toMs: number }
    | { days: number[]; fromMinute: number; toMinute: number; timezone: string };
}

/** How alarms become incidents, and what receivers hear of these. */
export interface IncidentSpec {
  /** An alarm is of the cause of an incident if its onset is at most so far from that of the incident. */
  withinMs: number;
  /** Or if it is of an input that the incident has too. */
  sharesInputs: boolean;
  /** The first notification waits so long for more alarms. */
  groupWaitMs: number;
  /** So long after a notification new alarms of the incident are told. */
  groupIntervalMs: number;
  /** So long after a notification what still fires is told again; null: never. */
  repeatIntervalMs: number | null;
  /** Incidents that are told apart in a time; what comes beyond them is one incident, the storm. */
  storm: { count: number; periodMs: number };
  inhibit: InhibitSpec[];
  maintenance: MaintenanceSpec[];
}

/** What a model costs more than when it was trained, against what a training costs, in one currency. */
export interface RegretSpec {
  /** A mean over the rows of a window, such as a share of them or a loss. */
  metric: string;
  /** '*': all subjects are summed. */
  subject: string;
  /** '*': the metric is of the whole service. */
  model: string;
  worse: 'larger' | 'smaller';
  /** What the metric was when the model was trained; null: that of the baseline, of the same hour and cell. */
  reference: number | null;
  /** Of one unit of the metric in one row. */
  costPerRow: number;
  costOfTraining: number;
}

/** Incidents that ask for retraining: open at the level or above, with so many alarms that fire and are not muted, for so long. */
export interface RetrainIncidents {
  level: Level;
  alarms: number;
  forMs: number;
}

export interface RetrainSpec {
  mode: 'automatic' | 'manual';
  /** Names of the rules whose alarms ask for retraining; empty where regret or incidents do. */
  on: string[];
  level: Level;
  cooldownMs: number;
  /** Requests in so long a time at most; absent: the cooldown alone bounds them. */
  max?: { count: number; periodMs: number };
  /** How far before the onset of the earliest trigger the training data begin. */
  lookbackMs: number;
  /** Absent: what wrong answers cost asks for nothing. */
  regret?: RegretSpec;
  /** Absent: incidents ask for nothing. */
  incidents?: RetrainIncidents;
  /** The model of the newest training becomes a shadow; absent: it does not. */
  shadow?: true;
}

/**
 * A stage of a roll-out. shadow: the candidate answers beside the primary. canary: it answers its share. preview: it answers whoever asks for it. live: it
 * answers all, and the last primary is kept for an instant switch back.
 */
export interface RolloutStage {
  kind: 'shadow' | 'canary' | 'preview' | 'live';
  /** Of traffic, 0..1: 0 for a preview, 1 for live. */
  share: number;
  durationMs: number;
  /** Labelled requests that both have answered in this stage, at least. */
  nMin: number;
  /** manual: a person opens the next stage. */
  gate: 'auto' | 'manual';
  /** The least that a verdict must say for the next stage: keep (no harm is shown), or promote (it is shown to be good enough). */
  needs: 'keep' | 'promote';
}

/** Of a kind of feedback, as rates of requests: the margin and tolerance of a roll-out. */
export interface RolloutFeedback {
  kind: FeedbackKind;
  margin: number;
  tolerance: number;
}

/** How a new model takes over from the primary. */
export interface RolloutSpec {
  strategy: 'shadow' | 'canary' | 'blue_green';
  /** A shadow of `models`. */
  candidate: string;
  /** Whose answers are compared: the share of wrong ones. */
  output: string;
  /** What shows how many are wrong: requests that both have answered, those that one or the other has, or the mean of both; absent: paired. */
  evidence?: 'unpaired' | 'both';
  /** What users do with the answers that they got, compared as well; absent: it is not. */
  feedback?: RolloutFeedback[];
  /** In order; after the last one the candidate is the primary. */
  stages: RolloutStage[];
  /** For wrong promotions and roll-backs together, over all looks. */
  alpha: number;
  /** To promote, "worse by at least so much" must be refuted; to roll back, "worse by at most so much". */
  margin: number;
  tolerance: number;
  /** Of the requests that both have answered, whose label must be known before a promotion. */
  coverageMin: number;
  /** Rules whose alarms roll back, at the level and above. */
  rollbackOn: { rules: string[]; level: Level };
  /** Time that it may run, without pauses and waiting, before it is rolled back; null: as long as it takes. */
  deadlineMs: number | null;
  /** So long after it is done the last primary is kept, watched, and can be switched back to. */
  keepMs: number;
  /** It is judged and told; who answers stays as it is. */
  isDryRun: boolean;
}

/** How much the primary may decide by itself, and on what evidence. */
export interface AutomationSpec {
  /** A classifier with scores: the confidence of its answers, and whether they are right. */
  output: string;
  /** Where it begins. */
  level: AutomationLevel;
  /** The highest level, for people too. */
  upTo: AutomationLevel;
  /** Share of wrong answers that is acceptable among what the model decides, in 0..1. */
  targetRisk: number;
  /** Among its suggestions. */
  assistRisk: number;
  /** Of all bounds together, over all looks, 0..1. */
  confidence: number;
  /** Outcomes before a step up. */
  nMin: number;
  /** Share of the answers that partial automation must be able to decide, at least. */
  coverageMin: number;
  /** Time at a level before the next step up. */
  holdMs: number;
  /** manual: a person takes steps up. Steps down are always taken at once. */
  gate: 'auto' | 'manual';
  /** Rules whose alarms take it down to shadow, at the level and above. */
  stopOn: { rules: string[]; level: Level };
  /** 0..1 in ten-thousandths: share of the requests that people decide without the model's answer. Absent: none, as in configurations of earlier builds. */
  blind?: number;
  /** Labels are what people decided, so that from assist on only those of blind requests say how right the model is. Absent: labels are the truth. */
  labels?: 'people';
  /** To assist, the model must also be shown to be worse than people alone by less than so much, 0..1. Absent: it need not. */
  margin?: number;
}

export interface ServiceSpec {
  service: string;
  description: string;
  streams: StreamSpec[];
  inputs: InputSpec[];
  outputs: OutputSpec[];
  /** Primary first. Empty: the other system is the scorer. */
  models: ModelSpec[];
  /** Each one or two categorical inputs; every entry splits the whole traffic. */
  segments: string[][];
  windows: WindowSpec;
  /** Labels and feedback are matched to their request up to this long after its event time. */
  maxDelayMs: number;
  /**
   * How long after the end of a window each revision of its label-dependent results comes; rising, whole hops.
   * The last is final and covers maxDelayMs.
   */
  revisionsMs: number[];
  limits: LimitSpec;
  baseline: Baseline | null;
  /** Absent: no reference is learned. */
  learn?: LearnSpec;
  /** Absent: a reference is the same at every hour. */
  season?: Season;
  rules: RuleSpec[];
  /** Absent: rules alone raise alarms. */
  budget?: BudgetSpec;
  /** Absent: the defaults. */
  incidents?: IncidentSpec;
  /** Absent: no model is rolled out. */
  rollout?: RolloutSpec;
  /** Absent: the level is what people set. */
  automation?: AutomationSpec;
  retrain: RetrainSpec | null;
  /** SHA-256 of the canonical JSON of everything above. */
  digest: string;
}

// -------------------------------------------------------------------------------------------- baselines

export interface NumericBaseline {
  type: 'numeric';
  n: number;
  missing: number;
  invalid: number;
  mean: number;
  std: number;
  min: number;
  max: number;
  /** Strictly rising inner edges of the quantile bins; cell i holds edges[i-1] <= x < edges[i] within min..max. */
  edges: number[];
  /** [below min, the edges.length + 1 cells, above max]. */
  counts: number[];
  /** Quantile sketch: bucket index -> count, as pairs. */
  sketch: [number, number][];
  /** The edges are borders of the sketch's buckets, so that any sketch can be counted over them; absent: of the values. */
  cut?: 'sketch' | undefined;
}

export interface CategoricalBaseline {
  type: 'categorical';
  n: number;
  missing: number;
  invalid: number;
  counts: Record<string, number>;
}

export type TrackBaseline = NumericBaseline | CategoricalBaseline;

/** Parts of the rhythm of a service: hours of the day (UTC), or of the week, from Monday 00:00 UTC on. */
export const SEASONS = ['hour_of_day', 'hour_of_week'] as const;
export type Season = (typeof SEASONS)[number];

/** Reference data of a segment or a season. */
export interface BaselinePart {
  /** Rows. */
  n: number;
  /** Packed states by key text, base64; those of inputs too. */
  states: Record<string, string>;
}

export interface Baseline {
  /** 1 has none of the optional parts. */
  format: 'telltale-baseline/1' | 'telltale-baseline/2';
  service: string;
  n: number;
  /** Keyed by track: `amount`, `query.length`, `photo.brightness`. */
  tracks: Record<string, TrackBaseline>;
  /** Of the whole traffic, as in `BaselinePart`. */
  states?: Record<string, string> | undefined;
  /** By segment, as `country=de`. */
  segments?: Record<string, BaselinePart> | undefined;
  /** Of the whole traffic by number of the hour, from 0; an hour without rows is absent. */
  season?: { of: Season; parts: Record<string, BaselinePart> } | undefined;
}

// ------------------------------------------------------------------------------------- decoded column batches

/** Why a cell carries no value. INVALID: wrong type, NaN, infinity, or an image that cannot be decoded. */
export const CELL_OK = 0;
export const CELL_MISSING = 1;
export const CELL_INVALID = 2;

export interface NumericColumn {
  kind: 'numeric';
  /** Only where state is CELL_OK. */
  values: Float64Array;
  state: Uint8Array;
}
export interface CategoricalColumn {
  kind: 'categorical';
  /** Index into dictionary where state is CELL_OK. */
  codes: Int32Array;
  dictionary: string[];
  state: Uint8Array;
}
export interface TextColumn {
  kind: 'text';
  values: string[];
  state: Uint8Array;
}
export interface ImageColumn {
  kind: 'image';
  bytes: (Uint8Array | null)[];
  state: Uint8Array;
}
export interface EmbeddingColumn {
  kind: 'embedding';
  dimensions: number;
  /** Number of the row's vector where state is CELL_OK; vector v begins at v * dimensions. */
  places: Int32Array;
  /** How many there are in `values`. */
  vectors: number;
  values: Float32Array;
  state: Uint8Array;
}
export type Column = NumericColumn | CategoricalColumn | TextColumn | ImageColumn | EmbeddingColumn;

/** One box, in 0..1 of the image's width and height. */
export interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  label: number;
  confidence: number;
}

/** Answers or truths of one output, a row each. `state` is CELL_MISSING where the answer is null. */
export type OutputColumn =
  | {
      kind: 'class';
      /** Index into OutputSpec.classes. */
      codes: Int32Array;
      /** Score of the positive class (binary) or of the chosen class; NaN where unknown. */
      scores: Float64Array;
      state: Uint8Array;
    }
  /** Sets of classes: `width` words of 32 bits a row, class c is bit c % 32 of word c / 32. */
  | { kind: 'set'; words: Int32Array; width: number; state: Uint8Array }
  | { kind: 'number'; values: Float64Array; state: Uint8Array }
  | { kind: 'boxes'; boxes: Box[][]; state: Uint8Array }
  | { kind: 'text'; values: string[]; state: Uint8Array };

export interface DeadLetter {
  offset: number;
  code: string;
  stage: string;
  message: string;
  record: LogRecord;
}

/** The readable rows of one run of records of one partition, in offset order, as columns. */
export interface Batch {
  n: number;
  offsets: Float64Array;
  times: Float64Array;
  /** Empty for telemetry. */
  ids: string[];
  dead: DeadLetter[];
  /** requests: in the order of ServiceSpec.inputs. */
  inputs: Column[];
  /** predictions and labels: in the order of ServiceSpec.outputs. */
  outputs: OutputColumn[];
  /** predictions; NaN where absent. */
  latencyMs: Float64Array | null;
  /** predictions; 1 where the service failed. */
  failed: Uint8Array | null;
  /** feedback; index into FEEDBACK_KINDS, -1: a kind that is not mapped. */
  feedback: Int8Array | null;
  /** telemetry: one row a data point. */
  telemetry: { metrics: string[]; values: Float64Array } | null;
  /** requests of a service with a roll-out or degrees of automation: who answered each row and who decided, as the headers of its record say. Absent: no row says so. */
  routed?: RoutedColumn;
}

export interface RoutedColumn {
  /** By ServiceSpec.models; their number: a version that is none of them; -1: it does not say. */
  answered: Int32Array;
  /** Of the routing table, where the id of the request decided who answers; -1: it says nothing about the split. */
  epochs: Float64Array;
  /** Who decided: index into ROUTED_DECISIONS; -1: it does not say. */
  decided: Int8Array;
}

/**
 * What is measured of an image: mean luma, 0..255; its standard deviation, 0..127.5; variance of its Laplacian, 0 or more;
 * width and height in pixels.
 */
export const IMAGE_MEASURES = ['brightness', 'contrast', 'sharpness', 'width', 'height'] as const;
export type ImageMeasure = (typeof IMAGE_MEASURES)[number];

/** Numbers measured on the images of one input; NaN where state is not CELL_OK. */
export interface ImageMeasures extends Record<ImageMeasure, Float64Array> {
  input: string;
  state: Uint8Array;
}

/** A batch of requests with what the models said. */
export interface Scored {
  /** In the order of ServiceSpec.models; null: the model is switched off or failed on this batch. */
  models: (OutputColumn[] | null)[];
  /** One entry for each image input; rows that a model failed on are CELL_INVALID in its columns. */
  images: ImageMeasures[];
}

// ----------------------------------------------------------------------------------------- public records

export interface Result {
  id: string;
  service: string;
  family: 'input' | 'output' | 'agreement' | 'performance' | 'feedback' | 'reliance' | 'software';
  metric: string;
  /** Track (`amount`, `query.length`), output or telemetry metric that is measured; '' for the whole service. */
  subject: string;
  /** '' where no model is meant. */
  model: string;
  /** '*' or 'country=de' or 'country=de,channel=web'. */
  segment: string;
  windowStartMs: number;
  windowEndMs: number;
  /** 0, 1, ... as labels and feedback come in; the highest of a window holds. */
  revision: number;
  /** Null: it cannot be computed, and `reason` says why. */
  value: number | null;
  reason: string;
  /** 95 % interval of the value; null: there is none. */
  low: number | null;
  high: number | null;
  /** How probable a value at least as far from what it is compared with is by chance; null: nothing is compared. */
  p: number | null;
  /** Size of the sample behind the value. */
  n: number;
  /** Labels seen / requests that wait for one, 0..1; null where no labels are meant. */
  coverage: number | null;
  /** The coverage that is usual at this revision, the median of past windows; null: not learned, or no labels are meant. */
  expected: number | null;
  /** Whether this is the last revision. */
  final: boolean;
}

/**
 * What has happened, as far as labels tell. data: the inputs moved, the relation of inputs and truth held. concept: the inputs held, the relation
 * moved. both. unknown: no labels yet, no reference of one side, or neither inputs nor labels are concerned.
 */
export const DRIFT_KINDS = ['data', 'concept', 'both', 'unknown'] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** One cell of a distribution, or the bad rows of a stratum, as shares. */
export interface MovedCell {
  cell: string;
  reference: number;
  current: number;
}

/** One metric of one subject, model and segment that the evidence of an alarm comes from. */
export interface MovedStream {
  metric: string;
  subject: string;
  model: string;
  segment: string;
  /** Of the evidence, 0..1. */
  share: number;
  log10Evidence: number;
  /** Event time from which on it speaks against "no worse". */
  onsetMs: number;
  /** Rows of the reference, and of the windows since the onset. */
  referenceN: number;
  n: number;
  /** Those that moved most. */
  cells: MovedCell[];
}

/** Why an alarm on the budget fires. */
export interface AlertEvidence {
  kind: DriftKind;
  /** The estimated time of the change, of the stream with the most evidence. */
  onsetMs: number;
  /** The weighted mean over all streams of the service, and the boundary that follows from the budget. */
  log10Evidence: number;
  log10Boundary: number;
  /** Labels known / requests of the window; null where no labels are meant. */
  coverage: number | null;
  /** Streams, subjects and segments, the largest share of the evidence first. */
  streams: MovedStream[];
  subjects: { name: string; share: number }[];
  segments: { name: string; share: number }[];
}

/** What of a result or an alarm says which rules watch it. */
export interface Watched {
  metric: string;
  subject: string;
  model: string;
  segment: string;
}

export interface Alert {
  id: string;
  /** Stable for the alarm: hash of service, rule, subject, model, segment. */
  fingerprint: string;
  service: string;
  rule: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  state: 'firing' | 'resolved';
  level: Level;
  /** Why this transition happened, in words. */
  reason: string;
  value: number | null;
  threshold: string;
  n: number;
  windowStartMs: number;
  windowEndMs: number;
  /** Event time of the first window in breach. */
  sinceMs: number;
  /** Of an alarm on the budget; null: of a rule. */
  evidence: AlertEvidence | null;
  configDigest: string;
}

/** Why receivers are told of an incident, in the words of Alertmanager; `raised`: its level is higher now. */
export const NOTIFY_REASONS = [
  'first_notification',
  'new_alerts_in_group',
  'raised',
  'repeat_interval_elapsed',
  'all_alerts_resolved',
] as const;
export type NotifyReason = (typeof NOTIFY_REASONS)[number];

/** An alarm that fires, as its incident shows it. */
export interface IncidentAlarm extends Watched {
  fingerprint: string;
  rule: string;
  level: Level;
  sinceMs: number;
  /** Of its last alert. */
  reason: string;
  /** Why receivers do not hear of it; '': they do. */
  muted: string;
}

/** Where an incident stands after a change: alarms of one cause. */
export interface Incident {
  id: string;
  /** The same for all records of one incident. */
  incidentId: string;
  service: string;
  /** merged: its alarms have gone over into a storm. */
  state: 'open' | 'resolved' | 'merged';
  /** The highest of what fires and is not muted, else of what fires, else of what fired last. */
  level: Level;
  /** Whether receivers are told, and why; '': they are not. */
  notify: NotifyReason | '';
  /** In words, what it is about. */
  summary: string;
  /** Why nobody hears of what fires; '': somebody does, or nothing fires. */
  muted: string;
  /** It is what there was too much of to be told apart. */
  isStorm: boolean;
  /** Event times: the earliest onset of its alarms, when it was opened, and of this change. */
  onsetMs: number;
  openedMs: number;
  atMs: number;
  /** Alarms that fire, those among them that are muted, and alerts of alarms that began to fire since it was opened. */
  firing: number;
  mutedAlarms: number;
  fired: number;
  /** Of all alarms since it was opened; at most INCIDENT_NAMES_MAX of each. */
  rules: string[];
  inputs: string[];
  segments: string[];
  /** What fires, the highest level and then the earliest first; at most INCIDENT_ALARMS_MAX. */
  alarms: IncidentAlarm[];
  configDigest: string;
}

export const INCIDENT_NAMES_MAX = 50;
export const INCIDENT_ALARMS_MAX = 50;

/** What texts of notifications may name of an alert, as `{{reason}}`; `since` as a time in UTC. */
export const ALERT_WORDS = [
  'service',
  'rule',
  'metric',
  'subject',
  'model',
  'segment',
  'level',
  'state',
  'reason',
  'value',
  'threshold',
  'since',
] as const;
export type AlertWord = (typeof ALERT_WORDS)[number];

/** What they may name of an incident; `reason` says why people are told now, `since` is the onset. */
export const INCIDENT_WORDS = [
  'service',
  'level',
  'state',
  'summary',
  'reason',
  'rules',
  'inputs',
  'segments',
  'firing',
  'since',
  'muted',
] as const;
export type IncidentWord = (typeof INCIDENT_WORDS)[number];

export interface OffsetRange {
  stream: StreamName;
  topic: string;
  partition: number;
  /** Both inclusive. */
  fromOffset: number;
  toOffset: number;
}

/** The names that models may have. */
export const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** A model that a training gave. */
export interface TrainedModel {
  /** ONNX; relative to the folder of the service files, or absolute. */
  file: string;
  /** '': it is named after its request. */
  name: string;
}

/** started, done and failed are what the training reports of an approved request. */
export type RetrainStateName = 'requested' | 'approved' | 'rejected' | 'started' | 'done' | 'failed';

export interface Retrain {
  id: string;
  /** The same for all records of one request for retraining. */
  retrainId: string;
  service: string;
  state: RetrainStateName;
  mode: 'automatic' | 'manual';
  /** Event time. */
  atMs: number;
  /** Who approved or rejected, or what reports of the training; '' for automatic. */
  by: string;
  reason: string;
  triggers: Alert[];
  data: { fromMs: number; toMs: number; ranges: OffsetRange[] };
  cooldownUntilMs: number;
  configDigest: string;
  /** Of state done: what the training gave; null: it does not say. */
  model: TrainedModel | null;
}

export const ROLLOUT_STATUSES = ['running', 'waiting', 'paused', 'promoted', 'rolled_back', 'none'] as const;
/** waiting: for a person at a manual gate. none: nothing is rolled out, and the record is about the level. */
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];

/** How much the model decides by itself, rising. */
export const AUTOMATION_LEVELS = ['human_only', 'shadow', 'assist', 'partial', 'full'] as const;
export type AutomationLevel = (typeof AUTOMATION_LEVELS)[number];

/** What is known of the candidate: labelled requests that both answered. */
export interface RolloutCounts {
  n: number;
  /** Only the candidate was right. */
  better: number;
  /** Only the primary was right. */
  worse: number;
  /** Requests that both answered, labelled or not. */
  due: number;
}

/** Requests that were routed by their id under one routing table, since the start. */
export interface RolloutSplit {
  epoch: number;
  /** Those that have a share, with their shares, which sum to 1, and how many requests each has answered. */
  versions: string[];
  shares: number[];
  counts: number[];
  /** Requests that another version has answered, which has no share. */
  elsewhere: number;
}

/** Answers whose outcome is known, and how many of them are bad. */
export interface RolloutArm {
  n: number;
  bad: number;
}

/** Requests that one or the other has answered, dealt by their id with one share, since the start. */
export interface RolloutTally {
  /** Of the candidate, in 0..1. */
  share: number;
  /** The rate of bad answers as it was thought to be before the first outcome. */
  centre: number;
  candidate: RolloutArm;
  primary: RolloutArm;
  /** Requests that the candidate has answered, whether the outcome is known or not. */
  due: number;
}

/** What is known of the candidate by one rate of bad answers: all of the verdict's, each by itself. */
export interface RolloutMetric {
  metric: string;
  /** Requests that count. */
  n: number;
  difference: number | null;
  low: number | null;
  high: number | null;
  logEWorse: number;
  logEBetter: number;
  tallies: RolloutTally[];
}

/**
 * A step of a roll-out or of the level of automation, or that nothing was done. A level without a roll-out has the status `none`, no candidate,
 * plan or stages, and no data in its verdict. The records of a service are a chain: each names the hash of the one before. */
export interface RolloutRecord {
  id: string;
  rolloutId: string;
  service: string;
  /** From 1 on, over all roll-outs of the service. */
  seq: number;
  atMs: number;
  candidate: string;
  primary: string;
  /** started, verdict, waiting, advanced, promoted, rolled_back, paused, resumed, level, level_open (a person may raise it), level_waits (why it stays) or refused. */
  event: string;
  status: RolloutStatus;
  /** From 0 on, of `stages`. */
  stage: number;
  stages: number;
  stageKind: RolloutStage['kind'];
  share: number;
  /** A person, or '' for the service itself. */
  by: string;
  reason: string;
  /** The command that it answers; '': none. */
  commandId: string;
  /** Of a step of the level of a service with automation: what it rests on, as JSON of a `LevelSeen`; '': of none. */
  levelSeen: string;
  verdict: 'promote' | 'keep' | 'rollback' | 'inconclusive';
  /** Of an inconclusive verdict; '': of none. */
  doubt: string;
  counts: RolloutCounts;
  /** Requests that the candidate has answered since the start, for whatever reason, where their records say so. */
  exposed: number;
  /** Tables under which requests have come that say so, oldest first. */
  split: RolloutSplit[];
  /** Each rate that the verdict rests on; wrong answers come first, and the fields below are theirs, but for `logEWorse`, the mean of all. */
  metrics: RolloutMetric[];
  /** Bad rate of the candidate less that of the primary, with what is not refuted at all times at once; null: no data. */
  difference: number | null;
  low: number | null;
  high: number | null;
  /** ln e for "worse than tolerated" and "better than the margin", and what either must reach. */
  logEWorse: number;
  logEBetter: number;
  logBoundary: number;
  /** Labelled requests still needed, going on as so far; null: nothing is in sight. */
  needed: number | null;
  /** The `RolloutSpec` that was judged by, and the routing table that holds from here on, as JSON; '' for none. */
  spec: string;
  table: string;
  configDigest: string;
  /** SHA-256, in hex, of the record before ('' for the first) and of this one without its hash, as canonical JSON. */
  previousHash: string;
  hash: string;
}

export const COMMAND_KINDS = [
  'retrain.approve',
  'retrain.reject',
  'retrain.started',
  'retrain.done',
  'retrain.failed',
  'silence.add',
  'silence.expire',
  'rollout.start',
  'rollout.pause',
  'rollout.resume',
  'rollout.promote',
  'rollout.rollback',
  'rollout.level',
] as const;
export type CommandKind = (typeof COMMAND_KINDS)[number];

/** Alarms that a person does not want to hear of in [fromMs, untilMs), in event time. */
export interface SilenceSpec {
  match: Matcher;
  fromMs: number;
  untilMs: number;
}

/** What a person asks for, or a training reports; sequenced into `slots` of the service. */
export interface Command {
  id: string;
  service: string;
  kind: CommandKind;
  /** Of retrain: the retrainId. Of silence.add: a SilenceSpec as JSON; its id is that of the command. Of silence.expire: the id of the silence. Of rollout.level: the level; of other rollout commands ''. */
  target: string;
  by: string;
  reason: string;
  /** Of retrain.done. Absent: null. */
  model?: TrainedModel | null;
}
