import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Inspection, inspection, inspections, lampLight } from '../../src/demo/stories/inspection.ts';
import { MINUTE_MS } from '../../src/demo/stories/story.ts';
import { mean, tell } from './support.ts';

async function lightness(photo: Buffer): Promise<number> {
  const pixels = await sharp(photo).raw().toBuffer();
  return mean([...pixels]);
}

describe('inspection', () => {
  let shots: Inspection[];
  beforeAll(async () => {
    shots = [];
    for await (const shot of inspections(5)) shots.push(shot);
  }, 30_000);

  it('grows dark within twenty minutes, to about a third', async () => {
    const calm = shots.filter(({ timeMs }) => timeMs < inspection.injectAtMs).slice(0, 100);
    const dark = shots.filter(({ timeMs }) => timeMs >= inspection.injectAtMs + 20 * MINUTE_MS).slice(0, 100);
    const [before, after] = [calm, dark].map((part) =>
      Promise.all(part.map(({ photo }) => lightness(photo))),
    );
    expect(mean(await after!) / mean(await before!)).toBeCloseTo(0.35, 1);
    expect(lampLight(inspection.injectAtMs)).toBe(1);
    expect(lampLight(inspection.injectAtMs + 10 * MINUTE_MS)).toBeCloseTo(0.675, 6);
    expect(lampLight(inspection.endMs)).toBeCloseTo(0.35, 6);
  });

  it('shows as many parts and cameras as before', () => {
    const parts = (isCalm: boolean) =>
      shots
        .filter(({ timeMs }) => timeMs < inspection.injectAtMs === isCalm)
        .map((shot) => shot.parts.length);
    expect(Math.abs(mean(parts(true)) - mean(parts(false)))).toBeLessThan(0.2);
    expect(Math.max(...parts(true))).toBe(3);
    expect(Math.min(...parts(true))).toBe(0);
  });

  it('draws parts inside the image, of both classes, and apart from each other', () => {
    const labels = new Set<number>();
    for (const { id, parts } of shots) {
      for (const { label, x1, y1, x2, y2 } of parts) {
        labels.add(label);
        expect(0 <= x1 && x1 < x2 && x2 <= 1 && 0 <= y1 && y1 < y2 && y2 <= 1, id).toBe(true);
      }
    }
    expect([...labels].sort()).toEqual([0, 1]);
  });

  it('sends the same photographs as JPEG in base64', async () => {
    const { requests } = await tell(inspection, 5);
    expect(requests.size).toBe(shots.length);
    for (const { id, photo, camera } of shots.slice(0, 20)) {
      expect(requests.get(id)).toMatchObject({ camera, photo: photo.toString('base64') });
    }
    const shape = await sharp(shots[0]!.photo).metadata();
    expect(shape).toMatchObject({ format: 'jpeg', width: 64, height: 64, channels: 3 });
  }, 30_000);
});
