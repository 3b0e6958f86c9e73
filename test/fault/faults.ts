/** What is done to the daemons and the brokers, at moments that the seed chooses. */
import { setTimeout as delay } from 'node:timers/promises';
import { BROKERS, type Cluster } from './cluster.ts';
import type { Supervisor } from './daemons.ts';
import type { Random } from './random.ts';

export interface Victims {
  cluster: Cluster;
  daemons: Supervisor;
  /** How long a member may be silent before its group goes on without it. */
  sessionMs: number;
}

export interface FaultKind {
  name: string;
  /** Chooses, acts and heals. @returns what was done, in words */
  run(victims: Victims, random: Random): Promise<string>;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One to three kills, also of a daemon that is only just coming up or taking over. */
const kill: FaultKind = {
  name: 'kill',
  async run({ daemons }, random) {
    const done: string[] = [];
    for (let i = random.int(1, 3); i > 0; i--) {
      const daemon = random.int(0, daemons.count - 1);
      const waitMs = random.int(0, 4_000);
      await delay(waitMs);
      daemons.signal(daemon, 'SIGKILL');
      done.push(`SIGKILL to daemon ${daemon} after ${seconds(waitMs)}`);
    }
    return done.join(', ');
  },
};

/** It wakes up believing that its partitions are still its own. */
const zombie: FaultKind = {
  name: 'zombie',
  async run({ daemons, sessionMs }, random) {
    const daemon = random.int(0, daemons.count - 1);
    await delay(random.int(0, 2_000));
    const stoppedMs = sessionMs + random.int(2_000, 6_000);
    daemons.signal(daemon, 'SIGSTOP');
    await delay(stoppedMs);
    daemons.signal(daemon, 'SIGCONT');
    return `daemon ${daemon} stopped for ${seconds(stoppedMs)}`;
  },
};

const restart = (name: string, signal: 'SIGKILL' | 'SIGTERM'): FaultKind => ({
  name,
  async run({ cluster }, random) {
    const broker = random.int(0, BROKERS - 1);
    await delay(random.int(0, 2_000));
    const awayMs = random.int(500, 8_000);
    await cluster.end(broker, signal);
    await delay(awayMs);
    await cluster.start(broker);
    return `${signal} to broker ${broker}, started again after ${seconds(awayMs)}`;
  },
});

/** Of one daemon to all brokers; half of the time for longer than its session lasts. */
const partition: FaultKind = {
  name: 'partition',
  async run({ cluster, daemons, sessionMs }, random) {
    const daemon = random.int(0, daemons.count - 1);
    const state = random.pick(['cut', 'stall'] as const);
    const awayMs = random.chance(0.5) ? random.int(1_000, 5_000) : sessionMs + random.int(1_000, 5_000);
    await delay(random.int(0, 2_000));
    cluster.setGates(daemon, state);
    await delay(awayMs);
    cluster.setGates(daemon, 'open');
    return `the connections of daemon ${daemon} ${state === 'cut' ? 'cut' : 'stalled'} for ${seconds(awayMs)}`;
  },
};

export const FAULTS: readonly FaultKind[] = [
  kill,
  zombie,
  restart('broker-kill', 'SIGKILL'),
  restart('broker-stop', 'SIGTERM'),
  partition,
];

/** Every kind once in every five rounds, in an order that the seed chooses. */
export function schedule(rounds: number, random: Random): FaultKind[] {
  const kinds: FaultKind[] = [];
  while (kinds.length < rounds) kinds.push(...random.shuffle(FAULTS));
  return kinds.slice(0, rounds);
}
