/** Both configurations, and the services that stand on both sides. */

import { createHash } from 'node:crypto';
import { accessSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { loadConfig } from '../../config/load.ts';
import { readService } from '../../config/service.ts';
import { ConfigError, type ConfigProblem, type TelltaleConfig } from '../../config/types.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import type { ServiceSpec } from '../../records.ts';
import type { Cli } from '../command.ts';
import { findService } from '../replay/options.ts';

export interface Both {
  current: ServiceSpec;
  candidate: ServiceSpec;
}

export interface Sides {
  config: TelltaleConfig;
  /** By name. */
  both: Map<string, Both>;
  onlyCurrent: ServiceSpec[];
  onlyCandidate: ServiceSpec[];
}

/**
 * @param candidate a folder that holds telltale.yaml, that file, or the file of one service
 * @throws ConfigError with the faults of both sides at once
 */
export async function loadSides(cli: Cli, candidate: string): Promise<Sides> {
  const problems: ConfigProblem[] = [];
  const unless = async <T>(loading: Promise<T>): Promise<T | null> => {
    try {
      return await loading;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return null;
    }
  };
  const { registries } = cli.wiring;
  const config = await unless(loadConfig(cli.options().config, registries, { env: cli.io.env }));
  const isOne = isServiceFile(candidate);
  const others = await unless(isOne ? loadOne(cli, candidate) : loadFolder(cli, candidate));
  // A file that both sides share would be said twice.
  const seen = new Set<string>();
  const own = problems.filter(({ file, line, column, key, message }) => {
    const place = [resolve(file), line, column, key, message].join('\u0000');
    return !seen.has(place) && seen.add(place);
  });
  if (config === null || others === null) throw new ConfigError(own);
  const find = (specs: readonly ServiceSpec[], name: string) => specs.find(({ service }) => service === name);
  const both = new Map<string, Both>();
  for (const spec of config.services) {
    const other = find(others, spec.service);
    if (other !== undefined) both.set(spec.service, { current: spec, candidate: other });
  }
  const isAlone = ({ service }: ServiceSpec): boolean => !both.has(service);
  return {
    config,
    both,
    // One file says nothing of the other services.
    onlyCurrent: isOne ? [] : config.services.filter(isAlone),
    onlyCandidate: others.filter(isAlone),
  };
}

const isServiceFile = (path: string): boolean =>
  /\.ya?ml$/.test(path) && basename(path) !== 'telltale.yaml' && !isFolder(path);

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

async function loadFolder(cli: Cli, path: string): Promise<ServiceSpec[]> {
  const dir = basename(path) === 'telltale.yaml' && !isFolder(path) ? dirname(path) : path;
  try {
    return (await loadConfig(dir, cli.wiring.registries, { env: cli.io.env })).services;
  } catch (error) {
    if (!(error instanceof TelltaleError) || error.code !== 'config_missing') throw error;
    throw new TelltaleError('candidate_missing', `--candidate: ${error.message}`, { cause: error });
  }
}

async function loadOne(cli: Cli, path: string): Promise<ServiceSpec[]> {
  const { env } = cli.io;
  const dir = dirname(path);
  const files = {
    resolve: (name: string): string => resolve(dir, name),
    exists: (name: string): boolean => isReadable(name),
    read: (name: string): string | null => (isReadable(name) ? readFileSync(name, 'utf8') : null),
  };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TelltaleError('candidate_missing', `--candidate: cannot read ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
  const { spec, source } = readService(text, path, { registries: cli.wiring.registries, env, files });
  if (spec === null) throw new ConfigError(source.problems);
  return [spec];
}

function isReadable(path: string): boolean {
  try {
    accessSync(path);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The service of that name, or the only one there is, on both sides; otherwise an error of usage that says what is there. */
export function findBoth({ both, onlyCurrent, onlyCandidate }: Sides, name: string | undefined): string {
  const shared = [...both.values()].map(({ current }) => current);
  if (name === undefined && shared.length > 0) return findService(shared, undefined).service;
  const alone = [...onlyCurrent, ...onlyCandidate];
  if (name !== undefined) {
    const { service } = findService([...shared, ...alone], name);
    if (both.has(service)) return service;
    const side = onlyCurrent.some((spec) => spec.service === service) ? 'current' : 'candidate';
    throw new TelltaleError(
      'usage',
      `only the ${side} configuration has service '${service}'; there is nothing to compare it with`,
    );
  }
  const names = (specs: readonly ServiceSpec[]): string => specs.map(({ service }) => service).join(', ');
  throw new TelltaleError(
    'usage',
    `no service is on both sides: the current one has ${names(onlyCurrent)}, the candidate ${names(onlyCandidate)}`,
  );
}

/** With the contents of the model files instead of their paths: a copy of a folder is the same configuration. */
export function comparable(spec: ServiceSpec): ServiceSpec {
  const models = spec.models.map((model) => ({ ...model, file: contentOf(model.file) }));
  return { ...spec, models };
}

function contentOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    // The run itself says so.
    return file;
  }
}
