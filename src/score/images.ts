import sharp from 'sharp';
import { assert } from '../errors.ts';
import { CELL_INVALID, CELL_OK, IMAGE_MEASURES, type ImageColumn, type ImageMeasures } from '../records.ts';
import type { PixelData, PixelSpec } from './messages.ts';
import { measureLuma } from './pixels.ts';

/** Above this an image is refused before it is decoded: 64 megapixels are 192 MB of RGB. */
const PIXELS_MAX = 64_000_000;
/**
 * An interlaced PNG and a progressive JPEG are held whole, two bytes a sample, before their first row is known: 64 megapixels
 * of them took 700 MB. They may take what the pixels of any other image take.
 */
const WHOLE_BYTES_MAX = PIXELS_MAX * 3;
/** Images in decoding at once; each may hold PIXELS_MAX * 3 bytes, and WHOLE_BYTES_MAX. */
const DECODING_MAX = 2;
/** Brightness, contrast and sharpness are measured on a version that fits in a square of this side. */
const MEASURE_SIDE = 256;

export interface Size {
  width: number;
  height: number;
}

/** The images of some rows, decoded once for all models. */
export interface DecodedImages {
  /** A cell for each row of the chunk. */
  state: Uint8Array;
  /** By `WIDTHxHEIGHT`: RGB bytes, null where state is not CELL_OK. */
  pixels: Map<string, (Uint8Array | null)[]>;
}

interface Raw extends Size {
  data: Buffer;
}

/** The formats that are read; anything else that the library could open (SVG, TIFF ...) is not an image here. */
function isJpegOrPng(bytes: Uint8Array): boolean {
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  return isJpeg || (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47);
}

async function decode(bytes: Uint8Array): Promise<Raw> {
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: PIXELS_MAX });
  // Of the header alone.
  const { width, height, channels, isProgressive } = await image.metadata();
  const wholeBytes = isProgressive ? width * height * channels * 2 : 0;
  if (wholeBytes > WHOLE_BYTES_MAX) throw new Error(`${wholeBytes} bytes to hold an image whole`);
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  // Grey, palette, 16-bit and CMYK images all arrive here as three bytes a pixel.
  assert(info.channels === 3, `an sRGB image has 3 channels, not ${info.channels}`);
  return { data, width: info.width, height: info.height };
}

/** Stretched to the size, whatever the proportions were: that is what a fixed tensor asks for. */
async function resize(image: Raw, size: Size): Promise<Uint8Array> {
  if (image.width === size.width && image.height === size.height) return image.data;
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  return sharp(image.data, { raw })
    .resize({ ...size, fit: 'fill' })
    .raw()
    .toBuffer();
}

function measureSize(image: Raw): Size {
  const shrink = Math.min(1, MEASURE_SIDE / Math.max(image.width, image.height));
  const side = (length: number): number => Math.max(1, Math.round(length * shrink));
  return { width: side(image.width), height: side(image.height) };
}

/** Empty measures of a whole batch, to be filled chunk by chunk. */
export function newMeasures(input: string, n: number): ImageMeasures {
  const nan = (): Float64Array => new Float64Array(n).fill(Number.NaN);
  return {
    input,
    brightness: nan(),
    contrast: nan(),
    sharpness: nan(),
    width: nan(),
    height: nan(),
    state: new Uint8Array(n),
  };
}

/**
 * Decodes rows `from` up to `to` once, in the pool of the image library and so off the event loop, scales
 * them to each size and writes their size, and brightness, contrast and sharpness of a version of at most 256 x 256, into
 * `measures`. Bytes that are no whole JPEG or PNG are CELL_INVALID. EXIF orientation is not applied.
 */
export async function decodeImages(
  column: ImageColumn,
  from: number,
  to: number,
  sizes: Size[],
  measures: ImageMeasures,
): Promise<DecodedImages> {
  const state = column.state.slice(from, to);
  const decoded: DecodedImages = { state, pixels: new Map() };
  for (const size of sizes) {
    decoded.pixels.set(sizeKey(size), new Array<Uint8Array | null>(to - from).fill(null));
  }
  const decodeRow = async (row: number): Promise<void> => {
    const bytes = column.bytes[from + row];
    if (state[row] !== CELL_OK) return;
    try {
      if (bytes == null || !isJpegOrPng(bytes)) throw new Error('not a JPEG or PNG');
      const image = await decode(bytes);
      const size = measureSize(image);
      const measured = measureLuma(await resize(image, size), size.width);
      for (const wanted of sizes) decoded.pixels.get(sizeKey(wanted))![row] = await resize(image, wanted);
      const all = { ...measured, width: image.width, height: image.height };
      for (const name of IMAGE_MEASURES) measures[name][from + row] = all[name];
    } catch {
      // What exactly is wrong with the bytes is of no use: the cell says that they are no image.
      state[row] = CELL_INVALID;
    }
  };
  let next = 0;
  const takeRows = async (): Promise<void> => {
    while (next < to - from) await decodeRow(next++);
  };
  await Promise.all(Array.from({ length: DECODING_MAX }, takeRows));
  measures.state.set(state, from);
  return decoded;
}

export function sizeKey(size: Size): string {
  return `${size.width}x${size.height}`;
}

/** The images of the rows (of the chunk), side by side as bytes. Every row must be decoded. */
export function packPixels(spec: PixelSpec, decoded: DecodedImages, rows: Int32Array): PixelData {
  const length = spec.width * spec.height * 3;
  const data = new Uint8Array(rows.length * length);
  const images = decoded.pixels.get(sizeKey(spec));
  for (let at = 0; at < rows.length; at++) {
    const pixels = images?.[rows[at]!];
    assert(pixels?.length === length, 'a row without its image is left out of the run');
    data.set(pixels, at * length);
  }
  return { type: 'pixels', data, rows: rows.length, spec };
}
