/**
 * What the stack is made of and where it lives: versions, ports, folders. Everything that a user may
 * override is read here, from one environment, so that no other file of the stack looks at `process.env`.
 */
import { resolve } from 'node:path';
import { TelltaleError } from '../errors.ts';

export type PartName = 'kafka' | 'influx' | 'registry';

export const PART_NAMES: readonly PartName[] = ['kafka', 'influx', 'registry'];

/** Pinned, so that a run today and a run next year test against the same servers. */
export const VERSIONS = {
  kafka: '4.1.0',
  /** The version of log4j that Kafka 4.1.0 itself depends on; its slf4j 1.7 needs the matching binding. */
  log4j: '2.24.3',
  slf4j: '1.7.36',
  /**
   * The last line of Apicurio whose classes run on Java 17: 3.3 is compiled for Java 21, and the 3.0 on
   * Maven Central has no archive that can be run. Karapace has no package on PyPI.
   */
  apicurio: '2.6.13.Final',
  mavenDependencyPlugin: '3.6.1',
} as const;

/** Images are used only where a Docker engine answers. */
export const IMAGES = {
  kafka: `apache/kafka:${VERSIONS.kafka}`,
  influx: 'influxdb:1.8.10',
  registry: 'apicurio/apicurio-registry:3.3.0',
} as const;

/** Far from the servers' own defaults (9092, 8086, 8081), so that a user's own servers are never met by accident. */
const PORTS_DEFAULT: Readonly<Record<PartName, number>> = { kafka: 19092, influx: 18086, registry: 18081 };

const PORT_VARIABLES: Readonly<Record<PartName, string>> = {
  kafka: 'TELLTALE_KAFKA_PORT',
  influx: 'TELLTALE_INFLUX_PORT',
  registry: 'TELLTALE_REGISTRY_PORT',
};

const URL_VARIABLES: Readonly<Record<PartName, string>> = {
  kafka: 'KAFKA_BROKERS',
  influx: 'INFLUX_URL',
  registry: 'REGISTRY_URL',
};

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  /** Absolute. Holds `jars/` (kept by `down`) and `stack/` (state, data, logs). */
  readonly cacheDir: string;
  readonly jarsDir: string;
  readonly stackDir: string;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly stateFile: string;
  /** TCP ports on 127.0.0.1. Kafka's controller and its secure listener take the two ports after the broker's. */
  readonly ports: Readonly<Record<PartName, number>>;
  /** Addresses of servers that the user runs; such a part is checked and never started or stopped. */
  readonly given: Readonly<Partial<Record<PartName, string>>>;
}

function portOf(part: PartName, override: string | undefined, env: Environment): number {
  const text = override ?? (env[PORT_VARIABLES[part]] || String(PORTS_DEFAULT[part]));
  const port = Number(text);
  const portMax = part === 'kafka' ? 65_533 : 65_534;
  if (Number.isInteger(port) && port > 0 && port <= portMax) return port;
  throw new TelltaleError(
    'usage',
    `the port of ${part} is "${text}", not a whole number between 1 and ${portMax} ` +
      `(--${part}-port or ${PORT_VARIABLES[part]})`,
  );
}

/**
 * Reads the settings.
 * @param options ports that win over the environment, and the folder that a relative cache path starts from
 * @throws TelltaleError `usage` for a port that is none
 */
export function settingsFrom(
  env: Environment,
  options: { root?: string; ports?: Partial<Record<PartName, string>> } = {},
): Settings {
  const cacheDir = resolve(options.root ?? process.cwd(), env.TELLTALE_CACHE || '.cache');
  const stackDir = resolve(cacheDir, 'stack');
  const given: Partial<Record<PartName, string>> = {};
  const ports = { ...PORTS_DEFAULT };
  for (const part of PART_NAMES) {
    ports[part] = portOf(part, options.ports?.[part], env);
    const url = env[URL_VARIABLES[part]];
    if (url) given[part] = url;
  }
  return {
    cacheDir,
    jarsDir: resolve(cacheDir, 'jars'),
    stackDir,
    dataDir: resolve(stackDir, 'data'),
    logsDir: resolve(stackDir, 'logs'),
    stateFile: resolve(stackDir, 'state.json'),
    ports,
    given,
  };
}

/** The environment variable that names a server of the user's own, for messages. */
export function urlVariable(part: PartName): string {
  return URL_VARIABLES[part];
}

/** The option that moves a part to another port, for messages. */
export function portHint(part: PartName): string {
  return `--${part}-port or ${PORT_VARIABLES[part]}`;
}
