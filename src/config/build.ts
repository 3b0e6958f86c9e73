import { assert } from '../errors.ts';
import {
  type Baseline,
  type Condition,
  type FeatureSpec,
  type InputSpec,
  LEVELS,
  type ModelSpec,
  type OutputSpec,
  type RegretSpec,
  type RuleSpec,
  type ServiceSpec,
  type TensorSpec,
} from '../records.ts';
import { automationOf } from './automation.ts';
import { digestOf } from './digest.ts';
import { deepFreeze } from './freeze.ts';
import { incidentsOf } from './incidents.ts';
import type { FeatureShape, InputShape, ModelShape, OutputShape } from './model-shape.ts';
import type { RetrainShape } from './retrain-shape.ts';
import { rolloutOf } from './rollout.ts';
import type { ConditionShape, RuleShape } from './rule-shape.ts';
import type { JoinShape } from './service-shape.ts';
import { streamOf } from './streams.ts';
import type { Registries } from './types.ts';
import type { View } from './view.ts';

/**
 * The frozen spec of a service file without problems.
 *
 * The digest covers file paths as they are written, not as they are on this machine: instances that run
 * from different folders have the same configuration, and say so.
 */
export function buildSpec(
  view: View,
  baseline: Baseline | null,
  registries: Registries,
  resolve: (path: string) => string,
): ServiceSpec {
  const portable = specOf(view, baseline, registries, (path) => path);
  return deepFreeze({ ...specOf(view, baseline, registries, resolve), digest: digestOf(portable) });
}

function specOf(
  view: View,
  baseline: Baseline | null,
  registries: Registries,
  resolve: (path: string) => string,
): Omit<ServiceSpec, 'digest'> {
  const windows = sound(view.windows);
  const limits = sound(view.limits);
  const join = sound(view.join);
  const models = view.models.map((model) => modelOf(sound(model), resolve));
  return {
    service: view.service,
    description: view.description,
    streams: [...view.streams].map(([stream, spec]) => streamOf(stream, sound(spec), view, resolve)),
    inputs: [...view.inputs].map(([name, input]) => inputOf(name, sound(input))),
    outputs: [...view.outputs].map(([name, output]) => outputOf(name, sound(output))),
    models: [
      ...models.filter((model) => model.role === 'primary'),
      ...models.filter((model) => model.role !== 'primary'),
    ],
    segments: sound(view.segments),
    windows: {
      sizeMs: windows.size,
      hopMs: windows.hop ?? windows.size,
      latenessMs: windows.lateness,
      graceMs: windows.grace,
      idleAfterMs: windows.idle_after,
      maxFutureMs: windows.max_future,
      maxPastMs: windows.max_past,
    },
    maxDelayMs: join.max_delay,
    revisionsMs: revisionsOf(join, windows.hop ?? windows.size),
    limits: {
      segmentsMax: limits.segments_max,
      categoriesMax: limits.categories_max,
      openWindowsMax: limits.open_windows_max,
      pendingJoinsMax: limits.pending_joins_max,
      messageBytesMax: limits.message_bytes_max,
    },
    baseline,
    ...learningOf(view),
    rules: view.rules.map((rule) => ruleOf(sound(rule), registries)),
    ...budgetOf(view),
    ...incidentsOf(view, registries),
    ...rolloutOf(view, registries),
    ...automationOf(view),
    retrain: retrainOf(view, registries),
  };
}

function learningOf({ baseline }: View): Pick<ServiceSpec, 'learn' | 'season'> {
  const { learn, season } = baseline ?? {};
  return {
    ...(learn === undefined
      ? {}
      : {
          learn: {
            kind: learn.first === undefined ? 'rolling' : 'first',
            windows: learn.first ?? learn.rolling!,
            lagWindows: learn.lag ?? LAG_DEFAULT,
            sinceMs: learn.since ?? null,
            bytesMax: learn.bytes_max,
          },
        }),
    ...(season === undefined ? {} : { season }),
  };
}

/** What begins in one window may show as an alarm in the next only. */
const LAG_DEFAULT = 1;

/** Without `revise_after` labels are looked at after these parts of the longest delay; the last look is final. */
const REVISIONS_DEFAULT = [1 / 16, 1 / 4];

/** Whole hops, since windows close at the ends of hops. */
function revisionsOf(join: JoinShape, hopMs: number): number[] {
  const wanted = join.revise_after ?? REVISIONS_DEFAULT.map((part) => part * join.max_delay);
  const hops = [...wanted, join.max_delay].map((afterMs) => Math.max(1, Math.ceil(afterMs / hopMs)) * hopMs);
  return [...new Set(hops)].sort((a, b) => a - b);
}

/** Broken entries are reported before a spec is built. */
function sound<T>(entry: T | null): T {
  assert(entry !== null, 'a spec is built only of a view without broken entries');
  return entry;
}

function inputOf(name: string, shape: InputShape): InputSpec {
  return {
    name,
    type: shape.type,
    from: shape.from ?? name,
    range: shape.type === 'numeric' ? (shape.range ?? null) : null,
    categories: shape.type === 'categorical' ? (shape.categories ?? null) : null,
    ...(shape.type === 'embedding' ? { dimensions: shape.dimensions } : {}),
    ...(shape.sensitive === true ? { sensitive: true as const } : {}),
  };
}

function outputOf(name: string, shape: OutputShape): OutputSpec {
  return {
    name,
    type: shape.type,
    classes: 'classes' in shape ? shape.classes : [],
    positive: 'positive' in shape ? (shape.positive ?? null) : null,
    threshold: 'threshold' in shape ? shape.threshold : 0.5,
    tolerance: 'tolerance' in shape ? shape.tolerance : 0,
    confidenceMin: 'confidence_min' in shape ? shape.confidence_min : 0.5,
    iouMin: 'iou_min' in shape ? shape.iou_min : 0.5,
  };
}

function modelOf(shape: ModelShape, resolve: (path: string) => string): ModelSpec {
  const tensors = Object.entries(shape.inputs).map(([tensor, spec]): TensorSpec => {
    if (Array.isArray(spec)) return { tensor, kind: 'columns', features: spec.map(featureOf) };
    const { image, ...rest } = spec;
    return { tensor, kind: 'image', input: image, ...rest };
  });
  const outputs = Object.entries(shape.outputs).map(([output, binding]) => ({
    output,
    probabilities: binding.probabilities ?? null,
    value: binding.value ?? null,
    boxes: binding.boxes ?? null,
    labels: binding.labels ?? null,
    confidences: binding.confidences ?? null,
  }));
  return { name: shape.name, role: shape.role, file: resolve(shape.file), tensors, outputs };
}

function featureOf(shape: FeatureShape): FeatureSpec {
  if (typeof shape === 'string') return { input: shape, encode: 'numeric', fill: 0, mean: 0, std: 1 };
  if ('one_hot' in shape) return { input: shape.input, encode: 'one_hot', categories: shape.one_hot };
  if ('ordinal' in shape) {
    return { input: shape.input, encode: 'ordinal', categories: shape.ordinal, unknown: shape.unknown };
  }
  const { input, mean, std } = shape;
  if ('length' in shape) return { input, encode: 'text_length', mean, std };
  return { input, encode: 'numeric', fill: shape.fill, mean, std };
}

/**
 * Without `min_n` a rule waits for 30 samples: a PSI or an accuracy of fewer is noise. Counts and gauges of
 * the whole service (volume, memory) mean something at any n, and a rule on too little volume must be
 * able to fire.
 */
const MIN_N_DEFAULT = 30;

function ruleOf(shape: RuleShape, registries: Registries): RuleSpec {
  const kind = registries.metrics.get(shape.metric)?.subjects;
  const minN = kind === 'service' || kind === 'telemetry' ? 0 : MIN_N_DEFAULT;
  return {
    name: shape.name,
    metric: shape.metric,
    subject: kind === 'service' ? '*' : shape.subject,
    model: shape.model,
    segment: shape.segment,
    ...(shape.info === undefined ? {} : { info: shape.info }),
    warning: shape.warning ?? null,
    critical: shape.critical ?? null,
    ...whenOf(shape),
    ...versusOf(shape.versus),
    ...burnOf(shape.burn),
    ...lifeOf(shape),
    ...detectorOf(shape, registries),
    nMin: shape.min_n ?? minN,
    coverageMin: shape.min_coverage ?? null,
    forMs: shape.for,
  };
}

function whenOf({ when, level }: RuleShape): Pick<RuleSpec, 'when'> {
  return when === undefined ? {} : { when: { condition: conditionOf(when), level: level ?? 'warning' } };
}

export function conditionOf(shape: ConditionShape): Condition {
  if (typeof shape === 'string') return { rule: shape, level: 'info' };
  if ('rule' in shape) return shape;
  if ('not' in shape) return { not: conditionOf(shape.not) };
  return 'all' in shape ? { all: shape.all.map(conditionOf) } : { any: shape.any.map(conditionOf) };
}

function versusOf(shape: RuleShape['versus']): Pick<RuleSpec, 'versus'> {
  if (shape === undefined) return {};
  const { ago, segment, model, as } = shape;
  const other = ago !== undefined ? { agoMs: ago } : segment !== undefined ? { segment } : { model: model! };
  return { versus: { with: other, as } };
}

const HOUR_MS = 3_600_000;
/** Of the Site Reliability Workbook, table 5-8: what is spent in so short a time is worth a page, or a ticket. */
const BURN_RATES = [
  { budget: 0.02, long: HOUR_MS, short: HOUR_MS / 12, level: 'critical' },
  { budget: 0.05, long: 6 * HOUR_MS, short: HOUR_MS / 2, level: 'critical' },
  { budget: 0.1, long: 24 * HOUR_MS, short: 2 * HOUR_MS, level: 'warning' },
  { budget: 0.1, long: 72 * HOUR_MS, short: 6 * HOUR_MS, level: 'warning' },
] as const;

function burnOf(shape: RuleShape['burn']): Pick<RuleSpec, 'burn'> {
  if (shape === undefined) return {};
  const { objective, period, rates = BURN_RATES } = shape;
  const isGood = objective.op.startsWith('>');
  const found = rates.map(({ budget, long, short, level }) => ({
    longMs: long,
    shortMs: short,
    factor: (budget * period) / long,
    level,
  }));
  // The highest level, and of it what is spent fastest, is told first.
  found.sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || b.factor - a.factor);
  const allowed = isGood ? 1 - objective.value : objective.value;
  return { burn: { allowed, isGood, periodMs: period, rates: found } };
}

/** How an alarm comes and goes, as far as the rule says; what it does not say is left out. */
function lifeOf({ reset, drop, hits, keep_firing_for: keepMs, flapping, no_data: noData }: RuleShape) {
  return {
    ...(reset === undefined ? {} : { reset }),
    ...(drop === 'staircase' ? { drop } : {}),
    ...(hits === undefined ? {} : { hits }),
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(flapping === undefined ? {} : { flapping }),
    ...noDataOf(noData),
  };
}

function noDataOf(shape: RuleShape['no_data']): Pick<RuleSpec, 'noData'> {
  if (shape === undefined || shape.policy === 'keep') return {};
  const { policy, level, for: forMs } = shape;
  assert(forMs !== undefined, 'the checks ask for it');
  return { noData: { policy, level: level ?? 'warning', forMs } };
}

/** Windows without a drift until the alarm of a detector resolves. */
const HOLD_DEFAULT = 12;

function detectorOf(
  { detector, options, ...shape }: RuleShape,
  { detectors }: Registries,
): Pick<RuleSpec, 'detector'> {
  if (detector === undefined) return {};
  const known = Object.entries(detectors?.get(detector)?.options ?? {});
  return {
    detector: {
      name: detector,
      options: Object.fromEntries(known.map(([name, spec]) => [name, options?.[name] ?? spec.default])),
      level: shape.level ?? 'warning',
      warns: shape.warn ?? false,
      holdWindows: shape.hold ?? HOLD_DEFAULT,
    },
  };
}

function budgetOf({ budget }: View): Pick<ServiceSpec, 'budget'> {
  if (budget === undefined) return {};
  const { alarms, tolerance } = sound(budget);
  return { budget: { ...alarms, tolerance } };
}

function retrainOf(view: View, registries: Registries): ServiceSpec['retrain'] {
  if (view.retrain === undefined) return null;
  const { mode, on = [], level, cooldown, lookback, max, regret, incidents, shadow } = sound(view.retrain);
  return {
    mode,
    on,
    level,
    cooldownMs: cooldown,
    ...(max === undefined ? {} : { max }),
    lookbackMs: lookback,
    ...(regret === undefined ? {} : { regret: regretOf(regret, view, registries) }),
    ...(incidents === undefined
      ? {}
      : { incidents: { level: incidents.level, alarms: incidents.alarms, forMs: incidents.for } }),
    ...(shadow ? { shadow } : {}),
  };
}

/** The model of results of another system's predictions. */
const EXTERNAL = 'external';

function regretOf(
  shape: NonNullable<RetrainShape['regret']>,
  view: View,
  { metrics }: Registries,
): RegretSpec {
  const { subjects, worse } = metrics.get(shape.metric)!;
  assert(worse !== undefined, 'the checks ask for it');
  const primary = view.models.find((model) => model?.role === 'primary')?.name;
  return {
    metric: shape.metric,
    subject: subjects === 'service' ? '*' : shape.subject,
    model: subjects === 'service' ? '*' : (shape.model ?? primary ?? EXTERNAL),
    worse,
    reference: shape.reference ?? null,
    costPerRow: shape.cost_per_row,
    costOfTraining: shape.cost_of_training,
  };
}
