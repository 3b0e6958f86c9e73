import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { CELL_INVALID, CELL_MISSING, CELL_OK, type ModelSpec } from '../../src/records.ts';
import { measureLuma, pixelsToTensor } from '../../src/score/pixels.ts';
import { INT64, onnxModel } from './support/onnx.ts';
import { batch, binding, images, input, output, service, workshop } from './support/service.ts';

const shop = workshop();
afterAll(() => shop.dispose());

const photo = [input('photo', 'image')];

function uniform(red: number, green: number, blue: number, width = 8, height = 6): Promise<Buffer> {
  const background = { r: red, g: green, b: blue };
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

/** The mean of every channel of a 4 x 4 image, as three values. */
const channelMeans = onnxModel({
  inputs: [{ name: 'image', dims: ['rows', 3, 4, 4] }],
  outputs: [{ name: 'means', dims: ['rows', 3] }],
  nodes: [
    {
      op: 'ReduceMean',
      inputs: ['image'],
      outputs: ['means'],
      attributes: { axes: { ints: [2, 3] }, keepdims: { int: 0 } },
    },
  ],
});

function meansModel(): ModelSpec {
  return {
    name: 'means',
    role: 'primary',
    file: shop.file('means.onnx', channelMeans),
    tensors: [
      {
        tensor: 'image',
        kind: 'image',
        input: 'photo',
        width: 4,
        height: 4,
        channels: 3,
        layout: 'nchw',
        scale: 1 / 255,
        shift: 0,
      },
    ],
    outputs: [binding({ probabilities: 'means' })],
  };
}

const colours = output({ classes: ['red', 'green', 'blue'], positive: null });

test('images are decoded, scaled and scored; bad ones are left out and say why', async () => {
  const scorer = await shop.scorer(service({ inputs: photo, outputs: [colours], models: [meansModel()] }));
  const whole = await uniform(51, 255, 0);
  // Lenient decoders fill the rest of a truncated JPEG with grey.
  const jpeg = await sharp(await uniform(51, 255, 0, 200, 200))
    .jpeg()
    .toBuffer();
  const bytes = [
    await uniform(255, 0, 102),
    null,
    jpeg.subarray(0, jpeg.length - 40),
    new Uint8Array(0),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    whole,
  ];
  const scored = await scorer.score(batch(bytes.length, [images(bytes)]));
  const column = scored.models[0]![0]!;
  if (column.kind !== 'class') throw new Error('not classes');
  const missing = CELL_MISSING;
  expect([...column.state]).toEqual([CELL_OK, missing, missing, missing, missing, CELL_OK]);
  expect([column.codes[0], column.codes[5]]).toEqual([0, 1]);
  expect(column.scores[0]).toBeCloseTo(1, 6);
  const [measures] = scored.images;
  const invalid = CELL_INVALID;
  expect([...measures!.state]).toEqual([CELL_OK, missing, invalid, invalid, invalid, CELL_OK]);
  expect(measures!.brightness[0]).toBeCloseTo(0.299 * 255 + 0.114 * 102, 6);
  expect(measures!.brightness[5]).toBeCloseTo(0.299 * 51 + 0.587 * 255, 6);
  expect(measures!.contrast[5]).toBeCloseTo(0, 5);
  expect(measures!.brightness[2]).toBe(Number.NaN);
  expect(measures!.sharpness[5]).toBeCloseTo(0, 9);
  expect([measures!.width[0], measures!.height[0], measures!.width[2]]).toEqual([8, 6, Number.NaN]);
});

test('more images than one run takes keep their rows', async () => {
  const scorer = await shop.scorer(service({ inputs: photo, outputs: [colours], models: [meansModel()] }));
  const three = [await uniform(200, 0, 0), await uniform(0, 200, 0), await uniform(0, 0, 200)];
  const bytes = Array.from({ length: 150 }, (_, row) => (row === 70 ? null : three[row % 3]!));
  const column = (await scorer.score(batch(150, [images(bytes)]))).models[0]![0]!;
  if (column.kind !== 'class') throw new Error('not classes');
  const expected = Array.from({ length: 150 }, (_, row) => (row === 70 ? -1 : row % 3));
  expect([...column.codes]).toEqual(expected);
});

test('without models images are measured: a chessboard, in grey, with transparency, and a wide one', async () => {
  const scorer = await shop.scorer(service({ inputs: photo }));
  const grey = Buffer.from(Array.from({ length: 64 }, (_, at) => ((at + (at >> 3)) % 2) * 200));
  const board = await sharp(grey, { raw: { width: 8, height: 8, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  const clear = await sharp({
    create: { width: 4, height: 4, channels: 4, background: { r: 10, g: 10, b: 10, alpha: 0.5 } },
  })
    .png()
    .toBuffer();
  const wide = await sharp(await uniform(90, 90, 90, 1000, 2))
    .jpeg()
    .toBuffer();
  const scored = await scorer.score(batch(3, [images([board, clear, wide])]));
  expect(scored.models).toEqual([]);
  const { brightness, contrast, state } = scored.images[0]!;
  expect([...state]).toEqual([CELL_OK, CELL_OK, CELL_OK]);
  expect(brightness[0]).toBeCloseTo(100, 6);
  expect(contrast[0]).toBeCloseTo(100, 6);
  expect(brightness[1]).toBeCloseTo(10, 6);
  expect(Math.abs(brightness[2]! - 90)).toBeLessThan(1.5);
  expect(scorer.stats()).toEqual([]);
});

test('a detector keeps its confident boxes, clipped to the image', async () => {
  const model = onnxModel({
    inputs: [{ name: 'image', dims: ['rows', 1, 1, 1] }],
    outputs: [
      { name: 'boxes', dims: ['rows', 3, 4] },
      { name: 'labels', type: INT64, dims: ['rows', 3] },
      { name: 'confidences', dims: ['rows', 3] },
    ],
    initializers: [
      { name: 'boxes0', dims: [1, 3, 4], data: [-0.5, 0.25, 0.5, 1.5, 0, 0, 1, 1, 0.1, 0.1, 0.2, 0.2] },
      { name: 'labels0', type: INT64, dims: [1, 3], data: [2, 1, 0] },
      { name: 'confidences0', dims: [3], data: [0.75, 0.25, 0.5] },
      { name: 'shape3', type: INT64, dims: [3], data: [-1, 1, 1] },
      { name: 'shape2', type: INT64, dims: [2], data: [-1, 1] },
    ],
    nodes: [
      { op: 'Reshape', inputs: ['image', 'shape3'], outputs: ['cube'] },
      { op: 'Sub', inputs: ['cube', 'cube'], outputs: ['zero3'] },
      { op: 'Add', inputs: ['boxes0', 'zero3'], outputs: ['boxes'] },
      { op: 'Reshape', inputs: ['image', 'shape2'], outputs: ['flat'] },
      { op: 'Sub', inputs: ['flat', 'flat'], outputs: ['zero2'] },
      { op: 'Add', inputs: ['confidences0', 'zero2'], outputs: ['confidences'] },
      { op: 'Cast', inputs: ['zero2'], outputs: ['zeroInt'], attributes: { to: { int: 7 } } },
      { op: 'Add', inputs: ['labels0', 'zeroInt'], outputs: ['labels'] },
    ],
  });
  const spec: ModelSpec = {
    name: 'detector',
    role: 'primary',
    file: shop.file('detector.onnx', model),
    tensors: [{ ...meansModel().tensors[0]!, width: 1, height: 1, channels: 1 } as ModelSpec['tensors'][0]],
    outputs: [binding({ boxes: 'boxes', labels: 'labels', confidences: 'confidences' })],
  };
  const outputs = [output({ type: 'detector', classes: ['a', 'b', 'c'], positive: null })];
  const scorer = await shop.scorer(service({ inputs: photo, outputs, models: [spec] }));
  const grey = await uniform(9, 9, 9);
  const column = (await scorer.score(batch(2, [images([grey, grey])]))).models[0]![0]!;
  if (column.kind !== 'boxes') throw new Error('not boxes');
  const [first, second] = [
    { x1: 0, y1: 0.25, x2: 0.5, y2: 1, label: 2, confidence: 0.75 },
    { x1: 0.1, y1: 0.1, x2: 0.2, y2: 0.2, label: 0, confidence: 0.5 },
  ].map((box) => Object.fromEntries(Object.entries(box).map(([key, value]) => [key, Math.fround(value)])));
  expect(column.boxes).toEqual([
    [first, second],
    [first, second],
  ]);
});

test('pixels become the layout that is asked for', () => {
  const data = Uint8Array.of(0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32);
  const pixels = (layout: 'nchw' | 'nhwc', channels: 1 | 3, from: number) => {
    const spec = { width: 2, height: 1, channels, layout, scale: 2, shift: -1 };
    const tensor = pixelsToTensor({ type: 'pixels', data, rows: 2, spec }, from, 1);
    return { dims: tensor.dims, data: [...(tensor.data as Float32Array)] };
  };
  expect(pixels('nchw', 3, 0)).toEqual({ dims: [1, 3, 1, 2], data: [-1, 19, 1, 21, 3, 23] });
  expect(pixels('nhwc', 3, 1)).toEqual({ dims: [1, 1, 2, 3], data: [39, 41, 43, 59, 61, 63] });
  const one = pixels('nhwc', 1, 0);
  expect(one.dims).toEqual([1, 1, 2, 1]);
  expect(one.data[0]).toBeCloseTo((0.587 + 0.228) * 2 - 1, 5);
});

test('brightness and contrast of two pixels, by hand', () => {
  const { brightness, contrast } = measureLuma(Uint8Array.of(100, 100, 100, 40, 40, 40), 2);
  expect(brightness).toBeCloseTo(70, 9);
  expect(contrast).toBeCloseTo(30, 9);
});

test('sharpness is the variance of the Laplacian, by hand', () => {
  const grey = (values: readonly number[]): Uint8Array => Uint8Array.from(values.flatMap((v) => [v, v, v]));
  // A bright pixel in the middle: the Laplacian is -4, four times 1 and four times 0.
  const dot = grey([0, 0, 0, 0, 90, 0, 0, 0, 0]);
  expect(measureLuma(dot, 3).sharpness).toBeCloseTo((90 * 90 * 20) / 9, 6);
  // One row: 0 60 60 0 has the Laplacian 60, -60, -60, 60.
  expect(measureLuma(grey([0, 60, 60, 0]), 4).sharpness).toBeCloseTo(3600, 6);
  expect(measureLuma(grey([0, 60, 60, 0]), 1).sharpness).toBeCloseTo(3600, 6);
  expect(measureLuma(grey([77]), 1).sharpness).toBe(0);
});

test('blur takes sharpness away and leaves brightness', async () => {
  const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
  const raw = { width: 64, height: 64, channels: 3 as const };
  const blurred = await sharp(noise, { raw }).blur(2).raw().toBuffer();
  const [clear, dull] = [measureLuma(noise, 64), measureLuma(blurred, 64)];
  expect(dull.sharpness).toBeLessThan(clear.sharpness / 20);
  expect(Math.abs(dull.brightness - clear.brightness)).toBeLessThan(2);
});
