/**
 * Draws what a camera over a conveyor belt sees: a textured belt with up to three parts, red round apples and grey
 * long bolts, under a lamp, with the noise of a sensor. 64 x 64 pixels, RGB.
 */
import type { Random } from './random.ts';

export const IMAGE_SIZE = 64;

export const PART_CLASSES = ['apple', 'bolt'] as const;

/** Bounding box of one part, in 0..1 of the image; `label` is an index into PART_CLASSES. */
export interface Part {
  label: number;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export interface Shot {
  /** IMAGE_SIZE x IMAGE_SIZE pixels of three bytes. */
  pixels: Buffer;
  parts: Part[];
}

interface Placement {
  label: number;
  x: number;
  y: number;
  /** Half length and half width; equal for apples. */
  long: number;
  short: number;
  angle: number;
  tone: number;
}

/** Parts lie at least this far apart along one axis, so that none hides another. */
const CENTRE_DISTANCE_MIN = 22;
const PARTS_SHARE = { '0': 0.1, '1': 0.3, '2': 0.35, '3': 0.25 };

/** One photograph. `light` is the lamp's brightness, 1 when new; the sensor's noise does not depend on it. */
export function takeShot(random: Random, light: number): Shot {
  const canvas = new Float32Array(IMAGE_SIZE * IMAGE_SIZE * 3);
  drawBelt(canvas, random);
  const placements = placeParts(random);
  const parts = placements.map((placement) => drawPart(canvas, placement));
  return { pixels: develop(canvas, random, light), parts };
}

/** A grey-green belt with stripes across it and a lamp that is brighter in the middle. */
function drawBelt(canvas: Float32Array, random: Random): void {
  const base = random.normal(128, 6);
  const period = 5 + 4 * random.uniform();
  const phase = random.uniform() * period;
  const slope = 0.6 * (random.uniform() - 0.5);
  for (let y = 0, at = 0; y < IMAGE_SIZE; y++) {
    for (let x = 0; x < IMAGE_SIZE; x++, at += 3) {
      const stripe = 9 * Math.sin((2 * Math.PI * (y + slope * x + phase)) / period);
      const level = base + stripe;
      canvas[at] = level * 0.96;
      canvas[at + 1] = level * 1.02;
      canvas[at + 2] = level * 0.93;
    }
  }
}

function placeParts(random: Random): Placement[] {
  const wanted = Number(random.pick(PARTS_SHARE));
  const placements: Placement[] = [];
  // A bounded number of tries: three far-apart places nearly always exist, and fewer parts are no harm.
  for (let tries = 0; tries < 30 && placements.length < wanted; tries++) {
    const candidate = drawPlacement(random);
    const isFree = placements.every(
      (other) =>
        Math.max(Math.abs(other.x - candidate.x), Math.abs(other.y - candidate.y)) >= CENTRE_DISTANCE_MIN,
    );
    if (isFree) placements.push(candidate);
  }
  return placements;
}

function drawPlacement(random: Random): Placement {
  const label = random.integer(0, 1);
  const isApple = label === 0;
  const long = isApple ? 6 + 4 * random.uniform() : 8 + 3 * random.uniform();
  return {
    label,
    x: 12 + (IMAGE_SIZE - 24) * random.uniform(),
    y: 12 + (IMAGE_SIZE - 24) * random.uniform(),
    long,
    short: isApple ? long : 2.2 + random.uniform(),
    angle: isApple ? 0 : Math.PI * random.uniform(),
    tone: random.normal(0, 8),
  };
}

/** Paints the part and measures its bounding box on the pixels that it covers. */
function drawPart(canvas: Float32Array, part: Placement): Part {
  const cos = Math.cos(part.angle);
  const sin = Math.sin(part.angle);
  const box = { x1: IMAGE_SIZE, y1: IMAGE_SIZE, x2: 0, y2: 0 };
  for (let y = Math.floor(part.y - part.long - 1); y <= part.y + part.long + 1; y++) {
    for (let x = Math.floor(part.x - part.long - 1); x <= part.x + part.long + 1; x++) {
      const along = (cos * (x - part.x) + sin * (y - part.y)) / part.long;
      const across = (cos * (y - part.y) - sin * (x - part.x)) / part.short;
      if (!covers(part.label, along, across)) continue;
      paint(canvas, (y * IMAGE_SIZE + x) * 3, part, along, across);
      box.x1 = Math.min(box.x1, x);
      box.y1 = Math.min(box.y1, y);
      box.x2 = Math.max(box.x2, x + 1);
      box.y2 = Math.max(box.y2, y + 1);
    }
  }
  return {
    label: part.label,
    x1: box.x1 / IMAGE_SIZE,
    y1: box.y1 / IMAGE_SIZE,
    x2: box.x2 / IMAGE_SIZE,
    y2: box.y2 / IMAGE_SIZE,
  };
}

/** Apples are discs; bolts are bars. Coordinates are in half lengths of the part. */
function covers(label: number, along: number, across: number): boolean {
  if (label === 0) return along * along + across * across <= 1;
  return Math.abs(along) <= 1 && Math.abs(across) <= 1;
}

function paint(canvas: Float32Array, at: number, part: Placement, along: number, across: number): void {
  // Light from the upper left gives the apple its roundness; a bolt is brightest along its ridge, its head is darker.
  const isApple = part.label === 0;
  const shade = isApple ? 1 - 0.3 * (along + across) : 1.15 - 0.35 * Math.abs(across);
  const head = !isApple && along > 0.6 ? 0.75 : 1;
  canvas[at] = ((isApple ? 178 : 186) + part.tone) * shade * head;
  canvas[at + 1] = ((isApple ? 52 : 190) + part.tone) * shade * head;
  canvas[at + 2] = ((isApple ? 46 : 204) + part.tone) * shade * head;
}

/** Exposes the canvas: the lamp scales it, the sensor adds noise (standard deviation about 7 of 255), bytes clip. */
function develop(canvas: Float32Array, random: Random, light: number): Buffer {
  const pixels = Buffer.alloc(canvas.length);
  for (let at = 0; at < canvas.length; at += 3) {
    // The sum of four uniform bytes of one draw is nearly normal with deviation 148 (Irwin-Hall), and cheap.
    const bits = random.bits();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    const noise = (sum - 510) * 0.048;
    for (let channel = 0; channel < 3; channel++) {
      const level = canvas[at + channel]! * light + noise;
      pixels[at + channel] = Math.max(0, Math.min(255, Math.round(level)));
    }
  }
  return pixels;
}
