import { durationWritten } from '../../alarm/words.ts';

/** A duration as it would be written in a file: `90m`, where an alert says `1h 30m`. */
export const durationText = (ms: number): string => (ms === 0 ? '0m' : durationWritten(ms));
