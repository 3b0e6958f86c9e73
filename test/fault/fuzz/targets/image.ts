/** Images of requests: what is no whole JPEG or PNG of a size that can be held is an invalid cell. */
import sharp, { type Sharp } from 'sharp';
import { CELL_INVALID, CELL_OK, type ImageColumn } from '../../../../src/records.ts';
import { decodeImages, newMeasures } from '../../../../src/score/images.ts';
import type { Choices } from '../choices.ts';
import { mutate } from '../mutate.ts';
import { must, type Target } from '../target.ts';
import { bendJpeg, buildPng } from './image-build.ts';

const SIZE = { width: 4, height: 3 };
const FOREIGN = [
  '<svg xmlns="http://www.w3.org/2000/svg" width="90000" height="90000"><rect width="9" height="9"/></svg>',
  '%PDF-1.4',
  'II*\0',
];
const PREFIXES = ['89504e47', 'ffd8ff', '89504e47667479706176696600000000', '89504e470d0a1a0a'];

async function samplesOf(): Promise<{ png: Buffer[]; jpeg: Buffer[]; other: Buffer[] }> {
  const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
  const photo = () =>
    sharp({ create: { width: 23, height: 17, channels: 4, background } }).composite([
      {
        input: { create: { width: 9, height: 9, channels: 4, background: { r: 0, g: 9, b: 250, alpha: 1 } } },
      },
    ]);
  const png = [
    photo().png(),
    photo().greyscale().png(),
    photo().png({ palette: true }),
    photo().toColourspace('rgb16').png(),
    photo().png({ progressive: true }),
  ];
  const jpeg = [
    photo().jpeg(),
    photo().jpeg({ progressive: true }),
    photo().greyscale().jpeg(),
    photo().toColourspace('cmyk').jpeg(),
  ];
  const other = [photo().webp(), photo().gif(), photo().tiff(), photo().avif()];
  const all = (list: Sharp[]) => Promise.all(list.map((image) => image.toBuffer()));
  return { png: await all(png), jpeg: await all(jpeg), other: await all(other) };
}

export async function imageTarget(): Promise<Target> {
  const { png, jpeg, other } = await samplesOf();
  const all = [...png, ...jpeg, ...other];
  const build = (choices: Choices): Buffer => {
    switch (choices.pick(8)) {
      case 0:
        return mutate(choices, buildPng(choices), all);
      case 1:
        return buildPng(choices);
      case 2:
        return mutate(choices, bendJpeg(choices, choices.of(jpeg)), jpeg);
      case 3:
        return Buffer.concat([Buffer.from(choices.of(PREFIXES), 'hex'), choices.bytes(choices.pick(200))]);
      case 4: {
        const foreign = choices.once(2) ? Buffer.from(choices.of(FOREIGN)) : choices.of(other);
        const prefix = choices.once(2) ? Buffer.from(choices.of(PREFIXES), 'hex') : Buffer.alloc(0);
        return mutate(choices, Buffer.concat([prefix, foreign]), all);
      }
      case 5:
        return mutate(choices, choices.of(jpeg), jpeg);
      default:
        return mutate(choices, choices.of(png), png);
    }
  };
  return {
    variants: ['image'],
    build: (choices) => ({ variant: 0, bytes: build(choices) }),
    check: async ({ bytes }) => {
      const cells = [bytes, png[0]!];
      const state = Uint8Array.of(bytes.length === 0 ? CELL_INVALID : CELL_OK, CELL_OK);
      const column: ImageColumn = { kind: 'image', bytes: cells, state };
      const measures = newMeasures('photo', cells.length);
      const decoded = await decodeImages(column, 0, cells.length, [SIZE], measures);
      must(decoded.state[1] === CELL_OK, 'good images stay good');
      decoded.state.forEach((cell, row) => {
        const good = cell === CELL_OK;
        must(good || cell === CELL_INVALID, 'an image or none');
        const { width, height } = SIZE;
        const pixels = decoded.pixels.get(`${width}x${height}`)![row];
        must(
          good ? pixels?.length === width * height * 3 : pixels == null,
          'pixels of the size that was asked for',
        );
        const [brightness, contrast] = [measures.brightness[row]!, measures.contrast[row]!];
        must(good ? brightness >= 0 && brightness <= 255 : Number.isNaN(brightness), 'brightness');
        must(good ? contrast >= 0 && contrast <= 127.5 : Number.isNaN(contrast), 'contrast');
        for (const name of ['sharpness', 'width', 'height'] as const) {
          const value = measures[name][row]!;
          must(good ? value >= (name === 'sharpness' ? 0 : 1) && value <= 1e8 : Number.isNaN(value), name);
        }
      });
      const known = all.indexOf(bytes);
      must(
        known < 0 || (decoded.state[0] === CELL_OK) === known < png.length + jpeg.length,
        'JPEG and PNG are read',
      );
    },
    // Pixels are buffers: 64 million of three bytes.
    heap: { fixedBytes: 200_000_000, perByte: 10 },
    // The same, and what the decoder itself holds.
    residentBytesMax: 450_000_000,
  };
}
