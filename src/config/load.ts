import { accessSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, TelltaleError } from '../errors.ts';
import type { ServiceSpec } from '../records.ts';
import type { Files } from './checks/streams.ts';
import { readDaemon } from './daemon.ts';
import type { Source } from './document.ts';
import type { Environment } from './environment.ts';
import { deepFreeze } from './freeze.ts';
import { readService } from './service.ts';
import { internalTopicNames } from './topics.ts';
import { ConfigError, type DaemonConfig, type Registries, type TelltaleConfig } from './types.ts';

export interface LoadOptions {
  env?: Environment;
  /** For building a baseline: services may name one that does not exist yet; `spec.baseline` is null. */
  withoutBaselines?: boolean;
}

interface LoadedService {
  spec: ServiceSpec | null;
  source: Source;
  service: string;
  topics: Map<string, string>;
}

/**
 * Reads telltale.yaml in `dir` and every service file that it points to.
 *
 * @throws TelltaleError config_missing without a readable telltale.yaml, file_unreadable for a service file
 * @throws ConfigError with every problem of every file
 */
export async function loadConfig(
  dir: string,
  registries: Registries,
  options: LoadOptions = {},
): Promise<TelltaleConfig> {
  return (await loadSources(dir, registries, options)).config;
}

/** As loadConfig, with the file of each service by its name, so that further checks can report at its lines. */
export async function loadSources(
  dir: string,
  registries: Registries,
  options: LoadOptions = {},
): Promise<{ config: TelltaleConfig; sources: Map<string, Source> }> {
  const env = options.env ?? process.env;
  const file = join(dir, 'telltale.yaml');
  const daemon = readDaemon(readText(file, 'config_missing'), file, { env, files: filesNear(dir) });
  // A broken telltale.yaml should not hide the faults of the services; they stand in the usual folder then.
  const servicesDir = daemon.config?.servicesDir ?? resolve(dir, 'services');
  const shownDir = showDir(dir, servicesDir);
  const services: LoadedService[] = [];
  for (const name of serviceFiles(servicesDir, shownDir, daemon.source)) {
    const path = join(servicesDir, name);
    const context = {
      registries,
      env,
      files: filesNear(servicesDir),
      withoutBaseline: options.withoutBaselines === true,
      ...(daemon.config === null ? {} : { privacySecret: daemon.config.privacy?.secret ?? null }),
    };
    const { spec, source, names } = readService(
      readText(path, 'file_unreadable'),
      join(shownDir, name),
      context,
    );
    services.push({ spec, source, ...names });
  }
  checkAcross(services, daemon.config);
  const problems = [daemon.source, ...services.map(({ source }) => source)].flatMap(
    (source) => source.problems,
  );
  if (problems.length > 0 || daemon.config === null) throw new ConfigError(problems);
  const specs = services.flatMap(({ spec }) => (spec === null ? [] : [spec]));
  specs.sort((a, b) => (a.service < b.service ? -1 : 1));
  const config = deepFreeze({ ...daemon.config, dir: resolve(dir), services: specs });
  return { config, sources: new Map(services.map(({ service, source }) => [service, source])) };
}

/** telltale.yaml alone, where services are wrong; null: it is wrong itself. */
export function readDaemonOnly(dir: string, env: Environment): TelltaleConfig | null {
  const file = join(dir, 'telltale.yaml');
  const { config } = readDaemon(readText(file, 'config_missing'), file, { env, files: filesNear(dir) });
  return config === null ? null : deepFreeze({ ...config, dir: resolve(dir), services: [] });
}

function readText(file: string, code: 'config_missing' | 'file_unreadable'): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TelltaleError(code, `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

export function filesNear(dir: string): Files {
  return {
    resolve: (path) => resolve(dir, path),
    exists: (path) => {
      try {
        accessSync(path);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    },
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return null;
      }
    },
  };
}

/** The folder as the user would write it: below the one given with --config where it is below. */
function showDir(dir: string, servicesDir: string): string {
  const base = resolve(dir);
  return servicesDir.startsWith(`${base}/`) ? join(dir, servicesDir.slice(base.length + 1)) : servicesDir;
}

function serviceFiles(servicesDir: string, shownDir: string, daemon: Source): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(servicesDir).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'));
  } catch {
    // Said below: a folder that is away and one that is empty have the same cure.
  }
  if (names.length === 0) {
    daemon.report(['services'], { message: `no service files (*.yaml) in ${shownDir}` });
  }
  return names.sort();
}

/** Names and topics that two files claim, and what a service needs of telltale.yaml. */
function checkAcross(services: readonly LoadedService[], daemon: DaemonConfig | null): void {
  const serviceOwners = new Map<string, string>();
  const topicOwners = new Map<string, string>();
  for (const topic of daemon === null ? [] : internalTopicNames(daemon.topics.prefix)) {
    topicOwners.set(topic, 'Telltale itself (topics.prefix)');
  }
  for (const { service, topics, source, spec } of services) {
    const owner = serviceOwners.get(service);
    if (service !== '' && owner !== undefined) {
      source.report(['service'], { message: `the name '${service}' is already that of ${owner}` });
    }
    if (owner === undefined) serviceOwners.set(service, source.file);
    const own = new Set<string>();
    for (const [stream, topic] of topics) {
      const user = topicOwners.get(topic);
      // Twice within the file is reported by the checks of that file.
      if (user !== undefined && !own.has(topic)) {
        source.report(['streams', stream, 'topic'], {
          message: `the topic '${topic}' is already used by ${user}; every stream has its own`,
        });
      }
      if (user === undefined) topicOwners.set(topic, `streams.${stream} of ${source.file}`);
      own.add(topic);
    }
    if (daemon === null || daemon.registry !== null) continue;
    for (const stream of spec?.streams ?? []) {
      if (stream.encoding !== 'avro') continue;
      source.report(['streams', stream.stream, 'encoding'], {
        message: "the encoding 'avro' needs registry.url in telltale.yaml",
      });
    }
  }
}
