import { FieldType, type IPoint, type ISchemaOptions } from 'influx';
import type { Alert, Incident, Result, Retrain, RolloutRecord } from '../records.ts';
import type { Delivery } from './sink.ts';

const RESULT_FIELDS = {
  value: FieldType.FLOAT,
  n: FieldType.INTEGER,
  reason: FieldType.STRING,
  revision: FieldType.INTEGER,
  coverage: FieldType.FLOAT,
  expected: FieldType.FLOAT,
  low: FieldType.FLOAT,
  high: FieldType.FLOAT,
  p: FieldType.FLOAT,
};

/**
 * The layout of the data in InfluxDB. A point is replaced by one with the same measurement, tags and
 * time, field by field; hence a field that may be empty is written as '' and not left out, else the
 * text of an earlier revision would stay. Only null numbers are left out: InfluxDB has no null. Results that will be
 * revised have a measurement of their own and their revision as a tag: a point is about one record, so that writing
 * records again, in whatever order, changes nothing.
 */
export const INFLUX_SCHEMA: readonly ISchemaOptions[] = [
  {
    measurement: 'telltale_result',
    tags: ['service', 'family', 'metric', 'subject', 'model', 'segment'],
    fields: RESULT_FIELDS,
  },
  {
    measurement: 'telltale_preliminary',
    tags: ['service', 'family', 'metric', 'subject', 'model', 'segment', 'revision'],
    fields: RESULT_FIELDS,
  },
  {
    measurement: 'telltale_alert',
    tags: ['service', 'rule', 'metric', 'subject', 'model', 'segment', 'level', 'state'],
    fields: {
      value: FieldType.FLOAT,
      n: FieldType.INTEGER,
      reason: FieldType.STRING,
      threshold: FieldType.STRING,
      since: FieldType.INTEGER,
      id: FieldType.STRING,
      // Of alarms on the budget.
      kind: FieldType.STRING,
      log10_evidence: FieldType.FLOAT,
      log10_boundary: FieldType.FLOAT,
      coverage: FieldType.FLOAT,
      streams: FieldType.INTEGER,
    },
  },
  {
    measurement: 'telltale_incident',
    // Of incidents there are few, and at one time several of a service may change.
    tags: ['service', 'incident', 'state', 'level', 'notify'],
    fields: {
      summary: FieldType.STRING,
      muted: FieldType.STRING,
      rules: FieldType.STRING,
      inputs: FieldType.STRING,
      segments: FieldType.STRING,
      storm: FieldType.BOOLEAN,
      onset: FieldType.INTEGER,
      opened: FieldType.INTEGER,
      firing: FieldType.INTEGER,
      muted_alarms: FieldType.INTEGER,
      fired: FieldType.INTEGER,
      id: FieldType.STRING,
    },
  },
  {
    measurement: 'telltale_rollout',
    // At one time several steps may follow each other: those that differ in none of these are one point, the last.
    tags: ['service', 'candidate', 'event', 'status', 'stage', 'verdict'],
    fields: {
      primary: FieldType.STRING,
      stage_kind: FieldType.STRING,
      stages: FieldType.INTEGER,
      share: FieldType.FLOAT,
      by: FieldType.STRING,
      reason: FieldType.STRING,
      doubt: FieldType.STRING,
      n: FieldType.INTEGER,
      better: FieldType.INTEGER,
      worse: FieldType.INTEGER,
      due: FieldType.FLOAT,
      exposed: FieldType.INTEGER,
      difference: FieldType.FLOAT,
      low: FieldType.FLOAT,
      high: FieldType.FLOAT,
      log_e_worse: FieldType.FLOAT,
      log_e_better: FieldType.FLOAT,
      log_boundary: FieldType.FLOAT,
      needed: FieldType.FLOAT,
      seq: FieldType.INTEGER,
      rollout_id: FieldType.STRING,
      id: FieldType.STRING,
    },
  },
  {
    measurement: 'telltale_retrain',
    tags: ['service', 'state', 'mode'],
    fields: {
      reason: FieldType.STRING,
      retrain_id: FieldType.STRING,
      from: FieldType.INTEGER,
      to: FieldType.INTEGER,
    },
  },
];

/** Stands for an empty tag, which InfluxDB cannot hold and a Grafana variable could not choose. */
export const EMPTY_TAG = '-';

const TAG_STAND_INS: Record<string, string> = { '\n': '␊', '\r': '␍', '\t': '␉', '\\': '⧵' };

/**
 * A tag value that the line protocol can carry. Commas, spaces and equals signs are escaped by the
 * client library; a line break cannot be escaped at all, and a backslash before a separator reads as an
 * escape, so these are written as look-alikes: two names that differ still differ.
 */
export function tagOf(value: string): string {
  if (value === '') return EMPTY_TAG;
  return value.replace(/[\n\r\t\\]/g, (char) => TAG_STAND_INS[char] ?? char);
}

const TAG_ORIGINALS = Object.fromEntries(Object.entries(TAG_STAND_INS).map(([char, shown]) => [shown, char]));

/** What a tag value stood for: the way back of `tagOf`. */
export function textOfTag(tag: string): string {
  if (tag === EMPTY_TAG) return '';
  return tag.replace(/[␊␍␉⧵]/g, (char) => TAG_ORIGINALS[char] ?? char);
}

function tagsOf(values: Record<string, string>): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) tags[name] = tagOf(value);
  return tags;
}

/** NaN and the infinities have no form in the line protocol. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

function resultPoint(result: Result): IPoint {
  const { service, family, metric, subject, model, segment } = result;
  const about = { service, family, metric, subject, model, segment };
  return {
    measurement: result.final ? 'telltale_result' : 'telltale_preliminary',
    tags: tagsOf({ ...about, ...(result.final ? {} : { revision: String(result.revision) }) }),
    fields: {
      value: finite(result.value),
      n: result.n,
      reason: result.reason,
      revision: result.revision,
      coverage: finite(result.coverage),
      expected: finite(result.expected),
      low: finite(result.low),
      high: finite(result.high),
      p: finite(result.p),
    },
    timestamp: String(result.windowEndMs),
  };
}

/** What a dashboard can show of an alarm on the budget; all of it is in the record. */
function evidenceFields(evidence: Alert['evidence']): Record<string, string | number | null> {
  if (evidence === null) return {};
  const { kind, log10Evidence, log10Boundary, coverage, streams } = evidence;
  return {
    kind,
    log10_evidence: finite(log10Evidence),
    log10_boundary: finite(log10Boundary),
    coverage: finite(coverage),
    streams: streams.length,
  };
}

function alertPoint(alert: Alert): IPoint {
  const { service, rule, metric, subject, model, segment, level, state } = alert;
  return {
    measurement: 'telltale_alert',
    tags: tagsOf({ service, rule, metric, subject, model, segment, level, state }),
    fields: {
      value: finite(alert.value),
      n: alert.n,
      reason: alert.reason,
      threshold: alert.threshold,
      since: alert.sinceMs,
      id: alert.id,
      ...evidenceFields(alert.evidence),
    },
    timestamp: String(alert.windowEndMs),
  };
}

/** One for each change; of several of one incident at one time that say the same of state and notification the last stays. */
function incidentPoint(incident: Incident): IPoint {
  const { service, incidentId, state, level, notify, summary, muted } = incident;
  return {
    measurement: 'telltale_incident',
    tags: tagsOf({ service, incident: incidentId, state, level, notify }),
    fields: {
      summary,
      muted,
      rules: incident.rules.join(', '),
      inputs: incident.inputs.join(', '),
      segments: incident.segments.join(', '),
      storm: incident.isStorm,
      onset: incident.onsetMs,
      opened: incident.openedMs,
      firing: incident.firing,
      muted_alarms: incident.mutedAlarms,
      fired: incident.fired,
      id: incident.id,
    },
    timestamp: String(incident.atMs),
  };
}

function retrainPoint(retrain: Retrain): IPoint {
  const { service, state, mode } = retrain;
  return {
    measurement: 'telltale_retrain',
    tags: tagsOf({ service, state, mode }),
    fields: {
      reason: retrain.reason,
      retrain_id: retrain.retrainId,
      from: retrain.data.fromMs,
      to: retrain.data.toMs,
    },
    timestamp: String(retrain.atMs),
  };
}

function rolloutPoint(rollout: RolloutRecord): IPoint {
  const { service, candidate, event, status, stage, verdict, counts } = rollout;
  return {
    measurement: 'telltale_rollout',
    tags: tagsOf({ service, candidate, event, status, stage: String(stage), verdict }),
    fields: {
      primary: rollout.primary,
      stage_kind: rollout.stageKind,
      stages: rollout.stages,
      share: finite(rollout.share),
      by: rollout.by,
      reason: rollout.reason,
      doubt: rollout.doubt,
      ...counts,
      exposed: rollout.exposed,
      difference: finite(rollout.difference),
      low: finite(rollout.low),
      high: finite(rollout.high),
      log_e_worse: finite(rollout.logEWorse),
      log_e_better: finite(rollout.logEBetter),
      log_boundary: finite(rollout.logBoundary),
      needed: finite(rollout.needed),
      seq: rollout.seq,
      rollout_id: rollout.rolloutId,
      id: rollout.id,
    },
    timestamp: String(rollout.atMs),
  };
}

/** The point of a delivery; null for one that carries no record. Times are strings, since the client drops a 0. */
export function pointOf(delivery: Delivery): IPoint | null {
  if (delivery.result) return resultPoint(delivery.result);
  if (delivery.alert) return alertPoint(delivery.alert);
  if (delivery.incident) return incidentPoint(delivery.incident);
  if (delivery.retrain) return retrainPoint(delivery.retrain);
  if (delivery.rollout) return rolloutPoint(delivery.rollout);
  return null;
}

export interface PointDelivery {
  point: IPoint;
  delivery: Delivery;
}

/** The points of a batch; of several with the same tags and time only the last stays. */
export function pointsOf(batch: readonly Delivery[]): PointDelivery[] {
  const latest = new Map<string, PointDelivery>();
  for (const delivery of batch) {
    const point = pointOf(delivery);
    if (point === null) continue;
    const key = JSON.stringify([point.measurement, point.timestamp, ...Object.values(point.tags ?? {})]);
    latest.set(key, { point, delivery });
  }
  return [...latest.values()];
}
