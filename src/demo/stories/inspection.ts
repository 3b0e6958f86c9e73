/**
 * Cameras over a conveyor belt; two detectors look for apples and bolts. Change: the lamp ages, within twenty
 * minutes the images grow dark and stay so.
 */
import sharp from 'sharp';
import { arrival, type Happening, inArrivalOrder, requestTimes } from './arrivals.ts';
import { IMAGE_SIZE, type Part, takeShot } from './parts-image.ts';
import { createRandom, type Random } from './random.ts';
import {
  END_MS,
  INJECT_AT_MS,
  jsonValue,
  MINUTE_MS,
  requestId,
  START_MS,
  type Story,
  type StoryRecord,
} from './story.ts';

const SERVICE = 'inspection';
const REQUESTS_PER_MINUTE = 9;
const CAMERAS = { north: 0.5, south: 0.5 };
const LIGHT_CALM = 1;
const LIGHT_AGED = 0.35;
const AGEING_MS = 20 * MINUTE_MS;
/** Images encoded at the same time: enough to keep sharp's threads busy, few enough to hold little memory. */
const ENCODE_BATCH = 64;

/** A photograph of the belt with the truth about it, which the records do not carry. */
export interface Inspection {
  id: string;
  timeMs: number;
  camera: string;
  /** JPEG bytes. */
  photo: Buffer;
  parts: Part[];
}

/** The lamp's brightness at an event time: 1, then falling in a straight line to 0.35. */
export function lampLight(timeMs: number): number {
  const aged = Math.min(1, Math.max(0, (timeMs - INJECT_AT_MS) / AGEING_MS));
  return LIGHT_CALM - (LIGHT_CALM - LIGHT_AGED) * aged;
}

/** All photographs in the order of their event times, with the true parts: what the detectors are trained on. */
export async function* inspections(seed: number): AsyncGenerator<Inspection> {
  const random = createRandom(seed, SERVICE);
  let index = 0;
  let batch: Promise<Inspection>[] = [];
  for (const timeMs of requestTimes(random, START_MS, END_MS, REQUESTS_PER_MINUTE)) {
    batch.push(inspect(random, requestId(SERVICE, index++), timeMs));
    if (batch.length < ENCODE_BATCH) continue;
    yield* await Promise.all(batch);
    batch = [];
  }
  yield* await Promise.all(batch);
}

/** Draws at once, in the order of the calls, and encodes later. */
async function inspect(random: Random, id: string, timeMs: number): Promise<Inspection> {
  const camera = random.pick(CAMERAS);
  const { pixels, parts } = takeShot(random, lampLight(timeMs));
  const photo = await sharp(pixels, { raw: { width: IMAGE_SIZE, height: IMAGE_SIZE, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
  return { id, timeMs, camera, photo, parts };
}

async function* inspectionRecords(seed: number): AsyncGenerator<StoryRecord> {
  const random = createRandom(seed, `${SERVICE}/arrivals`);
  const happenings: Happening[] = [];
  for await (const { id, timeMs, camera, photo } of inspections(seed)) {
    const value = jsonValue({ id, time: timeMs, camera, photo: photo.toString('base64') });
    happenings.push({
      atMs: timeMs,
      arrivals: [arrival(random, { stream: 'requests', key: id, timeMs, value })],
    });
  }
  yield* inArrivalOrder(happenings, END_MS);
}

export const inspection: Story = {
  service: SERVICE,
  title: 'Inspection of parts on a belt',
  injected: 'the lamp ages: images grow dark within 20 minutes',
  injectAtMs: INJECT_AT_MS,
  startMs: START_MS,
  endMs: END_MS,
  expect: { metrics: ['mean:photo.brightness', 'agreement:parts'] },
  records: inspectionRecords,
};
