/** The built daemon as a process, on the stack: `telltale run` is tested as its users start it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import avsc from 'avsc';
import { stringify } from 'yaml';
import type { HealthView } from '../../src/console/source.ts';
import type { Alert, Incident, Result, Retrain, RolloutRecord } from '../../src/records.ts';
import type { StackUrls } from './support/context.ts';
import { foreignConsume } from './support/foreign.ts';
import { freePort } from './support/ports.ts';
import { wireSplit } from './support/registry.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = join(ROOT, 'dist/main.js');

export interface ConfigFolder {
  dir: string;
  /** Of the topics that the daemon makes. */
  prefix: string;
  /** Writes a file below the folder and returns its absolute path. */
  write(name: string, content: string | Buffer): string;
  /** Writes `services/NAME.yaml`. */
  service(spec: { service: string } & Record<string, unknown>): void;
  remove(): void;
}

/** A folder for --config; `prefix` (unique) also names the group and the database. Ports are free ones. */
export function configFolder(
  stack: StackUrls,
  prefix: string,
  topics: { partitions: number } & Record<string, unknown> = { partitions: 2 },
  kafka: Record<string, unknown> = {},
): ConfigFolder {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-stack-'));
  const write = (name: string, content: string | Buffer): string => {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  write(
    'telltale.yaml',
    stringify({
      kafka: { brokers: stack.kafka.split(','), client_id: prefix, group: prefix, ...kafka },
      registry: { url: stack.registry },
      topics: { prefix: `${prefix}.`, replication: 1, ...topics },
      influx: { url: stack.influx, database: prefix },
      http: { host: '127.0.0.1', port: 0 },
      metrics: { host: '127.0.0.1', port: 0 },
      checkpoint: { every: '500ms' },
    }),
  );
  return {
    dir,
    prefix: `${prefix}.`,
    write,
    service: (spec) => void write(`services/${spec.service}.yaml`, stringify(spec)),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Asks again until `check` gives something true. @throws Error that names what was waited for */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | null | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await delay(150);
  }
}

export type Health = HealthView;

export interface ServiceState {
  name: string;
  eventTimeMs: number | null;
  counts: Record<string, number>;
  streams: { stream: string; topic: string; state: string }[];
}

export interface RunningDaemon {
  child: ChildProcess;
  /** Of the live page. */
  url: string;
  /** All that it has written so far. */
  log(): string;
  /** JSON of a path of the live page, whatever the status. */
  get<T>(path: string): Promise<T>;
  status(path: string): Promise<number>;
  service(name: string): Promise<ServiceState>;
  /** As `until`; fails at once when the daemon ends. */
  until<T>(what: string, check: () => Promise<T | undefined | null | false>, timeoutMs?: number): Promise<T>;
  untilReady(timeoutMs?: number): Promise<void>;
  /** Resolves with how the process ended, when it has by itself. */
  ended(): Promise<{ code: number | null; signal: string | null }>;
  /** Sends the signal and resolves with how the process ended. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }>;
}

const running = new Set<ChildProcess>();

/** Ends what a failed test left behind; for afterEach. */
export async function killDaemons(): Promise<void> {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/**
 * Starts `telltale run` and waits until its live page answers, which it does before any server is found.
 * @param env on top of the environment of the tests
 */
export async function startDaemon(dir: string, env: Record<string, string> = {}): Promise<RunningDaemon> {
  const child = spawn(process.execPath, [MAIN, '--config', dir, 'run'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  let text = '';
  let ended: { code: number | null; signal: string | null } | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  child.once('exit', (code, signal) => {
    running.delete(child);
    ended = { code, signal };
  });
  const last = () => text.slice(-3_000);
  const guarded: RunningDaemon['until'] = (what, check, timeoutMs) =>
    until(
      what,
      () => {
        if (ended !== null) throw new Error(`the daemon ended while waiting: ${what}\n${last()}`);
        return check();
      },
      timeoutMs,
    ).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : error}\n${last()}`);
    });
  const url = await guarded('live page', async () => /"url":"(http:[^"]+)"/.exec(text)?.[1]);
  const get = async <T>(path: string): Promise<T> => (await fetch(url + path)).json() as Promise<T>;
  return {
    child,
    url,
    log: () => text,
    get,
    status: async (path) => (await fetch(url + path)).status,
    service: async (name) =>
      (await get<ServiceState[]>('/api/services')).find((service) => service.name === name)!,
    until: guarded,
    untilReady: async (timeoutMs) => {
      await guarded('ready', async () => (await get<Health>('/readyz')).ready, timeoutMs);
    },
    ended: async () => {
      if (ended === null) await once(child, 'exit');
      return ended!;
    },
    end: async (signal) => {
      if (ended === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return ended!;
    },
  };
}

/** A type of the committed schemas, read by itself: what strangers read must need no code of ours. */
export const committedType = (name: keyof PublicRecords): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(readFileSync(join(ROOT, `schemas/${name}.avsc`), 'utf8')));

interface PublicRecords {
  result: Result;
  alert: Alert;
  incident: Incident;
  retrain: Retrain;
  rollout: RolloutRecord;
}

const PUBLIC_TOPICS = {
  result: 'results',
  alert: 'alerts',
  incident: 'incidents',
  retrain: 'retrain',
  rollout: 'rollout',
} as const;

/** All records of a public topic, read by Kafka's Java client; the daemon's own service is left out. */
export async function readPublic<N extends keyof PublicRecords>(
  brokers: string,
  prefix: string,
  name: N,
): Promise<PublicRecords[N][]> {
  const type = committedType(name);
  const records = await foreignConsume(brokers, prefix + PUBLIC_TOPICS[name]);
  return records
    .map(({ value }) => type.fromBuffer(wireSplit(value!).body) as PublicRecords[N])
    .filter(({ service }) => service !== 'telltale');
}

export interface Gate {
  /** Where clients connect to. */
  host: string;
  open(): Promise<void>;
  /** Refuses new connections and cuts those that are open. */
  close(): Promise<void>;
}

/** A server that can go away and come back: a port that, while open, leads to the target (`HOST:PORT`). */
export async function createGate(target: string): Promise<Gate> {
  const [host, targetPort] = target.split(':') as [string, string];
  const port = await freePort();
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  return {
    host: `127.0.0.1:${port}`,
    async open() {
      server = createServer((inside) => {
        const outside = connect(Number(targetPort), host);
        for (const [one, other] of [
          [inside, outside],
          [outside, inside],
        ] as const) {
          sockets.add(one);
          one.on('error', () => other.destroy());
          one.on('close', () => {
            sockets.delete(one);
            other.destroy();
          });
          one.pipe(other);
        }
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async close() {
      if (server === null) return;
      const closed = once(server, 'close');
      server.close();
      server = null;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
