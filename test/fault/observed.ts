/** What the daemons have written, as strangers see it: Kafka's Java client, the committed schemas, InfluxDB over HTTP. */
import type { Alert, Result, Retrain } from '../../src/records.ts';
import { committedType } from '../stack/daemon.ts';
import { foreignConsume, type ReadRecord } from '../stack/support/foreign.ts';
import { type InfluxRow, influxQuery } from '../stack/support/influx.ts';
import { SERVICES, STREAMS, topicOf } from './services.ts';

export interface Stored<T> {
  record: T;
  /** Of the value on the topic. */
  bytes: string;
}

export interface Observed {
  results: Stored<Result>[];
  alerts: Stored<Alert>[];
  retrains: Stored<Retrain>[];
  dead: ReadRecord[];
  influx: { results: InfluxRow[]; alerts: number; retrains: number };
  /** The input topics, for the oracle. */
  inputs: Map<string, ReadRecord[]>;
}

const READ_MS_MAX = 60_000;

const consume = (brokers: string, topic: string): Promise<ReadRecord[]> =>
  foreignConsume(brokers, topic, { untilEnd: true, timeoutMs: READ_MS_MAX });

async function readTyped<T extends { service: string }>(
  brokers: string,
  topic: string,
  name: 'result' | 'alert' | 'retrain',
): Promise<Stored<T>[]> {
  const type = committedType(name);
  const records = await consume(brokers, topic);
  return records
    .map(({ value }) => ({ record: type.fromBuffer(value!) as T, bytes: value!.toString('base64') }))
    .filter(({ record }) => SERVICES.some(({ service }) => service === record.service));
}

const ours = SERVICES.map(({ service }) => `service = '${service}'`).join(' OR ');

/** How many points a measurement holds of the services under test. */
async function influxCount(url: string, database: string, measurement: string): Promise<number> {
  const rows = await influxQuery(url, database, `SELECT count(n) FROM ${measurement} WHERE ${ours}`);
  return Number(rows[0]?.count ?? 0);
}

/** The brokers' topics hold no registry ids: the run has no registry. */
export async function observe(brokers: string, prefix: string, influxUrl: string): Promise<Observed> {
  const inputs = new Map<string, ReadRecord[]>();
  for (const stream of STREAMS) {
    const topic = topicOf(prefix, stream);
    inputs.set(topic, await consume(brokers, topic));
  }
  const retrainRows = await influxQuery(
    influxUrl,
    prefix,
    `SELECT retrain_id FROM telltale_retrain WHERE ${ours}`,
  );
  return {
    results: await readTyped<Result>(brokers, `${prefix}.results`, 'result'),
    alerts: await readTyped<Alert>(brokers, `${prefix}.alerts`, 'alert'),
    retrains: await readTyped<Retrain>(brokers, `${prefix}.retrain`, 'retrain'),
    dead: await consume(brokers, `${prefix}.dead`),
    influx: {
      results: await influxQuery(influxUrl, prefix, `SELECT * FROM telltale_result WHERE ${ours}`),
      alerts: await influxCount(influxUrl, prefix, 'telltale_alert'),
      retrains: retrainRows.length,
    },
    inputs,
  };
}
