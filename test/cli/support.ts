import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type PassThrough, Writable } from 'node:stream';
import { afterEach } from 'vitest';
import type { CommandModule, Wiring } from '../../src/cli/command.ts';
import { COMMANDS, run } from '../../src/cli/program.ts';
import type { TopicSpec } from '../../src/config/topics.ts';
import type { Column, ImageMeasures } from '../../src/records.ts';
import { registries } from '../config/support.ts';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
});

/** A new folder with these files, removed after the test. */
export function folder(files: Record<string, string | Buffer>): string {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-cli-'));
  made.push(dir);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

function collector(isTTY: boolean): { stream: Writable & { isTTY?: boolean }; text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => chunks.join('') };
}

/** What the fake builder was given. */
export interface Added {
  columns: Column[];
  n: number;
  images: ImageMeasures[];
}

/** Parts that need no broker: topics in a list, and a builder that keeps what it gets. */
export function fakeWiring(
  parts: Partial<Wiring> = {},
): Wiring & { topics: TopicSpec[]; added: Added[]; closed: number[] } {
  const topics: TopicSpec[] = [];
  const added: Added[] = [];
  const closed: number[] = [];
  return {
    topics,
    added,
    closed,
    registries,
    checks: [],
    openTopicAdmin: async () => ({
      list: async () => topics.map(({ name }) => name),
      create: async (specs) => {
        const fresh = specs.filter((spec) => !topics.some(({ name }) => name === spec.name));
        topics.push(...fresh);
        return fresh.map(({ name }) => name);
      },
      close: async () => {
        closed.push(1);
      },
    }),
    openLog: () => Promise.reject(new Error('not used')),
    inspectKafka: () => Promise.reject(new Error('not used')),
    createBaselineBuilder: (spec) => ({
      add: (columns, n, images) => {
        added.push({ columns, n, images });
      },
      finish: () => ({
        format: 'telltale-baseline/1',
        service: spec.service,
        n: added.reduce((sum, { n }) => sum + n, 0),
        tracks: { x: { type: 'categorical', n: 1, missing: 0, invalid: 0, counts: { a: 1 } } },
      }),
    }),
    measureImages: async (input, column) => ({
      input,
      brightness: Float64Array.from(column.bytes, (bytes) => bytes?.length ?? Number.NaN),
      contrast: new Float64Array(column.bytes.length),
      sharpness: new Float64Array(column.bytes.length),
      width: new Float64Array(column.bytes.length),
      height: new Float64Array(column.bytes.length),
      state: column.state,
    }),
    readTopic: async function* () {},
    createRequestDecoder: () => () => Promise.reject(new Error('not used')),
    ...parts,
  };
}

/** Runs a command line with collected output. */
export async function telltale(
  args: string[],
  wiring: Wiring = fakeWiring(),
  options: { commands?: readonly CommandModule[]; env?: Record<string, string>; isTTY?: boolean } = {},
): Promise<{ code: number; out: string; err: string }> {
  const out = collector(false);
  const err = collector(options.isTTY === true);
  const io = { stdout: out.stream, stderr: err.stream, env: options.env ?? {} };
  const code = await run(args, io, wiring, options.commands ?? COMMANDS);
  return { code, out: out.text(), err: err.text() };
}

/** Everything that a stream gives, as one buffer. */
export async function drain(stream: PassThrough): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
