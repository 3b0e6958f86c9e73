/** The decoder of one stream, made once and shared by the partitions of its topic. */

import type { createDecoder } from '../decode/decoder.ts';

export type Decoder = ReturnType<typeof createDecoder>;
