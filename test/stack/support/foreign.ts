/**
 * Foreign clients: what Telltale reads and writes must be what others write and read. Kafka's Java
 * client for bulk and exact headers, `kcat` (librdkafka) as a second opinion. kcat takes one file per
 * binary message on its command line, which 45,000 records do not fit into; the Java client takes a pipe.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { resolveJars } from '../../../src/stack/maven.ts';
import { settingsFrom, VERSIONS } from '../../../src/stack/settings.ts';
import { FrameReader, frameOf } from './frames.ts';

export interface ForeignRecord {
  /** Chosen by the hash of the key when absent. */
  readonly partition?: number;
  /** ms since 1970; the client's clock when absent. */
  readonly timestampMs?: number;
  readonly key?: string | Uint8Array | null;
  /** null is a tombstone. */
  readonly value: string | Uint8Array | null;
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
}

export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The last value of each name. */
  readonly headers: Readonly<Record<string, Buffer>>;
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

const SOURCE = fileURLToPath(new URL('./Foreign.java', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

let classPath: Promise<string> | undefined;

/** Compiles Foreign.java once per content; later runs find the classes in the cache. */
async function compile(): Promise<string> {
  const settings = settingsFrom(process.env, { root: ROOT });
  const jars = await resolveJars(
    settings,
    `kafka-clients-${VERSIONS.kafka}`,
    [
      { group: 'org.apache.kafka', name: 'kafka-clients', version: VERSIONS.kafka },
      { group: 'org.slf4j', name: 'slf4j-nop', version: VERSIONS.slf4j },
    ],
    () => undefined,
  );
  const digest = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const classes = join(settings.jarsDir, `foreign-${digest}`);
  const path = `${join(jars, '*')}${delimiter}${classes}`;
  if (existsSync(classes)) return path;
  mkdirSync(settings.jarsDir, { recursive: true });
  const draft = mkdtempSync(join(settings.jarsDir, '.foreign-'));
  const javac = spawnSync('javac', ['-d', draft, '-cp', join(jars, '*'), SOURCE], { encoding: 'utf8' });
  if (javac.status !== 0)
    throw new Error(`javac Foreign.java failed: ${javac.error?.message ?? javac.stderr}`);
  if (!existsSync(classes)) renameSync(draft, classes);
  return path;
}

/** Resolves and compiles the Java client, so that no test's time is spent on it. */
export async function prepareForeign(): Promise<void> {
  classPath ??= compile();
  await classPath;
}

async function runForeign(args: readonly string[], input?: Iterable<Buffer>): Promise<Buffer> {
  classPath ??= compile();
  return runPiped(
    'java',
    ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', await classPath, 'Foreign', ...args],
    input,
  );
}

/** Runs a tool with binary pipes. @throws Error with the tool's last words when it fails */
async function runPiped(command: string, args: readonly string[], input?: Iterable<Buffer>): Promise<Buffer> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<number | string | null>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => settle(code ?? signal));
  });
  // A tool that fails closes its input early; why it failed is in its exit code and its words.
  const fed = pipeline(Readable.from(input ?? [], { objectMode: true }), child.stdin).catch(() => undefined);
  const [code] = await Promise.all([ended, fed]);
  if (code !== 0)
    throw new Error(`${command} ended with ${code}: ${Buffer.concat(err).toString().slice(-2_000)}`);
  return Buffer.concat(out);
}

/**
 * Produces with Kafka's Java client and waits until all are acknowledged.
 * @returns how many were acknowledged
 */
export async function javaProduce(
  brokers: string,
  topic: string,
  records: Iterable<ForeignRecord>,
  options: { compression?: Compression } = {},
): Promise<number> {
  function* frames(): Generator<Buffer> {
    for (const record of records) yield frameOf(record);
  }
  const out = await runForeign(['produce', brokers, topic, options.compression ?? 'none'], frames());
  return Number(out.toString().trim());
}

/**
 * Reads a topic from its beginning with Kafka's Java client: until `count` records are there, or (by
 * default) up to the end offsets of the moment of the call.
 * @returns raw records, ordered by partition and offset
 * @throws Error when fewer than `count` arrive within `timeoutMs` (30 s)
 */
export async function foreignConsume(
  brokers: string,
  topic: string,
  options: { count: number; timeoutMs?: number } | { untilEnd: true; timeoutMs?: number } = {
    untilEnd: true,
  },
): Promise<ReadRecord[]> {
  const count = 'count' in options ? options.count : -1;
  const out = await runForeign([
    'consume',
    brokers,
    topic,
    String(count),
    String(options.timeoutMs ?? 30_000),
  ]);
  const reader = new FrameReader(out);
  const records: ReadRecord[] = [];
  while (!reader.isAtEnd()) records.push(reader.read());
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Produces a few binary values with one key (or none) through `kcat`, one file each, in order. */
export async function kcatProduce(
  brokers: string,
  topic: string,
  values: readonly (string | Uint8Array)[],
  options: { key?: string; partition?: number; compression?: Compression } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-kcat-'));
  try {
    const files = values.map((value, i) => {
      const file = join(folder, String(i));
      writeFileSync(file, value);
      return file;
    });
    const args = ['-P', '-b', brokers, '-t', topic, '-X', 'message.max.bytes=33554432', '-X', 'acks=all'];
    if (options.key !== undefined) args.push('-k', options.key);
    if (options.partition !== undefined) args.push('-p', String(options.partition));
    if (options.compression !== undefined) args.push('-z', options.compression);
    await runPiped('kcat', [...args, ...files]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Reads a topic with `kcat` from its beginning to its present end.
 * @returns raw records ordered by partition and offset, without headers: kcat prints those as text
 */
export async function kcatConsume(brokers: string, topic: string): Promise<Omit<ReadRecord, 'headers'>[]> {
  const args = [
    '-C',
    '-b',
    brokers,
    '-t',
    topic,
    '-o',
    'beginning',
    '-e',
    '-q',
    '-f',
    '%p %o %T %K %S\\n%k%s',
  ];
  const out = await runPiped('kcat', args);
  const records: Omit<ReadRecord, 'headers'>[] = [];
  for (let at = 0; at < out.length; ) {
    const lineEnd = out.indexOf(10, at);
    const [partition, offset, timestampMs, keyBytes, valueBytes] = out
      .toString('latin1', at, lineEnd)
      .split(' ')
      .map(Number) as [number, number, number, number, number];
    const keyEnd = lineEnd + 1 + Math.max(0, keyBytes);
    at = keyEnd + Math.max(0, valueBytes);
    const key = keyBytes < 0 ? null : out.subarray(lineEnd + 1, keyEnd);
    const value = valueBytes < 0 ? null : out.subarray(keyEnd, at);
    records.push({ partition, offset, timestampMs, key, value });
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
