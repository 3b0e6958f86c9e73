/** What `up` started, on disk. Servers of the user's own are never in it: `down` must not touch them. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { TelltaleError } from '../errors.ts';
import { isAlive, pollUntil } from './processes.ts';
import type { Settings } from './settings.ts';

const partState = z.object({
  kind: z.enum(['process', 'docker']),
  url: z.string(),
  pid: z.number().int().optional(),
  container: z.string().optional(),
  log: z.string().optional(),
  startedAt: z.string().optional(),
  secure: z.object({ brokers: z.string(), caFile: z.string() }).optional(),
});

const stackState = z.object({
  version: z.literal(1),
  parts: z.object({
    kafka: partState.optional(),
    influx: partState.optional(),
    registry: partState.optional(),
  }),
});

export type PartState = z.infer<typeof partState>;
export type StackState = z.infer<typeof stackState>;

/** The text of a file that another process may delete at any moment; empty when it has. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * @returns what the last `up` wrote; no parts where there is no file
 * @throws TelltaleError `stack_unavailable` when the file is not ours
 */
export function readState(settings: Settings): StackState {
  const text = readIfThere(settings.stateFile);
  if (text === '') return { version: 1, parts: {} };
  try {
    return stackState.parse(JSON.parse(text));
  } catch (cause) {
    throw new TelltaleError(
      'stack_unavailable',
      `${settings.stateFile} is not a state that this version wrote; end the servers that it names and delete it`,
      { cause },
    );
  }
}

/** Replaces the state file in one step, so that no reader sees half of it. */
export function writeState(settings: Settings, state: StackState): void {
  mkdirSync(dirname(settings.stateFile), { recursive: true });
  const draft = `${settings.stateFile}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, settings.stateFile);
}

function tryLock(file: string): boolean {
  try {
    const handle = openSync(file, 'wx');
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // A holder that was killed cannot unlock; an empty file is one that is being written.
  const holder = Number(readIfThere(file));
  if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
  return false;
}

/**
 * Runs `body` while no other process changes the stack: two test runs in one checkout would otherwise
 * both start a broker on the same port.
 * @throws TelltaleError `stack_unavailable` when another process holds the lock for ten minutes
 */
export async function withLock<T>(
  settings: Settings,
  say: (line: string) => void,
  body: () => Promise<T>,
): Promise<T> {
  mkdirSync(settings.stackDir, { recursive: true });
  const file = join(settings.stackDir, 'lock');
  if (!tryLock(file)) {
    say('waits for another process that starts or stops the stack');
    const got = await pollUntil(async () => tryLock(file), { timeoutMs: 600_000 });
    if (!got)
      throw new TelltaleError(
        'stack_unavailable',
        `${file} is held by another process; end it or delete the file`,
      );
  }
  try {
    return await body();
  } finally {
    rmSync(file, { force: true });
  }
}
