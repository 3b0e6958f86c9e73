/** Compares what was observed with what the oracle expects. Pure, so that a test can show that it is able to fail. */
import type { Alert, Result, Retrain } from '../../src/records.ts';
import type { Observed, Stored } from './observed.ts';
import type { Expected, ExpectedResult } from './oracle.ts';
import type { ExpectedAlert, ExpectedRetrain } from './oracle-alarms.ts';
import { JUDGED } from './oracle-metrics.ts';
import { SERVICES, type ServicePlan, STREAMS } from './services.ts';

export interface Verdict {
  /** One line each; empty: everything is as it must be. */
  problems: string[];
  counts: {
    results: number;
    alerts: number;
    retrains: number;
    /** The same record written again. */
    duplicates: number;
    /** The same id with another content. */
    conflicts: number;
    missing: number;
    unexpected: number;
    /** Values or sizes that are not the oracle's. */
    wrong: number;
    late: number;
    dead: number;
  };
}

/** The join counts what it sets aside under this subject; in which window depends on how its inputs interleave. */
const JOIN_SUBJECT = 'events';

class Findings {
  readonly problems: string[] = [];
  readonly counts: Verdict['counts'] = {
    results: 0,
    alerts: 0,
    retrains: 0,
    duplicates: 0,
    conflicts: 0,
    missing: 0,
    unexpected: 0,
    wrong: 0,
    late: 0,
    dead: 0,
  };

  add(kind: 'conflicts' | 'missing' | 'unexpected' | 'wrong', text: string): void {
    this.counts[kind]++;
    this.problems.push(`${kind}: ${text}`);
  }
}

/** One record of each id, and findings about ids that have several contents. */
function distinct<T extends { id: string }>(
  stored: readonly Stored<T>[],
  what: string,
  findings: Findings,
): T[] {
  const byId = new Map<string, Stored<T>>();
  for (const own of stored) {
    const known = byId.get(own.record.id);
    if (known === undefined) byId.set(own.record.id, own);
    else if (known.bytes === own.bytes) findings.counts.duplicates++;
    else
      findings.add(
        'conflicts',
        `${what} ${own.record.id}: ${JSON.stringify(known.record)} and ${JSON.stringify(own.record)}`,
      );
  }
  return [...byId.values()].map(({ record }) => record);
}

/** Finds partners by name; what has none is missing or unexpected. */
function pair<E, O>(
  what: string,
  expected: readonly E[],
  observed: readonly O[],
  nameOfExpected: (one: E) => string,
  nameOfObserved: (one: O) => string,
  findings: Findings,
): [E, O][] {
  const left = new Map<string, O>();
  for (const own of observed) {
    const name = nameOfObserved(own);
    if (left.has(name)) findings.add('unexpected', `${what} ${name}: a second one with another id`);
    left.set(name, own);
  }
  const pairs: [E, O][] = [];
  for (const own of expected) {
    const name = nameOfExpected(own);
    const found = left.get(name);
    if (found === undefined) findings.add('missing', `${what} ${name}`);
    else pairs.push([own, found]);
    left.delete(name);
  }
  for (const name of left.keys()) findings.add('unexpected', `${what} ${name}`);
  return pairs;
}

const timeText = (ms: number): string => new Date(ms).toISOString();
const resultName = (
  r: Pick<Result, 'service' | 'metric' | 'subject' | 'model' | 'segment' | 'windowEndMs'>,
) => [timeText(r.windowEndMs), r.service, r.metric, r.subject, r.model, r.segment].join(' | ');
const expectedName = ({ service, segment, endMs, figure }: ExpectedResult): string =>
  resultName({ service, segment, windowEndMs: endMs, ...figure });

function isEqual(value: number | null, wanted: number | null, within: number): boolean {
  if (value === null || wanted === null) return value === wanted;
  return value === wanted || Math.abs(value - wanted) <= Math.abs(wanted) * within;
}

function checkResults(expected: Expected, results: readonly Result[], findings: Findings): void {
  const figures = results.filter(({ subject, metric }) => subject !== JOIN_SUBJECT && JUDGED.has(metric));
  // A stream's figures are named by the stream, those of volume by nothing.
  for (const [own, found] of pair('result', expected.results, figures, expectedName, resultName, findings)) {
    const { value, n, within } = own.figure;
    if (!isEqual(found.value, value, within) || found.n !== n)
      findings.add(
        'wrong',
        `result ${expectedName(own)}: ${found.value} of ${found.n}, not ${value} of ${n}`,
      );
  }
}

/** Counts that stand in one pane, and so in every window that holds the pane, over all windows. */
function totalOf(plan: ServicePlan, results: readonly Result[], metric: string, subject: string): number {
  const own = results.filter(
    (r) => r.service === plan.service && r.metric === metric && r.subject === subject && r.segment === '*',
  );
  return (own.reduce((sum, { value }) => sum + (value ?? 0), 0) * plan.hopMs) / plan.sizeMs;
}

function checkTotals(expected: Expected, results: readonly Result[], findings: Findings): void {
  for (const plan of SERVICES) {
    const { service } = plan;
    const total = (metric: string, subject: string): number => totalOf(plan, results, metric, subject);
    const { duplicates, unmatched } = expected.joins[service]!;
    const found = ['late', 'duplicates', 'unmatched'].map((metric) => total(metric, JOIN_SUBJECT));
    if (found.reduce((a, b) => a + b) !== duplicates + unmatched)
      findings.add(
        'wrong',
        `join of ${service}: ${found[0]} late, ${found[1]} duplicates and ${found[2]} unmatched, ` +
          `not ${duplicates} duplicates and ${unmatched} unmatched`,
      );
    if (total('dropped', JOIN_SUBJECT) !== 0)
      findings.add('wrong', `join of ${service}: events were dropped`);
    for (const { stream } of STREAMS.filter((own) => own.service === service)) {
      const late = total('late', stream);
      findings.counts.late += late;
      const wanted = expected.late[`${service} ${stream}`];
      if (late !== wanted) findings.add('wrong', `late on ${stream} of ${service}: ${late}, not ${wanted}`);
    }
  }
}

function checkDead(expected: Expected, observed: Observed, findings: Findings): void {
  const places = observed.dead.map(
    ({ headers }) => `${headers['x-topic']} ${headers['x-partition']}/${headers['x-offset']}`,
  );
  const found = new Set(places);
  findings.counts.dead = found.size;
  findings.counts.duplicates += places.length - found.size;
  for (const place of expected.dead)
    if (!found.has(place)) findings.add('missing', `dead letter of ${place}`);
  for (const place of found)
    if (!expected.dead.has(place)) findings.add('unexpected', `dead letter of ${place}`);
}

const alertName = (alert: Pick<Alert, 'service' | 'rule' | 'segment' | 'state' | 'level' | 'windowEndMs'>) =>
  [timeText(alert.windowEndMs), alert.service, alert.rule, alert.segment, alert.state, alert.level].join(
    ' | ',
  );

function checkAlerts(expected: readonly ExpectedAlert[], alerts: readonly Alert[], findings: Findings): void {
  for (const [own, found] of pair('alert', expected, alerts, alertName, alertName, findings)) {
    for (const name of ['value', 'n', 'sinceMs', 'windowStartMs'] as const) {
      if (found[name] !== own[name])
        findings.add('wrong', `alert ${alertName(own)}: ${name} is ${found[name]}, not ${own[name]}`);
    }
  }
}

function checkRetrains(
  expected: readonly ExpectedRetrain[],
  retrains: readonly Retrain[],
  findings: Findings,
): void {
  const name = ({ service, atMs }: { service: string; atMs: number }): string =>
    `${service} | ${timeText(atMs)}`;
  for (const [own, found] of pair('retrain', expected, retrains, name, name, findings)) {
    const { data, triggers } = found;
    const seen = {
      state: found.state,
      fromMs: data.fromMs,
      toMs: data.toMs,
      triggers: triggers.map(({ rule, windowEndMs }) => `${rule} ${windowEndMs}`),
      ranges: data.ranges.map((r) => `${r.topic}/${r.partition} ${r.fromOffset}-${r.toOffset}`).sort(),
    };
    const { fromMs, toMs, triggers: asked, ranges } = own;
    const wanted = { state: 'approved', fromMs, toMs, triggers: asked, ranges };
    if (JSON.stringify(seen) !== JSON.stringify(wanted))
      findings.add('wrong', `retrain ${name(own)}: ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
  }
}

/** InfluxDB must hold exactly the results of the topic. */
function checkInflux(observed: Observed, results: readonly Result[], findings: Findings): void {
  const dash = (tag: string): string => tag || '-';
  const nameOf = (r: Result): string =>
    resultName({ ...r, subject: dash(r.subject), model: dash(r.model), segment: dash(r.segment) });
  const rows = observed.influx.results.map((row) => ({
    ...(row as unknown as Result),
    windowEndMs: Number(row.time),
  }));
  for (const [own, row] of pair('point', results, rows, nameOf, resultName, findings)) {
    if (row.value !== own.value || row.n !== own.n || row.reason !== own.reason)
      findings.add('wrong', `point ${nameOf(own)}: ${row.value} of ${row.n}, not ${own.value} of ${own.n}`);
  }
  const { alerts, retrains } = observed.influx;
  if (alerts !== findings.counts.alerts)
    findings.add('wrong', `InfluxDB holds ${alerts} alerts, not ${findings.counts.alerts}`);
  if (retrains !== findings.counts.retrains)
    findings.add('wrong', `InfluxDB holds ${retrains} retrain events, not ${findings.counts.retrains}`);
}

/** A result that a later revision replaces must only be the same whenever it is written; its value is not judged. */
const isFinal = ({ final }: Result): boolean => final;

/** Every acknowledged record is in the topic; it may be there twice when a broker went away. */
function checkInputs(
  observed: Observed,
  sent: ReadonlyMap<string, readonly string[]>,
  findings: Findings,
): void {
  const there = new Map<string, Set<string>>();
  for (const [topic, records] of observed.inputs) {
    for (const { partition, value } of records) {
      const name = `${topic}/${partition}`;
      if (!there.has(name)) there.set(name, new Set());
      there.get(name)!.add(value!.toString());
    }
  }
  for (const [name, values] of sent) {
    for (const value of values)
      if (!there.get(name)?.has(value)) findings.add('missing', `the brokers lost ${value} of ${name}`);
  }
}

export function verify(
  expected: Expected,
  observed: Observed,
  sent: ReadonlyMap<string, readonly string[]>,
): Verdict {
  const findings = new Findings();
  const results = distinct(observed.results, 'result', findings);
  const alerts = distinct(observed.alerts, 'alert', findings);
  const retrains = distinct(observed.retrains, 'retrain', findings);
  Object.assign(findings.counts, {
    results: results.length,
    alerts: alerts.length,
    retrains: retrains.length,
  });
  const finals = results.filter(isFinal);
  checkInputs(observed, sent, findings);
  checkResults(expected, finals, findings);
  checkTotals(expected, finals, findings);
  checkDead(expected, observed, findings);
  checkAlerts(expected.alerts, alerts, findings);
  checkRetrains(expected.retrains, retrains, findings);
  checkInflux(observed, finals, findings);
  return { problems: findings.problems, counts: findings.counts };
}
