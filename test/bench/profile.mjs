// Values a second of folding inputs into profiles on one core, and bytes of a profile in memory and in slots.
// `npm run bench -- profile [--seconds 3] [--inputs 1000] [--segments 50] [--rows 500]`
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { foldFeed } from '../../dist/flow/feeds.js';
import { inputFeeds } from '../../dist/flow/input-feeds.js';
import { createBaselineBuilder } from '../../dist/profile/baseline.js';
import { packTracks } from '../../dist/profile/registry.js';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    inputs: { type: 'string', default: '1000' },
    segments: { type: 'string', default: '50' },
    rows: { type: 'string', default: '500' },
  },
});
const BATCH = 2_000;
const CATEGORIES = Array.from({ length: 20 }, (_, i) => `category-${i}`);
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

let seed = 1;
const random = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return (seed + 0.5) / 2 ** 32;
};
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
/** Amounts, measurements and small whole numbers. */
const LAWS = [() => Math.exp(3 + normal()), () => 20 + 5 * normal(), () => Math.floor(random() * 100)];

function serviceOf(numeric, categorical, declared) {
  const input = (name, type, categories) => ({ name, type, from: name, range: null, categories });
  return {
    service: 'bench',
    inputs: [
      ...Array.from({ length: numeric }, (_, i) => input(`n${i}`, 'numeric', null)),
      ...Array.from({ length: categorical }, (_, i) =>
        input(`c${i}`, 'categorical', declared ? CATEGORIES : null),
      ),
    ],
    limits: { categoriesMax: 200 },
    baseline: null,
  };
}

function batchOf({ inputs }, n) {
  return {
    ids: Array.from({ length: n }, () => `request-${Math.floor(random() * 2 ** 32)}`),
    inputs: inputs.map(({ type }, i) => {
      const state = new Uint8Array(n);
      if (type === 'numeric') {
        return { kind: 'numeric', values: Float64Array.from({ length: n }, LAWS[i % LAWS.length]), state };
      }
      const codes = Int32Array.from({ length: n }, () => Math.floor(random() ** 2 * CATEGORIES.length));
      return { kind: 'categorical', codes, dictionary: [...CATEGORIES], state };
    }),
  };
}

function withBaseline(spec) {
  const builder = createBaselineBuilder(spec);
  builder.add(batchOf(spec, 5_000).inputs, 5_000, []);
  return { ...spec, baseline: builder.finish() };
}

const rowsUpTo = (n) => Int32Array.from({ length: n }, (_, i) => i);

/** Millions of values a second; feeds are made for every batch, as the daemon does. */
function speedOf(spec) {
  const batches = Array.from({ length: 4 }, () => batchOf(spec, BATCH));
  const rows = rowsUpTo(BATCH);
  const tracks = new Map();
  const fold = (i) => {
    for (const feed of inputFeeds(spec, batches[i % 4], [])) foldFeed(tracks, feed, rows, BATCH);
  };
  for (let i = 0; i < 60; i++) fold(i);
  // Time of the processor, garbage collection included: other processes do not count.
  const started = process.cpuUsage();
  const spentMs = () => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1_000;
  };
  let folded = 0;
  while (spentMs() < Number(options.seconds) * 1_000) fold(folded++);
  return (folded * BATCH * spec.inputs.length) / spentMs() / 1_000;
}

const memory = () => {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** Bytes for each input and segment, in memory and packed. */
function sizeOf(spec) {
  const [segments, n] = [Number(options.segments), Number(options.rows)];
  const batch = batchOf(spec, n);
  const feeds = inputFeeds(spec, batch, []);
  const rows = rowsUpTo(n);
  const before = memory();
  const cells = Array.from({ length: segments }, () => {
    const tracks = new Map();
    for (const feed of feeds) foldFeed(tracks, feed, rows, n);
    return tracks;
  });
  const profiles = segments * spec.inputs.length;
  const held = (memory() - before) / profiles;
  // More rows of the same kind fill more buckets but no more state than these have.
  const more = batchOf(spec, n);
  const moreFeeds = inputFeeds(spec, more, []);
  for (const tracks of cells) for (const feed of moreFeeds) foldFeed(tracks, feed, rows, n);
  const twice = (memory() - before) / profiles;
  let packed = 0;
  for (const tracks of cells) packed += packTracks(tracks, [...tracks.keys()].sort()).length;
  return { held, twice, packed: packed / profiles };
}

const say = (text) => process.stdout.write(`${text}\n`);
const million = (x) => `${x.toFixed(1)} million values/s`;

const plain = serviceOf(15, 5, true);
say(`15 numeric, 5 categorical inputs with declared categories: ${million(speedOf(plain))}`);
say(`the same with a baseline (cells and joint sums): ${million(speedOf(withBaseline(plain)))}`);
const open = withBaseline(serviceOf(15, 5, false));
say(`the same with open categories (distinct values, most frequent one): ${million(speedOf(open))}`);
const wide = Number(options.inputs);
for (const [declared, what] of [
  [true, 'declared'],
  [false, 'open'],
]) {
  const spec = withBaseline(serviceOf(Math.round(wide * 0.75), Math.round(wide * 0.25), declared));
  const { held, twice, packed } = sizeOf(spec);
  say(
    `${wide} inputs (a quarter categorical, ${what}) x ${options.segments} segments, ${options.rows} rows each: ` +
      `${Math.round(packed)} bytes packed, ${Math.round(held)} in memory after ${options.rows} rows, ${Math.round(twice)} after twice as many, for each input and segment`,
  );
}
