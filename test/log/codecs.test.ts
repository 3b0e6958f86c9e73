import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import lz4 from 'lz4-napi';
import snappy from 'snappy';
import { beforeAll, describe, expect, it } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import {
  type Codec,
  compressionType,
  DECOMPRESSED_BYTES_MAX,
  limit,
  loadCodecs,
  registerCodecs,
} from '../../src/log/codecs.ts';
import { loadZstdWasm } from '../../src/log/zstd-wasm.ts';

const NAMES = ['gzip', 'snappy', 'lz4', 'zstd', 'zstd as WebAssembly'] as const;
const codecs: Record<string, Codec> = {};

/** Bytes that no codec can make smaller, the same in every run. */
function incompressible(length: number): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i * 64 < length; i++) parts.push(createHash('sha512').update(String(i)).digest());
  return Buffer.concat(parts).subarray(0, length);
}

const noise = incompressible(2_000_000);
const SAMPLES: [string, Buffer][] = [
  ['no bytes', Buffer.alloc(0)],
  ['one byte', Buffer.from([7])],
  ['a kilobyte', noise.subarray(0, 1000)],
  ['text', Buffer.from('telltale '.repeat(50_000))],
  ['incompressible bytes', noise],
];

beforeAll(async () => {
  const wasm = await loadCodecs({ zstd: () => loadZstdWasm((bytes) => limit('zstd', bytes)) });
  Object.assign(codecs, await loadCodecs(), { 'zstd as WebAssembly': wasm.zstd });
});

describe.each(NAMES)('%s', (name) => {
  it.each(SAMPLES)('gives back %s', async (_, data) => {
    const compressed = await codecs[name]!.compress(data);
    expect(Buffer.isBuffer(compressed)).toBe(true);
    const back = await codecs[name]!.decompress(compressed);
    expect(Buffer.isBuffer(back)).toBe(true);
    expect(back.equals(data)).toBe(true);
  });

  it('rejects garbage, torn data and no data with an Error, and works on', async () => {
    const codec = codecs[name]!;
    const good = await codec.compress(noise);
    const bad = [
      Buffer.alloc(0),
      Buffer.from('garbage'),
      Buffer.alloc(100, 0xff),
      noise.subarray(0, 500),
      good.subarray(0, 9),
      good.subarray(0, good.length >> 1),
      good.subarray(0, good.length - 9),
    ];
    for (const [index, data] of bad.entries()) {
      await expect(codec.decompress(data), `case ${index}`).rejects.toBeInstanceOf(Error);
    }
    expect((await codec.decompress(good)).equals(noise)).toBe(true);
  });

  it('refuses a bomb', async () => {
    const bomb = await codecs[name]!.compress(Buffer.alloc(DECOMPRESSED_BYTES_MAX + 1));
    expect(bomb.length).toBeLessThan(4_000_000);
    await expect(codecs[name]!.decompress(bomb)).rejects.toThrow();
    const largest = await codecs[name]!.compress(Buffer.alloc(DECOMPRESSED_BYTES_MAX));
    expect((await codecs[name]!.decompress(largest)).length).toBe(DECOMPRESSED_BYTES_MAX);
  });
});

describe('foreign framings', () => {
  it('snappy: raw, and frames of snappy-java with many blocks, with one, and put together', async () => {
    const blocks = [noise.subarray(0, 1000), Buffer.from('a'.repeat(5000)), Buffer.from('end')];
    const header = Buffer.from('82534e41505059000000000100000001', 'hex');
    const framed = Buffer.concat([
      header,
      ...blocks.flatMap((block) => {
        const packed = snappy.compressSync(block);
        const length = Buffer.alloc(4);
        length.writeInt32BE(packed.length);
        return [length, packed];
      }),
    ]);
    const all = Buffer.concat(blocks);
    expect((await codecs.snappy!.decompress(framed)).equals(all)).toBe(true);
    expect(
      (await codecs.snappy!.decompress(Buffer.concat([framed, framed]))).equals(Buffer.concat([all, all])),
    ).toBe(true);
    expect((await codecs.snappy!.decompress(snappy.compressSync(noise))).equals(noise)).toBe(true);
    expect((await codecs.snappy!.compress(all)).subarray(0, 16).equals(header)).toBe(true);
    await expect(codecs.snappy!.decompress(framed.subarray(0, framed.length - 1))).rejects.toThrow(
      'block of',
    );
    await expect(codecs.snappy!.decompress(framed.subarray(0, 18))).rejects.toThrow('within a length');
  });

  it('snappy: a block that claims 2 GB is refused before it is unpacked', async () => {
    const lie = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0, 0]);
    await expect(codecs.snappy!.decompress(lie)).rejects.toThrow('more than');
  });

  it('lz4: frames with checksums', async () => {
    const framed = lz4.compressFrameSync(noise, { contentChecksum: true, blockChecksums: true });
    expect((await codecs.lz4!.decompress(framed)).equals(noise)).toBe(true);
    const broken = Buffer.from(framed);
    broken[1_000_000]! ^= 1;
    await expect(codecs.lz4!.decompress(broken)).rejects.toThrow();
    // A frame as Kafka's Java client may write it: version 1, independent blocks of 64 kB, one stored block.
    const frame = Buffer.from('04224d186040820100008041000000 00'.replace(' ', ''), 'hex');
    expect((await codecs.lz4!.decompress(frame)).toString()).toBe('A');
  });

  it.each(['zstd', 'zstd as WebAssembly'])(
    '%s: frames without their size, as streams write them, one and several',
    async (name) => {
      const { Zstd } = await import('@hpcc-js/wasm-zstd');
      const zstd = await Zstd.load();
      // Zeros shrink by more than any guess: the size must come from the blocks.
      const data = Buffer.concat([Buffer.alloc(5_000_000), noise.subarray(0, 100_000)]);
      zstd.reset();
      const parts: Uint8Array[] = [];
      for (let at = 0; at < data.length; at += 100_000) {
        parts.push(zstd.compressChunk(data.subarray(at, at + 100_000)));
      }
      parts.push(zstd.compressEnd());
      const frame = Buffer.concat(parts);
      expect((await codecs[name]!.decompress(frame)).equals(data)).toBe(true);
      const two = await codecs[name]!.decompress(Buffer.concat([frame, await codecs[name]!.compress(noise)]));
      expect(two.equals(Buffer.concat([data, noise]))).toBe(true);
    },
  );

  it('zstd as WebAssembly: a frame with broken contents', async () => {
    const codec = codecs['zstd as WebAssembly']!;
    const words = Array.from({ length: 5000 }, (_, i) => `word ${(i * i) % 977}`).join(' ');
    const frame = await codec.compress(Buffer.from(words));
    frame.fill(0xff, frame.length >> 1, (frame.length >> 1) + 40);
    await expect(codec.decompress(frame)).rejects.toThrow(/corrupt/i);
  });

  it('gzip: what other writers make', async () => {
    expect((await codecs.gzip!.decompress(gzipSync(noise))).equals(noise)).toBe(true);
  });
});

describe('registerCodecs', () => {
  it('puts all of them where kafkajs looks', async () => {
    await registerCodecs();
    const { CompressionCodecs, CompressionTypes } = kafkajs;
    for (const type of [
      CompressionTypes.GZIP,
      CompressionTypes.Snappy,
      CompressionTypes.LZ4,
      CompressionTypes.ZSTD,
    ] as const) {
      const codec = CompressionCodecs[type]() as {
        compress(encoder: { buffer: Buffer }): Promise<Buffer>;
        decompress(data: Buffer): Promise<Buffer>;
      };
      const compressed = await codec.compress({ buffer: noise });
      expect((await codec.decompress(compressed)).equals(noise)).toBe(true);
    }
    expect(['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((name) => compressionType(name as 'none'))).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it('names the codec whose package cannot be loaded', async () => {
    const broken = loadCodecs({ lz4: () => Promise.reject(new Error('no such package')) });
    await expect(broken).rejects.toBeInstanceOf(TelltaleError);
    await expect(broken).rejects.toMatchObject({
      code: 'codec_missing',
      message: expect.stringContaining('lz4'),
    });
  });
});
