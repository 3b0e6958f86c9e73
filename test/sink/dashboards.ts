import { readdirSync, readFileSync } from 'node:fs';
import type { Result } from '../../src/records.ts';
import type { Delivery } from '../../src/sink/sink.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, T0 } from './records.ts';

export interface Target {
  query: string;
  rawQuery: boolean;
  resultFormat: string;
  datasource: { uid: string };
}
export interface Panel {
  id: number;
  type: string;
  title: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
}
export interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  panels: Panel[];
  annotations: {
    list: { name: string; target?: { query: string; textColumn: string; tagsColumn: string } }[];
  };
  templating: { list: { name: string; query: string }[] };
}
export interface Query {
  title: string;
  query: string;
}

const FOLDER = new URL('../../grafana/dashboards/', import.meta.url);

export function dashboards(): Dashboard[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Dashboard);
}

export const panelQueries = (dashboard: Dashboard): Query[] =>
  dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ query }) => ({ title, query })));

export const annotationQueries = (dashboard: Dashboard): Query[] =>
  dashboard.annotations.list.flatMap(({ name, target }) =>
    target ? [{ title: name, query: target.query }] : [],
  );

export const variableQueries = (dashboard: Dashboard): Query[] =>
  dashboard.templating.list.map(({ name, query }) => ({ title: name, query }));

/** The metrics of the product, by family. */
export const METRICS: Record<Result['family'], string[]> = {
  input: [
    'volume',
    'missing_rate',
    'invalid_rate',
    'out_of_range_rate',
    'new_category_rate',
    'mean',
    'std',
    'median',
    'p05',
    'p95',
    'psi',
    'ks',
  ],
  output: ['null_rate', 'class_share', 'score_mean', 'score_p50'],
  feedback: ['click_through_rate', 'redo_rate', 'switch_to_typing_rate'],
  reliance: ['decided_share', 'deferral_rate', 'override_rate', 'over_reliance', 'human_error', 'team_error'],
  agreement: ['agreement'],
  performance: ['accuracy', 'precision', 'recall', 'f1', 'mae', 'rmse'],
  software: ['latency_p50', 'latency_p95', 'latency_p99', 'throughput', 'error_rate', 'telemetry_mean'],
};

/** Three windows of every metric, one result without a value, and a record of every other kind. */
export function everyMetric(): Delivery[] {
  const results = Object.entries(METRICS).flatMap(([family, metrics]) =>
    metrics.flatMap((metric) =>
      [1, 2, 3].map((window) => {
        const windowEndMs = T0 + window * HOUR_MS;
        const over = { family: family as Result['family'], metric, windowEndMs, value: window / 10 };
        return { result: makeResult({ id: `${metric}/${window}`, ...over }) };
      }),
    ),
  );
  const without = makeResult({ id: 'x', metric: 'psi', subject: 'age', value: null, reason: 'too few' });
  const resolved = makeAlert({ id: 'a2', state: 'resolved', windowEndMs: T0 + 2 * HOUR_MS });
  return [
    ...results,
    { result: without },
    { alert: makeAlert() },
    { alert: resolved },
    { incident: makeIncident() },
    { rollout: makeRollout() },
    { retrain: makeRetrain() },
  ];
}
