/** Records of Telltale's own topics, to which anybody may write: what is broken throws an Error, and costs little. */
import { parseSchema } from '../../../../src/decode/avro-schema.ts';
import {
  decodeEvent,
  decodePublic,
  decodeSlots,
  encodeEvent,
  schemaText,
} from '../../../../src/flow/wire.ts';
import { createCategorical, updateCategorical } from '../../../../src/profile/categorical.ts';
import { createConfusion } from '../../../../src/profile/confusion.ts';
import { createDistinct, updateDistinct } from '../../../../src/profile/distinct.ts';
import { createEmbedding, updateEmbedding } from '../../../../src/profile/embedding.ts';
import { hashesOf, idHashes } from '../../../../src/profile/hashes.ts';
import { createHeavy, updateHeavy } from '../../../../src/profile/heavy.ts';
import { createJoint, updateJoint } from '../../../../src/profile/joint.ts';
import { createNumeric, updateNumeric } from '../../../../src/profile/numeric.ts';
import { packTracks, type Tracks, unpackTracks } from '../../../../src/profile/registry.ts';
import { addError, createRegression } from '../../../../src/profile/regression.ts';
import { addScore, createScoreBins, POSITIVE } from '../../../../src/profile/score-bins.ts';
import { addSets, createSets } from '../../../../src/profile/sets.ts';
import { record } from '../../../decode/helpers.ts';
import type { Choices } from '../choices.ts';
import { mutate } from '../mutate.ts';
import { must, type Target } from '../target.ts';
import { buildAvro } from './avro-build.ts';

const SLOTS = ['slot', 'mark', 'config', 'command'] as const;
const PUBLIC = ['result', 'alert', 'incident', 'retrain', 'rollout'] as const;
const RECORDS = ['event', ...SLOTS, ...PUBLIC] as const;
const TRACKS = RECORDS.length;

function checkTracks(bytes: Buffer): void {
  const tracks = unpackTracks(bytes);
  const again = packTracks(tracks, [...tracks.keys()]);
  must(unpackTracks(again).size === tracks.size, 'what was read can be written and read again');
}

const READERS: readonly ((bytes: Buffer) => void)[] = [
  (bytes) => {
    const event = decodeEvent(bytes);
    must(decodeEvent(encodeEvent(event)).id.length >= 0, 'what was read can be written and read again');
  },
  ...SLOTS.map((name) => (bytes: Buffer) => {
    decodeSlots(record(bytes, 0, `${name}|key`));
  }),
  ...PUBLIC.map((name) => (bytes: Buffer) => {
    decodePublic(name, bytes, true);
    decodePublic(name, bytes, false);
  }),
  checkTracks,
];

/** One track of each kind, as a cell has them. */
function someTracks(): Tracks {
  const parameters = { borders: Float64Array.of(-5, 0, 20), low: -100, high: 100 };
  const numeric = createNumeric(parameters);
  const rows = Int32Array.of(0, 1, 2, 3);
  updateNumeric(numeric, parameters, Float64Array.of(-7, 0, 3.5, 1e9), Uint8Array.of(0, 0, 0, 1), rows, 4);
  const categorical = createCategorical({ known: ['card', 'cash'], categoriesMax: 3 });
  updateCategorical(categorical, Int32Array.of(0, 1, 2, 0), ['card', 'a', 'b'], new Uint8Array(4), rows, 4);
  const confusion = createConfusion(3);
  confusion.counts[1] = 5;
  const scores = createScoreBins();
  addScore(scores, 0.7, POSITIVE, 0.5);
  const errors = createRegression();
  addError(errors, 3.5, -1);
  const sets = createSets(3);
  addSets(sets, [5], [1]);
  const joint = createJoint({ size: 2, standard: 2 ** 32 - 1 });
  updateJoint(joint, [Int16Array.of(-4096, 7), Int16Array.of(12, 4096)], rows, 2);
  const embedding = createEmbedding(3);
  const [places, values] = [Int32Array.of(0, 1), Float32Array.of(0.5, -3, 1e6, 1e-9, 0, 7)];
  const column = {
    kind: 'embedding' as const,
    dimensions: 3,
    places,
    vectors: 2,
    values,
    state: new Uint8Array(2),
  };
  updateEmbedding(embedding, column, rows, 2);
  const texts = Array.from({ length: 3000 }, (_, i) => `value ${i}`);
  const hashed = hashesOf({ kind: 'text', values: texts, state: new Uint8Array(3000) });
  const every = Int32Array.from(texts, (_, i) => i);
  const [sparse, dense, heavy] = [createDistinct(), createDistinct(), createHeavy()];
  updateDistinct(sparse, hashed, every, 20);
  updateDistinct(dense, hashed, every, 3000);
  updateHeavy(heavy, idHashes(texts), hashed, every, 300);
  return new Map([
    ['distinct//country', { kind: 'distinct', state: sparse }],
    ['distinct//query', { kind: 'distinct', state: dense }],
    ['heavy//country', { kind: 'heavy', state: heavy }],
    ['embedding//words', { kind: 'embedding', state: embedding }],
    ['joint//', { kind: 'joint', state: joint }],
    ['input//amount', { kind: 'numeric', state: numeric }],
    ['input//country', { kind: 'categorical', state: categorical }],
    ['rows//requests', { kind: 'counters', state: new Map([['rows', 200]]) }],
    ['performance/m/fraud', { kind: 'confusion', state: confusion }],
    ['scores/m/fraud', { kind: 'score_bins', state: scores }],
    ['performance/m/price', { kind: 'regression', state: errors }],
    ['performance/m/tags', { kind: 'sets', state: sets }],
  ]);
}

export function internalTarget(): Target {
  const tracks = someTracks();
  const packed = [...tracks.keys()].map((key) => Buffer.from(packTracks(tracks, [key])));
  const all = Buffer.from(packTracks(tracks, [...tracks.keys()]));
  const shapes = RECORDS.map((name) => parseSchema(schemaText(name)).shape);
  const build = (choices: Choices, variant: number): Buffer => {
    if (variant === TRACKS) return mutate(choices, choices.of([all, ...packed]), packed);
    const bytes = buildAvro(choices, shapes[variant]!, '');
    return mutate(choices, bytes, [all]);
  };
  return {
    variants: [...RECORDS, 'tracks'],
    build: (choices) => {
      const variant = choices.pick(READERS.length);
      return { variant, bytes: build(choices, variant) };
    },
    check: ({ variant, bytes }) => {
      try {
        READERS[variant]!(bytes);
      } catch (error) {
        must(error instanceof Error && error.name !== 'Violation', String(error));
      }
    },
    // A bucket of a sketch takes three bytes and fills a page of half a kilobyte.
    heap: { fixedBytes: 4 << 20, perByte: 300 },
    residentBytesMax: null,
  };
}
