/** A request as a service may get it, to try its models with. */

import type { Baseline, Batch, InputSpec, ServiceSpec } from '../../records.ts';
import { createChunker } from '../baseline/columns.ts';

const IMAGE_SIDE = 64;

/** One row: the middle of ranges, the first category, a grey image. */
export async function sampleOf(spec: ServiceSpec): Promise<Batch> {
  const row: Record<string, unknown> = {};
  for (const input of spec.inputs) row[input.from] = await sampleValue(input, spec.baseline);
  const chunker = createChunker(spec.inputs, false);
  chunker.add(row);
  const { n, columns } = chunker.take();
  return {
    n,
    offsets: new Float64Array(n),
    times: new Float64Array(n),
    ids: ['sample'],
    dead: [],
    inputs: columns,
    outputs: [],
    latencyMs: null,
    failed: null,
    feedback: null,
    telemetry: null,
  };
}

async function sampleValue(input: InputSpec, baseline: Baseline | null): Promise<unknown> {
  const known = baseline?.tracks[input.name];
  switch (input.type) {
    case 'numeric': {
      if (known?.type === 'numeric') return known.mean;
      return input.range === null ? 0 : (input.range[0] + input.range[1]) / 2;
    }
    case 'categorical': {
      const learned = known?.type === 'categorical' ? Object.keys(known.counts) : [];
      return input.categories?.[0] ?? learned[0] ?? 'sample';
    }
    case 'embedding':
      return new Array(input.dimensions).fill(0);
    case 'image': {
      const { default: sharp } = await import('sharp');
      const [width, height] = [IMAGE_SIDE, IMAGE_SIDE];
      const grey = { r: 128, g: 128, b: 128 };
      const png = await sharp({ create: { width, height, channels: 3, background: grey } })
        .png()
        .toBuffer();
      return png.toString('base64');
    }
    default:
      return 'sample';
  }
}
