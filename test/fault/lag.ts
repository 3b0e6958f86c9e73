/** How far groups are behind, asked of the brokers. */
import { setTimeout as delay } from 'node:timers/promises';
import { testClient } from '../stack/support/topics.ts';

/** By `topic/partition`. */
type Ends = ReadonlyMap<string, number>;

export interface GroupTopics {
  group: string;
  topics: readonly string[];
}

/**
 * The groups of one run of daemons in the order of the flow. What is committed has been written on: when
 * one after the other has read what was there, nothing of it is on its way.
 */
export const groupsOf = (prefix: string, inputs: readonly string[]): GroupTopics[] => [
  { group: prefix, topics: inputs },
  { group: prefix, topics: [`${prefix}.events`] },
  { group: `${prefix}.judge`, topics: [`${prefix}.slots`] },
  {
    group: `${prefix}.sink.influx`,
    topics: ['results', 'alerts', 'incidents', 'retrain', 'rollout'].map((name) => `${prefix}.${name}`),
  },
];

/** Records that are not committed yet, up to `ends` or to the end of the moment. */
async function lagOf(
  brokers: string,
  groups: readonly GroupTopics[],
  ends: Ends | null = null,
): Promise<{ lag: number; ends: Ends }> {
  const admin = testClient(brokers).admin();
  await admin.connect();
  try {
    const found = new Map<string, number>();
    let lag = 0;
    for (const { group, topics } of groups) {
      for (const topic of topics) {
        for (const { partition, offset } of await admin.fetchTopicOffsets(topic))
          found.set(`${topic}/${partition}`, Number(offset));
      }
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId: group, topics: [...topics] })) {
        for (const { partition, offset } of partitions) {
          const end = (ends ?? found).get(`${topic}/${partition}`) ?? 0;
          lag += Math.max(0, end - Math.max(0, Number(offset)));
        }
      }
    }
    return { lag, ends: found };
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/**
 * Until everything that was there at the call is committed. Brokers may be away meanwhile.
 * @param check throws when waiting is in vain
 * @returns how long it took
 */
export async function untilCommitted(
  brokers: string,
  group: GroupTopics,
  timeoutMs: number,
  check: () => void = () => undefined,
): Promise<number> {
  const startedMs = Date.now();
  let ends: Ends | null = null;
  for (;;) {
    check();
    const found: { lag: number; ends: Ends } | null = await lagOf(brokers, [group], ends).catch(() => null);
    ends ??= found?.ends ?? null;
    if (found?.lag === 0) return Date.now() - startedMs;
    if (Date.now() - startedMs > timeoutMs)
      throw new Error(`${group.group} is ${found?.lag ?? 'an unknown number of'} records behind in vain`);
    await delay(300);
  }
}
