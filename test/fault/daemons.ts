/** The built daemon, several times, under a supervisor that starts it again whenever it ends, as systemd would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';

/** systemd's own default is 100 ms. */
const RESTART_AFTER_MS = 300;
/** The daemon cuts its own stop after 9.5 s. */
const STOP_MS_MAX = 15_000;

export interface Ending {
  daemon: number;
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Supervisor {
  readonly count: number;
  /** How the processes ended, oldest first, without the stop at the end. */
  readonly endings: readonly Ending[];
  signal(daemon: number, signal: NodeJS.Signals): void;
  /** SIGTERM to all, without a restart; resolves when all have ended. */
  stop(): Promise<void>;
  killNow(): void;
}

export interface DaemonSettings {
  /** Folder with a folder of each daemon, and `services`. */
  dir: string;
  /** The program: dist/main.js. */
  main: string;
  /** Of topics; it names the group and the database too. */
  prefix: string;
  influx: string;
  /** Null: as the daemon has it by default. */
  sessionTimeout: string;
}

/** Writes `services/NAME.yaml`. */
export function writeServices(dir: string, services: readonly { service: string }[]): void {
  mkdirSync(join(dir, 'services'), { recursive: true });
  for (const spec of services) writeFileSync(join(dir, 'services', `${spec.service}.yaml`), stringify(spec));
}

function writeConfig(settings: DaemonSettings, daemon: number, brokers: readonly string[]): string {
  const { dir, prefix, influx, sessionTimeout } = settings;
  const folder = join(dir, `daemon${daemon}`);
  mkdirSync(folder, { recursive: true });
  const session = { session_timeout: sessionTimeout };
  const config = {
    kafka: { brokers: [...brokers], client_id: `${prefix}-${daemon}`, group: prefix, ...session },
    topics: { prefix: `${prefix}.`, partitions: 4, replication: 3 },
    influx: { url: influx, database: prefix },
    http: { port: 0 },
    metrics: false,
    checkpoint: { every: '500ms' },
    services: '../services',
  };
  writeFileSync(join(folder, 'telltale.yaml'), stringify(config));
  return folder;
}

/** Starts one daemon for each list of brokers. */
export function startDaemons(
  settings: DaemonSettings,
  brokersOf: readonly (readonly string[])[],
): Supervisor {
  const endings: Ending[] = [];
  const children: (ChildProcess | null)[] = [];
  const logs: WriteStream[] = [];
  let stopping = false;

  const launch = (daemon: number, folder: string): void => {
    const child = spawn(process.execPath, [settings.main, '--config', folder, 'run'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children[daemon] = child;
    logs[daemon]!.write(`--- process ${child.pid} starts at ${Date.now()}\n`);
    child.stdout.pipe(logs[daemon]!, { end: false });
    child.stderr.pipe(logs[daemon]!, { end: false });
    child.once('exit', (code, signal) => {
      children[daemon] = null;
      logs[daemon]!.write(`--- process ${child.pid} ended with ${signal ?? code} at ${Date.now()}\n`);
      if (stopping) return;
      endings.push({ daemon, code, signal });
      setTimeout(() => {
        if (!stopping) launch(daemon, folder);
      }, RESTART_AFTER_MS);
    });
  };

  brokersOf.forEach((brokers, daemon) => {
    const folder = writeConfig(settings, daemon, brokers);
    logs.push(createWriteStream(join(settings.dir, `daemon${daemon}.log`), { flags: 'a' }));
    launch(daemon, folder);
  });

  return {
    count: brokersOf.length,
    endings,
    signal: (daemon, signal) => {
      children[daemon]?.kill(signal);
    },
    async stop() {
      stopping = true;
      const alive = children.filter((child) => child !== null);
      const ended = alive.map((child) => once(child, 'exit'));
      for (const child of alive) {
        // One that is stopped would not hear it.
        child.kill('SIGCONT');
        child.kill('SIGTERM');
      }
      await Promise.race([Promise.all(ended), delay(STOP_MS_MAX, undefined, { ref: false })]);
      for (const child of alive) child.kill('SIGKILL');
      await Promise.all(ended);
      for (const log of logs) log.end();
    },
    killNow() {
      stopping = true;
      for (const child of children) child?.kill('SIGKILL');
    },
  };
}
