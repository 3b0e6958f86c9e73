import type { InfluxConfig } from '../../config/types.ts';
import type { Log } from '../../log/port.ts';
import { type DoctorCheck, type DoctorContext, type Finding, ok, warn } from './check.ts';
import { request } from './influx.ts';
import { inputTopics } from './inputs.ts';

/** HTTP tells whole seconds, and the way takes its time. */
const APART_MS_MAX = 5_000;
const CURE = 'Synchronise the clocks (NTP, chrony) of this machine, of the brokers and of who writes there.';

/**
 * The clock of this machine beside the newest time stamps on the input topics, which a clock that is behind sees in its
 * future, and beside that of InfluxDB.
 */
export const clockCheck: DoctorCheck = {
  name: 'clock',
  description: 'this machine and those that write agree on the time',
  needsBrokers: true,
  async run(context) {
    const { config } = context;
    const newest = await newestStamp(context);
    const findings: Finding[] = [];
    if (newest !== null && newest.aheadMs > APART_MS_MAX)
      findings.push(
        warn(`the newest record of ${newest.topic} is ${seconds(newest.aheadMs)} in the future`, CURE),
      );
    const apartMs = config.influx === null ? null : await apartFromInflux(config.influx, context.nowMs);
    if (apartMs !== null && Math.abs(apartMs) > APART_MS_MAX)
      findings.push(warn(`InfluxDB and this machine are ${seconds(Math.abs(apartMs))} apart`, CURE));
    if (findings.length > 0) return findings;
    if (newest === null) return [ok('nothing on the input topics to compare with yet')];
    return [ok(`the newest record, of ${newest.topic}, was stamped ${seconds(-newest.aheadMs)} ago`)];
  },
};

const seconds = (ms: number): string => `${Math.max(0, ms / 1000).toFixed(0)} s`;

/** Of all input partitions. */
async function newestStamp({
  config,
  openLog,
  nowMs,
}: DoctorContext): Promise<{ topic: string; aheadMs: number } | null> {
  const log = await openLog();
  try {
    const topics = await log.partitions([...inputTopics(config).keys()]);
    let newest: { topic: string; aheadMs: number } | null = null;
    for (const [topic, partitions] of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        const stampMs = await lastStampMs(log, topic, partition);
        if (stampMs === null) continue;
        const aheadMs = stampMs - nowMs();
        if (newest === null || aheadMs > newest.aheadMs) newest = { topic, aheadMs };
      }
    }
    return newest;
  } finally {
    await log.close();
  }
}

async function lastStampMs(log: Log, topic: string, partition: number): Promise<number | null> {
  const { first, next } = await log.ends(topic, partition);
  if (next <= first) return null;
  const records = await log.read(topic, partition, next - 1, 1, 500);
  return records[0]?.timestampMs ?? null;
}

/** Null: it does not say. */
async function apartFromInflux(influx: InfluxConfig, nowMs: () => number): Promise<number | null> {
  try {
    const stamped = Date.parse((await request(influx, '/ping', 'GET')).headers.get('date') ?? '');
    return Number.isNaN(stamped) ? null : stamped - nowMs();
  } catch {
    // That it is away is said by the check of InfluxDB.
    return null;
  }
}
