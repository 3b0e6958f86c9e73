/** Sets of small whole numbers as words of 32 bits: member m is bit m % 32 of word m / 32. */

/** Words that a set of members below `size` takes. */
export const wordsOf = (size: number): number => Math.ceil(size / 32);

/** Adds a member to the set whose first word is at `at`. */
export function addMember(words: Int32Array, at: number, member: number): void {
  words[at + (member >> 5)]! |= 1 << (member & 31);
}
