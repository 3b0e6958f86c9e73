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

export interface LumaMeasures {
  brightness: number;
  contrast: number;
  sharpness: number;
}

/**
 * Of the luma of RGB bytes, row after row: mean (brightness, 0..255), population standard deviation (contrast, 0..127.5) and
 * variance of the Laplacian over four neighbours (sharpness; J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield
 * microscopy, 2000), where the border repeats its own pixels.
 */
export function measureLuma(rgb: Uint8Array, width: number): LumaMeasures {
  const pixels = rgb.length / 3;
  const height = pixels / width;
  const lumas = new Float64Array(pixels);
  let [sum, squares] = [0, 0];
  for (let at = 0, i = 0; i < pixels; at += 3, i++) {
    // Centred on mid-grey: squares of 0..255 over a uniform image would leave rounding noise as contrast.
    const value = luma(rgb[at]!, rgb[at + 1]!, rgb[at + 2]!) - 127.5;
    lumas[i] = value;
    sum += value;
    squares += value * value;
  }
  let [edges, edgeSquares] = [0, 0];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const [above, below] = [y === 0 ? row : row - width, y === height - 1 ? row : row + width];
    for (let x = 0; x < width; x++) {
      const [left, right] = [x === 0 ? x : x - 1, x === width - 1 ? x : x + 1];
      const value =
        lumas[above + x]! +
        lumas[below + x]! +
        lumas[row + left]! +
        lumas[row + right]! -
        4 * lumas[row + x]!;
      edges += value;
      edgeSquares += value * value;
    }
  }
  const variance = (total: number, totalOfSquares: number): number =>
    Math.max(0, totalOfSquares / pixels - (total / pixels) ** 2);
  return {
    brightness: sum / pixels + 127.5,
    contrast: Math.sqrt(variance(sum, squares)),
    sharpness: variance(edges, edgeSquares),
  };
}
