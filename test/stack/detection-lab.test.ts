/** The object-detection lab on the real stack: pictures go in with curl as the documentation says, boxes come out, and the two detectors are compared. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Result } from '../../src/records.ts';
import { type ConfigFolder, configFolder, killDaemons, readPublic, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const run = promisify(execFile);
const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const MINUTE_MS = 60_000;
const SIZE = 480;
/** Pictures of the window in which both detectors are compared. */
const SHOTS = 12;

interface Disc {
  x: number;
  y: number;
  r: number;
}

/** A red round thing with the light from the upper left, on a striped grey belt; in shares of the picture. */
function drawApple({ x, y, r }: Disc): Promise<Buffer> {
  const stripes = Array.from({ length: 10 }, (_, i) => {
    const shade = i % 2 === 0 ? 'rgb(130,138,126)' : 'rgb(116,124,113)';
    return `<rect y="${i * 10}%" width="100%" height="10%" fill="${shade}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE}" height="${SIZE}">
    <defs><radialGradient id="red" cx="0.3" cy="0.3" r="0.8">
      <stop offset="0" stop-color="rgb(235,72,64)"/><stop offset="1" stop-color="rgb(120,34,30)"/>
    </radialGradient></defs>
    ${stripes.join('')}
    <circle cx="${x * SIZE}" cy="${y * SIZE}" r="${r * SIZE}" fill="url(#red)"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 90 }).toBuffer();
}

interface Box {
  class: string;
  confidence: number;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** Intersection over union of a box and the square around a disc. */
function overlap({ x1, y1, x2, y2 }: Box, { x, y, r }: Disc): number {
  const side = (low: number, high: number, centre: number): number =>
    Math.max(0, Math.min(high, centre + r) - Math.max(low, centre - r));
  const both = side(x1, x2, x) * side(y1, y2, y);
  return both / ((x2 - x1) * (y2 - y1) + 4 * r * r - both);
}

interface Answer {
  status: number;
  body: {
    id: string;
    version: string;
    shadows: string[];
    outputs: { parts: { boxes: Box[] } };
    error?: string;
    message?: string;
    cure?: string;
  };
}

describeStack('the object-detection lab', (stack) => {
  let folder: ConfigFolder | null = null;
  const prefix = uniquePrefix('lab');
  const requests = `${prefix}.requests`;

  afterEach(async () => {
    await killDaemons();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  /** The service of the demo, with a topic of its own and windows that close by what is sent. */
  const serviceOf = () => {
    const demo = parse(readFileSync(fileOf('config/services/inspection.yaml'), 'utf8'));
    const { baseline: _, budget: __, retrain: ___, ...rest } = demo;
    return {
      ...rest,
      streams: { requests: { ...rest.streams.requests, topic: requests } },
      models: rest.models.map((model: { name: string }) => ({
        ...model,
        file: fileOf(`models/inspection-${model.name}.onnx`),
      })),
      windows: { size: '1m', lateness: '0s', idle_after: '1h' },
      limits: { message_bytes_max: 100_000 },
    };
  };

  test('gives boxes for a picture, and says what is none', async () => {
    folder = configFolder(stack, prefix);
    const { dir } = folder;
    folder.service(serviceOf());
    await createTopics(stack.kafka, [{ topic: requests }]);
    const daemon = await startDaemon(dir);
    await daemon.untilReady();
    const url = /"url":"(http:[^"]+)"/.exec(daemon.log())![1]!;
    const shell = async (line: string): Promise<Answer> => {
      const command = `${line.replace('http://localhost:8080', url)} -w '\\n%{http_code}'`;
      const { stdout } = await run('sh', ['-c', command], { cwd: dir });
      const [body, status] = stdout.trim().split('\n') as [string, string];
      return { status: Number(status), body: JSON.parse(body) as Answer['body'] };
    };

    const apple = { x: 0.4, y: 0.6, r: 0.14 };
    folder.write('apple.jpg', await drawApple(apple));
    folder.write('notes.jpg', 'apples, two pounds');
    folder.write('large.jpg', Buffer.concat([await drawApple(apple), Buffer.alloc(200_000)]));
    const documented = readFileSync(fileOf('docs/object-detection.md'), 'utf8');
    const lines = documented
      .split('\n')
      .filter((line) => line.startsWith('    curl'))
      .map((line) => line.trim());
    expect(lines).toHaveLength(5);
    const [form, raw, text, none, large] = (await Promise.all(lines.map(shell))) as [
      Answer,
      Answer,
      Answer,
      Answer,
      Answer,
    ];

    expect(form).toMatchObject({ status: 200, body: { version: 'tiny', shadows: ['full'] } });
    const { boxes } = form.body.outputs.parts;
    expect(boxes.map((box) => [box.class, overlap(box, apple) > 0.6])).toEqual([['apple', true]]);
    expect(raw.body.outputs).toEqual(form.body.outputs);
    expect(text.status).toBe(415);
    expect(documented).toContain(JSON.stringify(text.body));
    expect([none.status, none.body.error]).toEqual([400, 'bad_input']);
    expect([large.status, large.body.error]).toEqual([413, 'too_large']);
    expect(large.body.cure).toContain('limits.message_bytes_max');

    // The lines above have the time of now; what comes behind them closes their windows, and its own.
    const startMs = (Math.floor(Date.now() / MINUTE_MS) + 2) * MINUTE_MS;
    const upload = async (time: number, i: number): Promise<Answer> => {
      folder!.write(`${i}.jpg`, await drawApple({ x: 0.25 + i / 30, y: 0.75 - i / 40, r: 0.11 + i / 400 }));
      return shell(
        `curl -s http://localhost:8080/predict/inspection -F file=@${i}.jpg -F id=shot-${i} -F time=${time}`,
      );
    };
    const shots = Array.from({ length: SHOTS }, (_, i) => upload(startMs + i, i));
    for (const { status } of await Promise.all(shots)) expect(status).toBe(200);
    expect((await upload(startMs + 2 * MINUTE_MS, SHOTS)).status).toBe(200);
    const isAgreement = ({ metric, model, segment, windowStartMs }: Result): boolean =>
      metric === 'agreement' && model === 'full' && segment === '*' && windowStartMs === startMs;
    const agreement = await daemon.until('the agreement', async () =>
      (await readPublic(stack.kafka, folder!.prefix, 'result')).find(isAgreement),
    );
    expect(agreement).toMatchObject({ subject: 'parts', n: SHOTS });
    expect(agreement.value).toBeGreaterThan(0.85);
    const query = `SELECT value, n FROM telltale_result WHERE metric = 'agreement' AND service = 'inspection' AND model = 'full' AND segment = '*'`;
    expect(documented).toContain(query);
    const [point] = await daemon.until('the point', async () => {
      const rows = await influxQuery(stack.influx, prefix, `${query} AND time >= ${startMs}ms`);
      return rows.length > 0 && rows;
    });
    expect(point).toMatchObject({ value: agreement.value, n: SHOTS });
    expect((await daemon.end('SIGTERM')).code).toBe(0);
  }, 180_000);
});
