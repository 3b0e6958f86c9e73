/** Containers, where a Docker engine answers. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { TelltaleError } from '../errors.ts';
import type { Part } from './part.ts';
import { hasTool, runTool } from './processes.ts';
import type { Settings } from './settings.ts';

/** Whether an ENGINE answers: the client alone, which many machines have, is of no use. */
export function hasDockerEngine(): boolean {
  return hasTool('docker', ['info']);
}

/** One name for each part of each checkout, so that two checkouts do not remove each other's containers. */
export function containerName(part: Part, settings: Settings): string {
  const checkout = createHash('sha256').update(settings.cacheDir).digest('hex').slice(0, 8);
  return `telltale-stack-${checkout}-${part.name}`;
}

/** The arguments of `docker` that start a part. */
export function dockerRunArgs(part: Part, settings: Settings): string[] {
  return ['run', '-d', '--name', containerName(part, settings), ...part.dockerArgs(settings)];
}

/** Pulls the image if it is missing and starts the container. @returns the container's name */
export async function startContainer(part: Part, settings: Settings, log: string): Promise<string> {
  const name = containerName(part, settings);
  stopContainer(name);
  await runTool('docker', dockerRunArgs(part, settings), log);
  return name;
}

/** Removes a container and its data; nothing happens where there is none. */
export function stopContainer(name: string): void {
  const run = spawnSync('docker', ['rm', '--force', '--volumes', name], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (run.status !== 0 && !/no such container/i.test(run.stderr ?? ''))
    throw new TelltaleError(
      'stack_unavailable',
      `docker rm --force ${name} failed: ${(run.stderr ?? '').trim()}`,
    );
}

export function isContainerRunning(name: string): boolean {
  const run = spawnSync('docker', ['inspect', '--format', '{{.State.Running}}', name], { encoding: 'utf8' });
  return run.status === 0 && run.stdout.trim() === 'true';
}

/** Copies what the container has printed into `log`, so that one place tells why a server failed. */
export async function saveContainerLog(name: string, log: string): Promise<void> {
  await runTool('docker', ['logs', name], log);
}
