import type { GroupTimes } from './kafka-client.ts';
import type { Heartbeat } from './port.ts';

/**
 * Sends heartbeats while a handler works: kafkajs sends none of its own then, and waiting for a broker to take what was
 * written must not cost the membership. One that gives no sign of life for the rebalance timeout is left to lose it.
 */
export function keepAlive(
  heartbeat: Heartbeat,
  { heartbeatIntervalMs, rebalanceTimeoutMs }: Pick<GroupTimes, 'heartbeatIntervalMs' | 'rebalanceTimeoutMs'>,
): { touch(): void; end(): void } {
  let touchedMs = Date.now();
  // kafkajs leaves out those that come before their time. What one throws the next throws too: the handler's own.
  const timer = setInterval(() => {
    if (Date.now() - touchedMs < rebalanceTimeoutMs) heartbeat().catch(() => undefined);
  }, heartbeatIntervalMs / 2);
  return {
    touch: () => {
      touchedMs = Date.now();
    },
    end: () => clearInterval(timer),
  };
}
