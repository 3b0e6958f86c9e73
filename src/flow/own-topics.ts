/** The topics that Telltale itself writes, made where they are missing. */

import { topicSpecs } from '../config/topics.ts';
import type { TelltaleConfig } from '../config/types.ts';
import type { KafkaLog, KafkaLogger } from '../log/kafka.ts';

/** Without its topics the daemon has nowhere to speak; input topics belong to their users and are never made. */
export async function createOwnTopics(
  kafka: KafkaLog,
  config: TelltaleConfig,
  logger: KafkaLogger,
): Promise<void> {
  const admin = kafka.admin();
  try {
    const created = await admin.create(topicSpecs(config));
    if (created.length > 0) logger.info({ created }, 'topics created');
  } finally {
    await admin.close();
  }
}
