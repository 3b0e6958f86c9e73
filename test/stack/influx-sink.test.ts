import { afterAll, beforeAll, expect, test } from 'vitest';
import { influxSink } from '../../src/sink/influx.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, T0 } from '../sink/records.ts';
import { describeStack } from './support/context.ts';

const database = `telltale_test_${process.pid}`;
const log = { info: () => {}, warn: () => {} };

interface Series {
  tags?: Record<string, string>;
  columns: string[];
  values: (string | number | boolean | null)[][];
}

let url = '';

async function query(q: string): Promise<Series[]> {
  const params = new URLSearchParams({ q, db: database, epoch: 'ms' });
  const response = await fetch(`${url}/query`, { method: 'POST', body: params });
  const answer = (await response.json()) as { results: { series?: Series[]; error?: string }[] };
  expect(answer.results[0]?.error).toBeUndefined();
  return answer.results[0]?.series ?? [];
}

/** The rows of a measurement as objects, tags and fields together. */
async function rows(measurement: string): Promise<Record<string, string | number | boolean | null>[]> {
  const series = await query(`SELECT * FROM "${measurement}"`);
  return series.flatMap(({ columns, values }) =>
    values.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))),
  );
}

describeStack('InfluxDB', (stack) => {
  let sink: Sink;

  beforeAll(async () => {
    url = stack.influx;
    sink = await influxSink.create({ url, database }, { log });
  });
  afterAll(async () => {
    await sink.close();
    await query(`DROP DATABASE "${database}"`);
  });

  test('creates the database, writes every kind, and the same batch twice is as once', async () => {
    const batch = [
      { result: makeResult() },
      { alert: makeAlert() },
      { incident: makeIncident() },
      { retrain: makeRetrain() },
      { rollout: makeRollout() },
    ];
    await sink.write(batch);
    await sink.write(batch);
    expect(await rows('telltale_result')).toEqual([
      {
        time: T0 + HOUR_MS,
        service: 'fraud',
        family: 'input',
        metric: 'psi',
        subject: 'amount',
        model: '-',
        segment: '*',
        value: 0.25,
        n: 200,
        reason: '',
        revision: 0,
      },
    ]);
    expect(await rows('telltale_alert')).toMatchObject([
      { time: T0 + HOUR_MS, rule: 'amount-drift', state: 'firing', level: 'critical', since: T0 + HOUR_MS },
    ]);
    expect(await rows('telltale_incident')).toMatchObject([
      {
        time: T0 + HOUR_MS,
        incident: 'incident-1',
        state: 'open',
        notify: 'first_notification',
        firing: 1,
        storm: false,
      },
    ]);
    expect(await rows('telltale_rollout')).toMatchObject([
      {
        time: T0 + HOUR_MS,
        candidate: 'forest',
        event: 'advanced',
        stage: '1',
        share: 0.1,
        n: 1_200,
        seq: 1,
      },
    ]);
    expect(await rows('telltale_retrain')).toMatchObject([
      { state: 'requested', mode: 'manual', retrain_id: 'retrain-1', from: T0 - HOUR_MS, to: T0 + HOUR_MS },
    ]);
  });

  test('a later revision replaces the earlier one, its reason too', async () => {
    const service = 'revisions';
    await sink.write([{ result: makeResult({ service, value: null, reason: 'too few', n: 3 }) }]);
    await sink.write([{ result: makeResult({ service, value: 0.5, n: 300, revision: 1 }) }]);
    const found = (await rows('telltale_result')).filter((row) => row.service === service);
    expect(found).toMatchObject([{ value: 0.5, reason: '', n: 300, revision: 1 }]);
  });

  test('names with every awkward sign come back', async () => {
    const names = [
      'a b',
      'a,b',
      'a=b',
      'a"b',
      "a'b",
      'a\nb',
      'a\\b',
      'a\\,b',
      'a\\ b',
      'end\\',
      'ünï 漢字 🙂',
      ',',
      '=',
      ' ',
      '"',
      '#x',
      '$a',
      '-',
    ];
    const reason = `quote " back \\ slash, line\nbreak, it's = fine \\" ünï`;
    await sink.write(
      names.map((subject) => ({
        result: makeResult({ service: 'names', subject, reason, segment: 'k=v,a b=c' }),
      })),
    );
    const found = (await rows('telltale_result')).filter((row) => row.service === 'names');
    const expected = names.map((name) => name.replaceAll('\n', '␊').replaceAll('\\', '⧵'));
    expect(found.map((row) => row.subject).sort()).toEqual(expected.sort());
    for (const row of found) expect(row).toMatchObject({ reason, segment: 'k=v,a b=c' });
  });

  test('a point that the server refuses is given back, its neighbours stay', async () => {
    const batch = Array.from({ length: 20 }, (_, i) => ({
      result: makeResult({ service: 'refused', subject: i === 7 ? 'x'.repeat(70_000) : `s${i}` }),
    }));
    const refusals = await sink.write(batch);
    expect(refusals.map(({ delivery }) => delivery.result?.subject.length)).toEqual([70_000]);
    const found = (await rows('telltale_result')).filter((row) => row.service === 'refused');
    expect(found).toHaveLength(19);
  });

  test('a database that somebody drops is made again when the caller retries', async () => {
    await query(`DROP DATABASE "${database}"`);
    const batch = [{ result: makeResult({ service: 'dropped' }) }];
    await expect(sink.write(batch)).rejects.toMatchObject({ code: 'sink_unavailable' });
    await sink.write(batch);
    expect(await rows('telltale_result')).toHaveLength(1);
  });
});
