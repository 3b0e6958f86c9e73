/** The route on a real server, with the models and services of the demo on a log in memory. */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { wiring } from '../../src/cli/wiring.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Console, createConsole } from '../../src/console/server.ts';
import { createConsoleState } from '../../src/console/state.ts';
import { IMAGE_SIZE, type Part, takeShot } from '../../src/demo/stories/parts-image.ts';
import { createRandom } from '../../src/demo/stories/random.ts';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { createEmbedded, type Embedded } from '../../src/flow/embedded.ts';
import { openPredictions, tablesOf } from '../../src/flow/predicting.ts';
import { decodePublic } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import { createPredictions, type Predictions } from '../../src/predict/predictions.ts';
import { predictRoutes } from '../../src/predict/routes.ts';
import type { Append, Command, Result, ServiceSpec } from '../../src/records.ts';

export const NOW_MS = Date.parse('2026-01-02T00:00:00Z');
const dir = resolve(fileURLToPath(new URL('../../config', import.meta.url)));

export interface Counted {
  service: string;
  version: string;
  status: number;
}

export interface Served {
  url: string;
  log: MemoryLog;
  embedded: Embedded;
  predictions: Predictions;
  console: Console;
  counted: Counted[];
  warnings: { facts: object; text: string }[];
  /** Stands before the log: a test may let it fail or wait. */
  append: { before(batch: readonly Append[]): Promise<void> };
  post(path: string, body: Body | null, headers?: Record<string, string>): Promise<Reply>;
  /** JSON records of a topic, of all partitions. */
  records(
    topic: string,
  ): Promise<{ key: string; value: Record<string, unknown>; headers: Record<string, string> }[]>;
  /** As the daemon does with each record of the topic. */
  route(table: unknown, service?: string): void;
  results(): Promise<Result[]>;
  close(): Promise<void>;
}

/** What a request may carry. */
export type Body = string | Uint8Array<ArrayBuffer> | FormData | URLSearchParams | ReadableStream;

export interface Reply {
  status: number;
  headers: Headers;
  // What the API answers is asserted field by field.
  body: Record<string, unknown>;
}

export interface ServeOptions {
  change?(specs: ServiceSpec[]): ServiceSpec[];
  inFlightMax?: number;
  timeoutMs?: number;
  enabled?: boolean;
  isStarted?: boolean;
}

export async function serve(options: ServeOptions = {}): Promise<Served> {
  const config = await loadConfig(dir, wiring.registries);
  const own = config.services.filter(({ service }) => service === 'fraud' || service === 'inspection');
  const services = options.change?.(own) ?? own;
  const log = createMemoryLog({ now: () => NOW_MS });
  for (const { streams } of services) for (const { topic } of streams) log.createTopic(topic, 2);
  const warnings: Served['warnings'] = [];
  const warn = (facts: object, text: string): void => void warnings.push({ facts, text });
  const embedded = await createEmbedded({
    log,
    partitions: 2,
    group: 'predict',
    prefix: 't.',
    services,
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
    nowMs: () => NOW_MS,
    counts: NO_COUNTS,
    logger: { info: () => {}, warn, error: warn },
    restartable: true,
  });
  const { runtime } = embedded;
  const predictions = createPredictions({ timeoutMs: options.timeoutMs ?? 10_000 });
  const tables = tablesOf(runtime);
  const append: Served['append'] = { before: async () => {} };
  const through = {
    ...runtime,
    log: {
      ...log,
      append: async (batch: readonly Append[]) => {
        await append.before(batch);
        await log.append(batch);
      },
    },
  };
  if (options.isStarted !== false) openPredictions(through, predictions, tables, () => NOW_MS);
  const counted: Counted[] = [];
  const page = await createConsole(
    {
      ...createConsoleState(services),
      profiles: () => [],
      letters: async () => [],
      silences: async () => [],
      health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
      config: () => ({}),
      command: async (asked: Omit<Command, 'id'>) => ({ id: 'c1', ...asked }),
    },
    {
      host: '127.0.0.1',
      port: 0,
      extend: predictRoutes(predictions, {
        enabled: options.enabled ?? true,
        inFlightMax: options.inFlightMax ?? 100,
        counted: (service, version, status) => void counted.push({ service, version, status }),
        log: (event, facts) => warn(facts, event),
      }),
    },
  );
  return {
    url: page.url,
    log,
    embedded,
    predictions,
    console: page,
    counted,
    warnings,
    append,
    async post(path, body, headers = {}) {
      const response = await fetch(page.url + path, { method: 'POST', body, headers, duplex: 'half' });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Reply['body'],
      };
    },
    async records(topic) {
      const parts = [0, 1].map((partition) => log.read(topic, partition, 0, 1_000, 0));
      return (await Promise.all(parts)).flat().map(({ key, value, headers }) => ({
        key: key!.toString(),
        value: JSON.parse(value!.toString()) as Record<string, unknown>,
        headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()])),
      }));
    },
    route: (table, service = (table as { service: string }).service) =>
      tables.read({ key: Buffer.from(service), value: Buffer.from(JSON.stringify(table)) }),
    async results() {
      await embedded.end();
      return (await embedded.drain(runtime.topics.results)).map((record) =>
        decodePublic<Result>('result', record.value!, false),
      );
    },
    async close() {
      await page.close();
      await embedded.close();
    },
  };
}

/** A photograph with at least one apple, and where its parts are. */
export async function applePhoto(): Promise<{ photo: Buffer; parts: Part[] }> {
  const random = createRandom(5, 'predict');
  for (;;) {
    const { pixels, parts } = takeShot(random, 1);
    if (!parts.some(({ label }) => label === 0)) continue;
    const raw = { width: IMAGE_SIZE, height: IMAGE_SIZE, channels: 3 } as const;
    const photo = await sharp(pixels, { raw }).jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer();
    return { photo, parts };
  }
}

export const PAYMENT = {
  amount: 120.5,
  hour: 14,
  age: 33,
  tenure_days: 400,
  channel: 'card',
  country: 'de',
};

export const asJson = { 'content-type': 'application/json' };
