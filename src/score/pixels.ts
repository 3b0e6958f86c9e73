import type { PixelData, TensorData } from './messages.ts';

/** Rec. 601 luma of 8-bit RGB, 0..255. */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/**
 * The float tensor of images `from` up to `from + rows`: pixel * scale + shift, as [rows, channels, height,
 * width] (nchw) or [rows, height, width, channels] (nhwc). One channel is the luma.
 */
export function pixelsToTensor(input: PixelData, from: number, rows: number): TensorData {
  const { width, height, channels, layout, scale, shift } = input.spec;
  const area = width * height;
  const size = area * channels;
  const data = new Float32Array(rows * size);
  const channelStep = layout === 'nchw' ? area : 1;
  const pixelStep = layout === 'nchw' ? 1 : channels;
  for (let row = 0; row < rows; row++) {
    let source = (from + row) * area * 3;
    let target = row * size;
    for (let pixel = 0; pixel < area; pixel++, source += 3, target += pixelStep) {
      const red = input.data[source]!;
      const green = input.data[source + 1]!;
      const blue = input.data[source + 2]!;
      if (channels === 1) {
        data[target] = luma(red, green, blue) * scale + shift;
      } else {
        data[target] = red * scale + shift;
        data[target + channelStep] = green * scale + shift;
        data[target + 2 * channelStep] = blue * scale + shift;
      }
    }
  }
  const dims = layout === 'nchw' ? [rows, channels, height, width] : [rows, height, width, channels];
  return { type: 'float32', data, dims };
}

/** Mean and (population) standard deviation of the luma of RGB bytes: brightness 0..255 and contrast 0..127.5. */
export function measureLuma(rgb: Uint8Array): { brightness: number; contrast: number } {
  const pixels = rgb.length / 3;
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < rgb.length; at += 3) {
    // Centred on mid-grey: squares of 0..255 over a uniform image would leave rounding noise as contrast.
    const value = luma(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!) - 127.5;
    sum += value;
    squares += value * value;
  }
  const mean = sum / pixels;
  return { brightness: mean + 127.5, contrast: Math.sqrt(Math.max(0, squares / pixels - mean * mean)) };
}
