/** Decoders with one fault each, for the test of the fuzzer itself: a large first byte sets it off. */
import { must, type Target } from '../target.ts';

export const SET_OFF = 0xf0;
const kept: unknown[] = [];

/** Garbage, all of which is collected before anybody looks at the heap. */
function makeGarbage(): void {
  let last: unknown[] = [];
  for (let i = 0; i < 2_000_000; i++) last = [i, last.length];
  must(last.length === 2, 'the last one');
}

const PLANTED = {
  throws: () => must(false, 'planted'),
  allocates: () => kept.push(Array.from({ length: 100_000 }, (_, i) => [i])),
  garbage: makeGarbage,
  buffers: () => kept.push(new Float64Array(1e6)),
  hangs: () => {
    for (;;);
  },
  crashes: () => process.abort(),
  exhausts: () => {
    for (;;) kept.push(new Array(1e6).fill(0));
  },
} satisfies Record<string, () => unknown>;

export type Fault = keyof typeof PLANTED;
export const FAULTS = Object.keys(PLANTED) as Fault[];

export const plantedTarget = (fault: Fault): Target => ({
  variants: ['planted'],
  build: (choices) => ({ variant: 0, bytes: choices.bytes(choices.pick(8)) }),
  check: ({ bytes }) => {
    kept.length = 0;
    if ((bytes[0] ?? 0) >= SET_OFF) PLANTED[fault]();
  },
  heap: { fixedBytes: 4 << 20, perByte: 100 },
  residentBytesMax: null,
});
