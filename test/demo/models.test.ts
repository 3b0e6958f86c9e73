import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fraud } from '../../src/demo/stories/fraud.ts';
import { housing } from '../../src/demo/stories/housing.ts';
import { type Inspection, inspection, inspections } from '../../src/demo/stories/inspection.ts';
import { type Body, mean, split, tell } from './support.ts';

const FOLDER = resolve(import.meta.dirname, '../../models');
const CHANNELS = ['cash', 'transfer', 'card', 'wallet'];
const COUNTRIES = ['de', 'fr', 'es', 'it', 'pl', 'nl', 'se', 'pt'];
const DISTRICTS = ['centre', 'north', 'east', 'south', 'west', 'harbour'];

const numbers = (body: Body, names: string[]) => names.map((name) => body[name] as number);
const oneHot = (value: unknown, categories: string[]) => categories.map((name) => (name === value ? 1 : 0));

function fraudNumbers(body: Body): number[] {
  return [...numbers(body, ['amount', 'hour', 'age', 'tenure_days']), ...oneHot(body.channel, CHANNELS)];
}
const fraudFlags = (body: Body) => [...fraudNumbers(body), ...oneHot(body.country, COUNTRIES)];
const fraudOrdinal = (body: Body) => [...fraudNumbers(body), COUNTRIES.indexOf(body.country as string)];
function houseRow(body: Body): number[] {
  const names = ['rooms', 'area_m2', 'age_years', 'distance_km'];
  return [...numbers(body, names), ...oneHot(body.district, DISTRICTS)];
}

async function load(name: string): Promise<InferenceSession> {
  return InferenceSession.create(resolve(FOLDER, `${name}.onnx`));
}

/** One output of a model for rows of floats with the given shape of a row. */
async function run(
  session: InferenceSession,
  rows: number[][],
  shape: number[],
): Promise<Record<string, number[]>> {
  const input = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, ...shape]);
  const answers = await session.run({ [session.inputNames[0]!]: input });
  const entries = Object.entries(answers).map(([name, tensor]) => {
    expect(tensor.dims[0], name).toBe(rows.length);
    return [name, Array.from(tensor.data as ArrayLike<number | bigint>, Number)] as const;
  });
  return Object.fromEntries(entries);
}

/** Probability that a random positive scores above a random negative; ties have no weight here. */
function rocAuc(scores: { score: number; positive: boolean }[]): number {
  const sorted = [...scores].sort((a, b) => a.score - b.score);
  let negatives = 0;
  let wins = 0;
  for (const { positive } of sorted) {
    if (positive) wins += negatives;
    else negatives++;
  }
  return wins / (negatives * (scores.length - negatives));
}

describe.each([
  { name: 'fraud-mlp', shape: [16], bytesMax: 300_000 },
  { name: 'fraud-forest', shape: [9], bytesMax: 300_000 },
  { name: 'fraud-boost', shape: [9], bytesMax: 300_000 },
  { name: 'housing-mlp', shape: [10], bytesMax: 300_000 },
  { name: 'housing-linear', shape: [10], bytesMax: 300_000 },
  { name: 'inspection-tiny', shape: [3, 64, 64], bytesMax: 50_000 },
  { name: 'inspection-full', shape: [3, 64, 64], bytesMax: 300_000 },
])('$name', ({ name, shape, bytesMax }) => {
  it('gives a row the same answer alone and among seven, and is small', async () => {
    const session = await load(name);
    const size = shape.reduce((a, b) => a * b, 1);
    const rows = Array.from({ length: 7 }, (_, row) =>
      Array.from({ length: size }, (_, i) => ((i * 37 + row * 11) % 23) / 23),
    );
    const together = await run(session, rows, shape);
    for (const [index, row] of rows.entries()) {
      const alone = await run(session, [row], shape);
      for (const [output, values] of Object.entries(alone)) {
        const same = together[output]!.slice(index * values.length, (index + 1) * values.length);
        values.forEach((value, i) => {
          expect(Math.abs(value - same[i]!)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value)));
        });
      }
    }
    expect(statSync(resolve(FOLDER, `${name}.onnx`)).size).toBeLessThan(bytesMax);
  });
});

describe('what the models have learnt, on calm data of a seed that they have not seen', () => {
  it.each([
    { name: 'fraud-mlp', row: fraudFlags, width: 16 },
    { name: 'fraud-forest', row: fraudOrdinal, width: 9 },
    { name: 'fraud-boost', row: fraudOrdinal, width: 9 },
  ])('$name tells fraud from honest payments', async ({ name, row, width }) => {
    const told = await tell(fraud, 8);
    const { calm } = split(fraud, told, told.bodies.labels);
    const rows = calm.map(({ id }) => row(told.requests.get(id)!));
    const { probabilities } = await run(await load(name), rows, [width]);
    const scores = calm.map(({ label }, i) => ({
      score: probabilities![2 * i + 1]!,
      positive: label === 'fraud',
    }));
    expect(rocAuc(scores)).toBeGreaterThan(0.96);
    const flagged = scores.filter(({ score }) => score >= 0.5);
    expect(mean(flagged.map(({ positive }) => (positive ? 1 : 0)))).toBeGreaterThan(0.7);
    expect(flagged.length / scores.length).toBeGreaterThan(0.03);
  });

  it.each([
    { name: 'housing-mlp', r2Min: 0.97 },
    { name: 'housing-linear', r2Min: 0.88 },
  ])('$name explains prices', async ({ name, r2Min }) => {
    const told = await tell(housing, 8);
    const { calm } = split(housing, told, told.bodies.labels);
    const { variable } = await run(
      await load(name),
      calm.map(({ id }) => houseRow(told.requests.get(id)!)),
      [10],
    );
    const prices = calm.map(({ price }) => price as number);
    const centre = mean(prices);
    const unexplained = mean(prices.map((price, i) => (price - variable![i]!) ** 2));
    expect(1 - unexplained / mean(prices.map((price) => (price - centre) ** 2))).toBeGreaterThan(r2Min);
  });

  it.each([
    { name: 'inspection-tiny', min: 0.95 },
    { name: 'inspection-full', min: 0.98 },
  ])('$name finds the parts', async ({ name, min }) => {
    const shots: Inspection[] = [];
    for await (const shot of inspections(8)) {
      if (shot.timeMs >= inspection.injectAtMs || shots.length === 200) break;
      shots.push(shot);
    }
    const rows = await Promise.all(shots.map(({ photo }) => planes(photo)));
    const answers = await run(await load(name), rows, [3, 64, 64]);
    const { right, said, present } = matchParts(shots, answers);
    expect(right / said).toBeGreaterThan(min);
    expect(right / present).toBeGreaterThan(min);
  });
});

/** Pixels in 0..1, one colour after the other. */
async function planes(photo: Buffer): Promise<number[]> {
  const pixels = await sharp(photo).raw().toBuffer();
  return Array.from(
    { length: pixels.length },
    (_, i) => pixels[3 * (i % 4096) + Math.floor(i / 4096)]! / 255,
  );
}

function matchParts(
  shots: Inspection[],
  { boxes, labels, confidences }: Record<string, number[]>,
): { right: number; said: number; present: number } {
  const count = { right: 0, said: 0, present: 0 };
  for (const [index, { parts }] of shots.entries()) {
    const left = [...parts];
    count.present += parts.length;
    for (let k = index * 8; k < index * 8 + 8; k++) {
      if (confidences![k]! < 0.4) continue;
      count.said++;
      const corners = boxes!.slice(4 * k, 4 * k + 4);
      const at = left.findIndex(
        ({ label, x1, y1, x2, y2 }) => label === labels![k] && overlap(corners, [x1, y1, x2, y2]) >= 0.5,
      );
      if (at < 0) continue;
      left.splice(at, 1);
      count.right++;
    }
  }
  return count;
}

function overlap(a: number[], b: number[]): number {
  const across = Math.max(0, Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!));
  const down = Math.max(0, Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!));
  const area = (box: number[]) => (box[2]! - box[0]!) * (box[3]! - box[1]!);
  return (across * down) / (area(a) + area(b) - across * down);
}
