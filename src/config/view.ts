import type { z } from 'zod';
import { STREAMS, type StreamName } from '../records.ts';
import { type AutomationShape, automationShape } from './automation-shape.ts';
import { type BaselineShape, baselineShape } from './baseline-shape.ts';
import type { Checked } from './check-shape.ts';
import { valueAt } from './document.ts';
import { type IncidentsShape, incidentsShape } from './incidents-shape.ts';
import {
  type InputShape,
  inputShape,
  type ModelShape,
  modelShape,
  type OutputShape,
  outputShape,
} from './model-shape.ts';
import { type RetrainShape, retrainShape } from './retrain-shape.ts';
import { type RolloutShape, rolloutShape } from './rollout-shape.ts';
import { type RuleShape, ruleShape } from './rule-shape.ts';
import {
  type BudgetShape,
  budgetShape,
  type JoinShape,
  joinShape,
  type LimitsShape,
  limitsShape,
  segmentsShape,
  serviceName,
  type WindowsShape,
  windowsShape,
} from './service-shape.ts';
import { type StreamShape, streamShapes } from './stream-shape.ts';

/**
 * A service file entry by entry. An entry whose shape is broken is null but keeps its name, so that
 * the cross checks can go on with the sound entries without blaming them for the broken ones.
 */
export interface View {
  service: string;
  description: string;
  streams: Map<StreamName, StreamShape | null>;
  inputs: Map<string, InputShape | null>;
  outputs: Map<string, OutputShape | null>;
  models: (ModelShape | null)[];
  modelNames: (string | null)[];
  /** Null where any is broken. */
  segments: string[][] | null;
  windows: WindowsShape | null;
  join: JoinShape | null;
  limits: LimitsShape | null;
  /** Null: not wanted, or broken. */
  baseline: BaselineShape | null;
  /** Whether it is written as the path of a file alone. */
  isBaselineText: boolean;
  rules: (RuleShape | null)[];
  ruleNames: (string | null)[];
  /** Undefined: not wanted. Null: broken. */
  budget: BudgetShape | null | undefined;
  incidents: IncidentsShape | null | undefined;
  rollout: RolloutShape | null | undefined;
  automation: AutomationShape | null | undefined;
  retrain: RetrainShape | null | undefined;
  isBroken: Checked['isBroken'];
}

/** The view of a file that `checkShape` has been over. */
export function viewOf({ value, isBroken }: Checked): View {
  const models = listAt(value, 'models');
  const rules = listAt(value, 'rules');
  const retrain = valueAt(value, ['retrain']);
  const budget = valueAt(value, ['budget']);
  const incidents = valueAt(value, ['incidents']);
  const rollout = valueAt(value, ['rollout']);
  const automation = valueAt(value, ['automation']);
  const baseline = valueAt(value, ['baseline']);
  return {
    service: parsed(serviceName, valueAt(value, ['service'])) ?? '',
    description: textOf(valueAt(value, ['description'])) ?? '',
    streams: streamsOf(value),
    inputs: entriesAt(value, 'inputs', inputShape),
    outputs: entriesAt(value, 'outputs', outputShape),
    models: models.map((model) => parsed(modelShape, model)),
    modelNames: models.map((model) => textOf(valueAt(model, ['name']))),
    segments: parsed(segmentsShape, valueAt(value, ['segments']) ?? []),
    windows: parsed(windowsShape, valueAt(value, ['windows']) ?? {}),
    join: parsed(joinShape, valueAt(value, ['join']) ?? {}),
    limits: parsed(limitsShape, valueAt(value, ['limits']) ?? {}),
    baseline: baselineOf(baseline),
    isBaselineText: typeof baseline === 'string',
    rules: rules.map((rule) => parsed(ruleShape, rule)),
    ruleNames: rules.map((rule) => textOf(valueAt(rule, ['name']))),
    budget: budget === undefined ? undefined : parsed(budgetShape, budget),
    incidents: incidents === undefined ? undefined : parsed(incidentsShape, incidents),
    rollout: rollout === undefined ? undefined : parsed(rolloutShape, rollout),
    automation: automation === undefined ? undefined : parsed(automationShape, automation),
    retrain: retrain === undefined ? undefined : parsed(retrainShape, retrain),
    isBroken,
  };
}

function baselineOf(value: unknown): BaselineShape | null {
  const shape = value === undefined ? null : parsed(baselineShape, value);
  return typeof shape === 'string' ? { file: shape } : shape;
}

function streamsOf(value: unknown): Map<StreamName, StreamShape | null> {
  const streams = new Map<StreamName, StreamShape | null>();
  for (const stream of STREAMS) {
    const raw = valueAt(value, ['streams', stream]);
    if (raw !== undefined) streams.set(stream, parsed<StreamShape>(streamShapes[stream], raw));
  }
  return streams;
}

function parsed<T>(shape: z.ZodType<T>, value: unknown): T | null {
  const result = shape.safeParse(value);
  return result.success ? result.data : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function listAt(value: unknown, key: string): unknown[] {
  const list = valueAt(value, [key]);
  return Array.isArray(list) ? list : [];
}

function entriesAt<T>(value: unknown, key: string, shape: z.ZodType<T>): Map<string, T | null> {
  const raw = valueAt(value, [key]);
  const entries = typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? Object.entries(raw) : [];
  return new Map(entries.map(([name, entry]) => [name, parsed(shape, entry)]));
}
