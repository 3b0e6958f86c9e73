import { type Block, line } from './blocks.ts';

const ordinal = (n: number): string => `${n}${n === 2 ? 'nd' : n === 3 ? 'rd' : 'th'}`;

/** Says so where not every window is taken. */
export const plainThinning = (thinnedBy: number): Block[] =>
  thinnedBy > 1
    ? [line(`There are many windows: about every ${ordinal(thinnedBy)} one is taken, evenly.`)]
    : [];
