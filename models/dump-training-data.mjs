/**
 * Writes training and held-out data for the demo's models, drawn by the same generators as the demo, from their
 * calm period only and with other seeds. Usage: node models/dump-training-data.mjs FOLDER (after `npm run build`).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { fraud } from '../dist/demo/stories/fraud.js';
import { housing } from '../dist/demo/stories/housing.js';
import { inspection, inspections } from '../dist/demo/stories/inspection.js';

/** The demo and the baselines use small seeds; none of these. */
const SEEDS = { train: [90_001, 90_002, 90_003], test: [91_001] };
/** Detectors need more pictures than a story has in its calm hours. */
const IMAGE_SEEDS = {
  train: Array.from({ length: 10 }, (_, i) => 90_001 + i),
  test: [91_001, 91_002],
};

const folder = process.argv[2];
if (!folder) throw new Error('usage: node models/dump-training-data.mjs FOLDER');
mkdirSync(folder, { recursive: true });

/** Rows of calm requests that got a label, as CSV with the label in the last column. */
async function dumpTable(story, labelField, seeds, file) {
  const rows = [];
  let header = '';
  for (const seed of seeds) {
    const requests = new Map();
    for await (const record of story.records(seed)) {
      const body = JSON.parse(record.value.toString());
      if (record.stream === 'requests' && body.time < story.injectAtMs) requests.set(body.id, body);
      if (record.stream !== 'labels' || !requests.has(body.id)) continue;
      const { id: _id, time: _time, ...inputs } = requests.get(body.id);
      header = [...Object.keys(inputs), labelField].join(',');
      rows.push([...Object.values(inputs), body[labelField]].join(','));
    }
  }
  writeFileSync(join(folder, file), `${header}\n${rows.join('\n')}\n`);
  console.log(`${file}: ${rows.length} rows`);
}

/** Pixels as the scorer sees them, decoded from the JPEG (uint8, rows x height x width x 3), and the true parts. */
async function dumpImages(seeds, name) {
  const pixels = [];
  const parts = [];
  for (const seed of seeds) {
    for await (const shot of inspections(seed)) {
      if (shot.timeMs >= inspection.injectAtMs) break;
      pixels.push(await sharp(shot.photo).raw().toBuffer());
      parts.push(shot.parts);
    }
  }
  writeFileSync(join(folder, `${name}.bin`), Buffer.concat(pixels));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(parts));
  console.log(`${name}.bin: ${parts.length} images`);
}

for (const split of ['train', 'test']) {
  await dumpTable(fraud, 'label', SEEDS[split], `fraud-${split}.csv`);
  await dumpTable(housing, 'price', SEEDS[split], `housing-${split}.csv`);
  await dumpImages(IMAGE_SEEDS[split], `inspection-${split}`);
}
