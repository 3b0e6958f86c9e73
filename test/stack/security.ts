/** A daemon on the secure listener of the stack's broker: its folder, its traffic, and the tokens of its broker. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stringify } from 'yaml';
import { SECURE_USER } from '../../src/stack/kafka-secure.ts';
import { type ConfigFolder, configFolder, MAIN, readPublic } from './daemon.ts';
import type { StackUrls } from './support/context.ts';
import { type ForeignRecord, javaProduce } from './support/foreign.ts';

const WINDOW_MS = 60_000;
const T0 = Date.parse('2026-03-01T12:00:00Z');

export const USER = SECURE_USER.username;
export const PASSWORD = SECURE_USER.password;

/** Runs a command of the built program; `text` is all that it writes. This process goes on serving meanwhile. */
export async function runCommand(
  dir: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [MAIN, '--config', dir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

/** A token as Kafka's validator of unsecured tokens takes it: it looks at the times only. */
export function unsecuredToken(lifeSeconds: number, sub: string = USER): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Date.now() / 1000;
  return `${part({ alg: 'none' })}.${part({ sub, iat: now - 60, exp: now + lifeSeconds })}.`;
}

/** A folder whose telltale.yaml is `top` and the ports of the other test folders. */
export function secureFolder(stack: StackUrls, prefix: string, top: Record<string, unknown>): ConfigFolder {
  const folder = configFolder(stack, prefix, { partitions: 1 });
  const { kafka, ...rest } = top;
  folder.write(
    'telltale.yaml',
    stringify({
      kafka: { client_id: prefix, group: prefix, ...(kafka as object) },
      topics: { prefix: folder.prefix, partitions: 1, replication: 1 },
      http: { host: '127.0.0.1', port: 0 },
      metrics: { host: '127.0.0.1', port: 0 },
      checkpoint: { every: '500ms' },
      registry: { url: stack.registry },
      ...rest,
    }),
  );
  folder.service({
    service: 'plant',
    streams: { requests: { topic: `${prefix}.requests`, encoding: 'json' } },
    inputs: { x: { type: 'numeric' } },
    // Nothing may close by a clock: a start may take as long as the machine needs.
    windows: { size: '1m', lateness: '0s', idle_after: '1h' },
  });
  return folder;
}

/** Writes `count` requests of the first window, and one of a later window that closes it. */
export async function sendRequests(stack: StackUrls, prefix: string, count: number): Promise<void> {
  const requestAt = (id: string, timeMs: number): ForeignRecord => ({
    key: null,
    value: JSON.stringify({ id, time: timeMs, x: 1 }),
  });
  const records = Array.from({ length: count }, (_, i) => requestAt(`r${i}`, T0 + i));
  records.push(requestAt('later', T0 + 2 * WINDOW_MS));
  await javaProduce(stack.kafka, `${prefix}.requests`, records);
}

/** The count of the first window, from the topic of results, which is read by the listener without TLS. */
export async function volumeOf(stack: StackUrls, folder: ConfigFolder): Promise<number | null> {
  const results = await readPublic(stack.kafka, folder.prefix, 'result');
  const first = results.find(
    ({ metric, windowEndMs }) => metric === 'volume' && windowEndMs === T0 + WINDOW_MS,
  );
  return first?.value ?? null;
}
