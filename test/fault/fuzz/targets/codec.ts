/** The codecs of Kafka's record batches: gzip, snappy with snappy-java's frames, lz4, and zstd as WebAssembly and built in. */
import { type Codec, DECOMPRESSED_BYTES_MAX, limit, loadCodecs } from '../../../../src/log/codecs.ts';
import { loadZstdWasm } from '../../../../src/log/zstd-wasm.ts';
import type { Choices } from '../choices.ts';
import { mutate, repeat } from '../mutate.ts';
import { must, type Target } from '../target.ts';

const VARIANTS = ['gzip', 'snappy', 'lz4', 'zstd', 'zstd-wasm'] as const;
type Variant = (typeof VARIANTS)[number];
const MEGABYTE = 1024 * 1024;
/** How often what unpacks to 40 MB comes in the largest bomb: without a limit it takes more than any budget. */
const TIMES = 12;
const LZ4_HEADER_BYTES = 7;
const LZ4_END_BYTES = 4;

const PAYLOADS = [
  Buffer.alloc(0),
  Buffer.from('a'),
  Buffer.from('telltale '.repeat(200)),
  Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 31) >> 3)),
  Buffer.alloc(100_000),
];
const SIGNAL = PAYLOADS[2]!;

/** Headers that claim more than is there, in front of whatever follows. */
const LIES: Record<Variant, readonly string[]> = {
  gzip: ['1f8b0800000000000003', '1f8b08ff00000000ffff', '789c', '1f8b0804000000000003ffff'],
  snappy: [
    'ffffffff07',
    '80808020',
    'ffffff1f00',
    '82534e41505059000000000100000001ffffffff',
    '82534e4150505900000000010000000100000005ffffffff07',
    '82534e4150505900000000010000000100000004ffffff1f82534e41505059000000000100000001',
  ],
  lz4: [
    '04224d186c70ffffffffffffff7f00',
    '04224d18687000000000ffff',
    '04224d186470b9ffffff7f',
    '02214c18ffffffff',
  ],
  zstd: [
    '28b52ffde0ffffffffffffff7f',
    '28b52ffda0ffffff03',
    '28b52ffd00b8fbffff',
    '502a4d18ffffffff',
    '28b52ffd00f8fdff07',
  ],
  'zstd-wasm': [
    '28b52ffde0ffffffffffffff7f',
    '28b52ffda0ffffff03',
    '28b52ffd00b8fbffff',
    '28b52ffda0ff000000030000',
  ],
};

interface Sample {
  packed: Buffer;
  plain: Buffer;
}

/** Frames of many small parts, and of several frames after each other. */
function buildBytes(
  choices: Choices,
  variant: Variant,
  samples: readonly Sample[],
  bombs: readonly Buffer[],
): Buffer {
  const packed = samples.map((sample) => sample.packed);
  if (choices.once(150)) {
    const bomb = choices.of(bombs);
    return choices.once(2) ? mutate(choices, bomb, packed) : bomb;
  }
  switch (choices.pick(5)) {
    case 0:
      return Buffer.concat([Buffer.from(choices.of(LIES[variant]), 'hex'), choices.bytes(choices.pick(40))]);
    case 1:
      return Buffer.concat([choices.of(packed), mutate(choices, choices.of(packed), packed)]);
    case 2:
      return repeat(choices.of(packed), choices.of([1, 2, 10, 1_000]));
    default:
      return mutate(choices, choices.of(packed), packed);
  }
}

/** One frame with its blocks again and again: frames after the first are not looked at. */
function stretchLz4(frame: Buffer): Buffer {
  const blocks = frame.subarray(LZ4_HEADER_BYTES, frame.length - LZ4_END_BYTES);
  const many = new Array<Buffer>(TIMES).fill(blocks);
  return Buffer.concat([frame.subarray(0, LZ4_HEADER_BYTES), ...many, frame.subarray(-LZ4_END_BYTES)]);
}

export async function codecTarget(): Promise<Target> {
  const builtIn = await loadCodecs();
  const wasm = await loadCodecs({ zstd: () => loadZstdWasm((bytes) => limit('zstd', bytes)) });
  const codecs: Record<Variant, Codec> = { ...builtIn, 'zstd-wasm': wasm.zstd };
  const samples = new Map<Variant, Sample[]>();
  const bombs = new Map<Variant, Buffer[]>();
  for (const variant of VARIANTS) {
    const pack = (plain: Buffer): Promise<Buffer> => codecs[variant].compress(plain);
    samples.set(
      variant,
      await Promise.all(PAYLOADS.map(async (plain) => ({ plain, packed: await pack(plain) }))),
    );
    const large = await pack(Buffer.alloc(40 * MEGABYTE));
    const tooLarge = await pack(Buffer.alloc(DECOMPRESSED_BYTES_MAX + 1));
    const one = samples.get(variant)![1]!.packed;
    const manyLarge =
      variant === 'lz4' ? stretchLz4(large) : Buffer.concat(new Array<Buffer>(TIMES).fill(large));
    bombs.set(variant, [tooLarge, Buffer.concat([one, tooLarge]), manyLarge]);
  }
  return {
    variants: VARIANTS,
    build: (choices) => {
      const variant = choices.pick(VARIANTS.length);
      const name = VARIANTS[variant]!;
      return { variant, bytes: buildBytes(choices, name, samples.get(name)!, bombs.get(name)!) };
    },
    check: async ({ variant, bytes }) => {
      const name = VARIANTS[variant]!;
      const codec = codecs[name];
      const result = await codec.decompress(bytes).catch((error: unknown) => {
        must(error instanceof Error, 'an Error says what is wrong');
        return null;
      });
      must(
        result === null || (Buffer.isBuffer(result) && result.length <= DECOMPRESSED_BYTES_MAX),
        'bytes within the limit',
      );
      const [signal] = samples.get(name)!.filter(({ plain }) => plain === SIGNAL);
      const again = await codec.decompress(signal!.packed);
      must(again.equals(SIGNAL), 'good bytes are still unpacked');
      const same = samples.get(name)!.find(({ packed }) => packed.equals(bytes));
      must(
        same === undefined || same.plain.length === 0 || result?.equals(same.plain),
        'what was packed comes back',
      );
    },
    // Parts are joined to a whole: twice the limit, and once more while the parts grow.
    heap: { fixedBytes: 3 * DECOMPRESSED_BYTES_MAX, perByte: 40 },
    residentBytesMax: 4 * DECOMPRESSED_BYTES_MAX,
  };
}
