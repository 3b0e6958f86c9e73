/** One seed: a service, its traffic, a world of faults, and what is wrong with what came out. */

import type { Rule } from './breaks.ts';
import { accountFaults, oracleFaults } from './oracle.ts';
import { differences, outcomeOf } from './outcome.ts';
import { createRandom } from './random.ts';
import { trafficOf, VARIANTS } from './traffic.ts';
import { createWorld } from './world.ts';

export interface SeedReport {
  seed: number;
  variant: string;
  /** Empty: the outcome is right. */
  faults: string[];
  outputs: number;
}

/** @param broken a rule that is broken on purpose, for the simulator to notice */
export async function runSeed(seed: number, broken: Rule | null = null): Promise<SeedReport> {
  const random = createRandom(seed);
  const { name, check, spec } = VARIANTS[seed % VARIANTS.length]!;
  const traffic = trafficOf(spec, random);
  const outcomeIn = async (calm: boolean) => {
    const world = await createWorld({ spec, traffic, random, calm, broken: calm ? null : broken });
    await world.run();
    return outcomeOf(world.broker);
  };
  const report = { seed, variant: name };
  try {
    const found = await outcomeIn(false);
    const faults = found.conflicts.map((texts) => `two contents of one id\n${texts}`);
    if (check === 'exact') {
      const calm = await outcomeIn(true);
      faults.push(...oracleFaults(spec, traffic, calm), ...differences(calm, found));
    }
    faults.push(...accountFaults(spec, traffic, found));
    return { ...report, faults, outputs: found.outputs.size };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...report, faults: [`failed: ${text}`], outputs: 0 };
  }
}
