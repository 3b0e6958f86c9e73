/** How far groups are behind, asked of the brokers. */
import { testClient } from '../stack/support/topics.ts';

/** By `topic/partition`. */
export type Ends = ReadonlyMap<string, number>;

export interface GroupTopics {
  group: string;
  topics: readonly string[];
}

/**
 * The groups of one run of daemons in the order of the flow. What is committed has been written on, so that a look that
 * finds none of them behind, in this order, finds nothing on its way.
 */
export const groupsOf = (prefix: string, inputs: readonly string[]): GroupTopics[] => [
  { group: prefix, topics: inputs },
  { group: prefix, topics: [`${prefix}.events`] },
  { group: `${prefix}.judge`, topics: [`${prefix}.slots`] },
  {
    group: `${prefix}.sink.influx`,
    topics: ['results', 'alerts', 'retrain'].map((name) => `${prefix}.${name}`),
  },
];

/** Records that are not committed yet, up to `ends` or to the end of the moment. */
export async function lagOf(
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
