import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { TelltaleError } from '../errors.ts';

/** Kafka 4 brokers refuse to run on anything older. */
const JAVA_MIN = 17;

/**
 * Finds a Java that can run the servers: `JAVA_HOME`, then PATH.
 * @throws TelltaleError `stack_unavailable` with the cure when there is none, or an old one
 */
export function findJava(): string {
  const home = process.env.JAVA_HOME;
  const candidates = home ? [join(home, 'bin', 'java'), 'java'] : ['java'];
  let found = 'none is installed';
  for (const java of candidates) {
    const run = spawnSync(java, ['-version'], { encoding: 'utf8', timeout: 20_000 });
    const major = Number(/version "(\d+)/.exec(run.stderr ?? '')?.[1]);
    if (major >= JAVA_MIN) return java;
    if (major > 0) found = `${java} is version ${major}`;
  }
  throw new TelltaleError(
    'stack_unavailable',
    `Java ${JAVA_MIN} or newer is needed, ${found}: apt-get install openjdk-17-jdk-headless, or set JAVA_HOME`,
  );
}
