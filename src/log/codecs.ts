import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import { lz4Bound } from './frame-bounds.ts';
import { isXerial, snappyLength, xerialBlocks, xerialFrame } from './snappy-xerial.ts';
import { loadZstdWasm } from './zstd-wasm.ts';

/** Compression of record batches on the topics that Telltale writes. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** A record batch never grows beyond this; more is a bomb or broken. */
export const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

/** Both directions of one codec. Corrupt, torn and oversized input rejects with an Error. */
export interface Codec {
  compress(data: Buffer): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}

type CodecName = Exclude<Compression, 'none'>;
type Loaders = Record<CodecName, () => Promise<Codec>>;

const LOADERS: Loaders = { gzip: loadGzip, snappy: loadSnappy, lz4: loadLz4, zstd: loadZstd };

const KAFKA_TYPES = {
  gzip: kafkajs.CompressionTypes.GZIP,
  snappy: kafkajs.CompressionTypes.Snappy,
  lz4: kafkajs.CompressionTypes.LZ4,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const;

/** kafkajs' number of a compression. */
export function compressionType(compression: Compression): number {
  return compression === 'none' ? kafkajs.CompressionTypes.None : KAFKA_TYPES[compression];
}

/**
 * Loads all codecs. Throws `codec_missing`, naming the codec, where a package cannot be loaded. `overrides` replaces
 * single loaders, for tests.
 */
export async function loadCodecs(overrides: Partial<Loaders> = {}): Promise<Record<CodecName, Codec>> {
  const load = async (name: CodecName): Promise<Codec> => {
    try {
      return checked(name, await (overrides[name] ?? LOADERS[name])());
    } catch (error) {
      throw new TelltaleError('codec_missing', `compression codec ${name}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  return {
    gzip: await load('gzip'),
    snappy: await load('snappy'),
    lz4: await load('lz4'),
    zstd: await load('zstd'),
  };
}

/** Registers gzip (with a limit of its output), snappy, lz4 and zstd with kafkajs. Call it once, before connecting. */
export async function registerCodecs(): Promise<void> {
  const codecs = await loadCodecs();
  for (const name of Object.keys(KAFKA_TYPES) as CodecName[]) {
    const codec = codecs[name];
    // kafkajs compresses its encoder, but decompresses a plain buffer.
    const adapted = {
      compress: (encoder: { buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: (data: Buffer) => codec.decompress(data),
    };
    kafkajs.CompressionCodecs[KAFKA_TYPES[name]] = () => adapted;
  }
}

/** Some packages throw strings, and all give some result for no bytes at all. */
function checked(name: CodecName, codec: Codec): Codec {
  return {
    compress: (data) => codec.compress(data),
    decompress: async (data) => {
      if (data.length === 0) throw new Error(`${name}: no data`);
      let result: Buffer;
      try {
        result = await codec.decompress(data);
      } catch (error) {
        throw error instanceof Error ? error : new Error(`${name}: ${messageOf(error)}`);
      }
      limit(name, result.length);
      return result;
    },
  };
}

/** Throws where a batch would grow beyond the bound. */
export function limit(name: CodecName, bytes: number): void {
  if (bytes > DECOMPRESSED_BYTES_MAX) {
    throw new Error(`${name}: a batch of up to ${bytes} bytes, more than ${DECOMPRESSED_BYTES_MAX}`);
  }
}

async function loadGzip(): Promise<Codec> {
  const gzip = promisify(zlib.gzip);
  const unzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.unzip);
  return {
    compress: (data) => gzip(data),
    decompress: (data) => unzip(data, { maxOutputLength: DECOMPRESSED_BYTES_MAX }),
  };
}

async function loadSnappy(): Promise<Codec> {
  const { compressSync, uncompressSync } = await import('snappy');
  // A block takes some ten microseconds; handing each to a thread and back takes longer than that.
  const unpack = (block: Buffer) => {
    const result = uncompressSync(block, { asBuffer: true });
    return Buffer.isBuffer(result) ? result : Buffer.from(result);
  };
  return {
    compress: async (data) => xerialFrame(data, (block) => compressSync(block)),
    decompress: async (data) => {
      const blocks = isXerial(data) ? xerialBlocks(data) : [data];
      const bytes = blocks.reduce((sum, block) => sum + snappyLength(block), 0);
      limit('snappy', bytes);
      return blocks.length === 1 ? unpack(blocks[0]!) : Buffer.concat(blocks.map(unpack));
    },
  };
}

async function loadLz4(): Promise<Codec> {
  const { default: lz4 } = await import('lz4-napi');
  return {
    compress: (data) => lz4.compressFrame(data),
    decompress: async (data) => {
      limit('lz4', lz4Bound(data));
      return lz4.decompressFrame(data);
    },
  };
}

/** What Node 22.15 and later offer; the types are those of Node 20. */
interface NodeZstd {
  zstdCompress(data: Buffer, done: (error: Error | null, result: Buffer) => void): void;
  zstdDecompress(
    data: Buffer,
    options: { maxOutputLength: number },
    done: (error: Error | null, result: Buffer) => void,
  ): void;
}

async function loadZstd(): Promise<Codec> {
  if ('zstdDecompress' in zlib && 'zstdCompress' in zlib) {
    const node = zlib as unknown as NodeZstd;
    const compress = promisify(node.zstdCompress);
    const decompress = promisify(node.zstdDecompress);
    return {
      compress: (data) => compress(data),
      decompress: (data) => decompress(data, { maxOutputLength: DECOMPRESSED_BYTES_MAX }),
    };
  }
  return loadZstdWasm((bytes) => limit('zstd', bytes));
}
