import type { Codec } from './codecs.ts';
import { zstdFrames } from './frame-bounds.ts';

interface HeapBlock {
  ptr: number;
  size: number;
}

/**
 * The parts below the package's public methods. Those are not used because they copy results out of WebAssembly by
 * spreading every byte into an array (measured: 10 MB/s instead of hundreds), and because `decompress` guesses the size of a
 * frame that does not state it as 20 times its length: Java's producers never state it, and batches of zeros or of
 * repeated JSON shrink by more, so good batches were refused.
 */
interface ZstdInternals {
  _mainModule: {
    malloc(bytes: number): HeapBlock;
    free(block: HeapBlock): void;
    dataToHeap(data: Uint8Array): HeapBlock;
    heapView(block: HeapBlock): Uint8Array;
  };
  _zstdClass: {
    compressBound(bytes: number): number;
    compress(to: number, toBytes: number, from: number, fromBytes: number, level: number): number;
    decompress(to: number, toBytes: number, from: number, fromBytes: number): number;
    isError(result: number): number | boolean;
    getErrorName(result: number): string;
  };
}

/**
 * Zstandard as WebAssembly, for Node before 22.15, which has it built in. `checkBytes` is called with an upper bound of
 * what a batch unpacks to and throws where that is too much.
 */
export async function loadZstdWasm(checkBytes: (bytes: number) => void): Promise<Codec> {
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const zstd = await Zstd.load();
  const { _mainModule: heap, _zstdClass: native } = zstd as unknown as ZstdInternals;
  const level = zstd.defaultCLevel();

  /** Runs `work` from a copy of `data` in the heap into `bytesMax` bytes, and copies out what it wrote. */
  const run = (
    data: Buffer,
    bytesMax: number,
    work: (to: HeapBlock, from: HeapBlock) => number,
  ): Buffer<ArrayBuffer> => {
    const from = heap.dataToHeap(data);
    const to = heap.malloc(Math.max(bytesMax, 1));
    try {
      const written = work(to, from);
      if (native.isError(written)) throw new Error(`zstd: ${native.getErrorName(written)}`);
      return Buffer.from(heap.heapView({ ptr: to.ptr, size: written }));
    } finally {
      heap.free(to);
      heap.free(from);
    }
  };

  return {
    compress: async (data) => {
      const bytesMax = native.compressBound(data.length);
      return run(data, bytesMax, (to, from) =>
        native.compress(to.ptr, bytesMax, from.ptr, data.length, level),
      );
    },
    decompress: async (data) => {
      const frames = zstdFrames(data);
      checkBytes(frames.reduce((sum, { bound }) => sum + bound, 0));
      const parts = frames.map(({ frame, bound }) =>
        run(frame, bound, (to, from) => native.decompress(to.ptr, bound, from.ptr, frame.length)),
      );
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
  };
}
