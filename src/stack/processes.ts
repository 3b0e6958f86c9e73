/** Child processes: tools that are waited for, and servers that outlive us. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { TelltaleError } from '../errors.ts';

/** How often a condition is asked again; short against the servers' start-up times of one to four seconds. */
const POLL_MS = 150;

/**
 * Asks `condition` again and again until it holds.
 * @returns false when `timeoutMs` have passed, or as soon as `giveUp` says so
 */
export async function pollUntil(
  condition: () => Promise<boolean>,
  options: { timeoutMs: number; giveUp?: () => boolean },
): Promise<boolean> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (options.giveUp?.() || Date.now() >= deadline) return false;
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

/** The command line of a process, or null where none with this id runs. A zombie does not run. */
export function commandOf(pid: number): string | null {
  const ps = spawnSync('ps', ['-o', 'stat=,args=', '-ww', '-p', String(pid)], { encoding: 'utf8' });
  if (ps.status === null) return readCommand(pid);
  const line = ps.stdout.trim();
  return ps.status !== 0 || line === '' || line.startsWith('Z') ? null : line;
}

/** For slim images without `ps`. */
function readCommand(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
  } catch {
    return null;
  }
}

export function isAlive(pid: number): boolean {
  return commandOf(pid) !== null;
}

/** Whether something listens on a port of 127.0.0.1. */
export function isPortTaken(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (taken: boolean) => {
      socket.destroy();
      settle(taken);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Whether a tool can be run at all. */
export function hasTool(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/**
 * Runs a tool to its end; both its outputs go to `log`.
 * @throws TelltaleError `stack_unavailable` with the last telling line of the log when it fails
 */
export async function runTool(command: string, args: readonly string[], log: string): Promise<void> {
  mkdirSync(dirname(log), { recursive: true });
  const handle = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', handle, handle] });
  const failure = await new Promise<string | null>((settle) => {
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) => settle(code === 0 ? null : `ended with ${code ?? signal}`));
  });
  closeSync(handle);
  if (failure !== null)
    throw new TelltaleError('stack_unavailable', `${command} ${failure}: ${lastErrorIn(log)} (see ${log})`);
}

/** The last line of a log that speaks of an error, else its last line. */
export function lastErrorIn(log: string): string {
  let text: string;
  try {
    text = readFileSync(log, 'utf8');
  } catch {
    return 'no output';
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.findLast((line) => /\b(error|fatal|exception|failed|refused)\b/i.test(line));
  return (telling ?? lines.at(-1) ?? 'no output').trim().slice(0, 300);
}

/**
 * Starts a server that survives this process.
 * @returns its process id; a command that cannot be started ends at once, which the wait for readiness sees
 */
export function startServer(
  command: string,
  args: readonly string[],
  options: { log: string; cwd: string; env?: Readonly<Record<string, string>> },
): number {
  mkdirSync(dirname(options.log), { recursive: true });
  const handle = openSync(options.log, 'w');
  const child = spawn(command, args, {
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', handle, handle],
    env: { ...process.env, ...options.env },
  });
  closeSync(handle);
  child.once('error', () => undefined);
  child.unref();
  if (child.pid === undefined)
    throw new TelltaleError('stack_unavailable', `${command} cannot be started (see ${options.log})`);
  return child.pid;
}

/**
 * Ends a server of ours: asks, and after 15 s kills. A process id may have been given to somebody else
 * since it was written down, so only a process whose command line names `mark` is touched.
 */
export async function stopServer(pid: number, mark: string): Promise<void> {
  const isOurs = () => commandOf(pid)?.includes(mark) ?? false;
  if (!isOurs()) return;
  process.kill(pid, 'SIGTERM');
  if (await pollUntil(async () => !isOurs(), { timeoutMs: 15_000 })) return;
  process.kill(pid, 'SIGKILL');
  await pollUntil(async () => !isOurs(), { timeoutMs: 5_000 });
}
