import type { TelltaleConfig } from '../config/types.ts';
import { messageOf, type TelltaleError } from '../errors.ts';
import type { KafkaLog } from '../log/kafka.ts';

/**
 * The log for a command: it waits for a broker that starts and says what it waits for, and rejects where waiting is of no
 * use, because broker and client do not accept each other.
 */
export async function openLog(config: TelltaleConfig): Promise<KafkaLog> {
  const { openKafka } = await import('../flow/connect.ts');
  const onUnavailable = (error: TelltaleError): void => {
    process.stderr.write(`${messageOf(error)}; trying again\n`);
  };
  return openKafka(config, { onUnavailable, refusalIsFinal: true });
}
