/** The share of dead letters among the records of this instance: what its alarm about itself is judged by. */

export interface DeadShareSample {
  /** Dead letters since the last sample, of every stage. Absent when nothing was read. */
  count?: number;
  /** The highest share of any source that read something. Absent when none of these has read enough for one yet. */
  share?: number;
  /** The source of that share. */
  source?: string;
}

/**
 * Sources are counted apart: a labels stream that nobody can read would not show among a thousand times as many
 * requests. A source's share is that of its last `recordsMin` or more records, so that a slow one has a share too.
 */
export interface DeadShare {
  /** Records that were read, whether they could be used or not. */
  read(records: number, ...sources: string[]): void;
  /** Those of them that were put aside. */
  dead(letters: number, ...sources: string[]): void;
  sample(): DeadShareSample;
}

interface Counted {
  read: number;
  dead: number;
  share: number | null;
  isFresh: boolean;
}

export function createDeadShare(recordsMin: number): DeadShare {
  const sources = new Map<string, Counted>();
  let letters = 0;

  const of = (source: string): Counted => {
    let counted = sources.get(source);
    if (counted === undefined) {
      counted = { read: 0, dead: 0, share: null, isFresh: false };
      sources.set(source, counted);
    }
    counted.isFresh = true;
    return counted;
  };

  return {
    read(records, ...names) {
      for (const name of names) of(name).read += records;
    },
    dead(count, ...names) {
      letters += count;
      for (const name of names) of(name).dead += count;
    },
    sample() {
      const sample: DeadShareSample = {};
      for (const [source, counted] of sources) {
        if (!counted.isFresh) continue;
        counted.isFresh = false;
        sample.count = letters;
        // Letters of a fold behind the inputs may come when nothing is read.
        const all = Math.max(counted.read, counted.dead);
        if (all >= recordsMin) {
          counted.share = counted.dead / all;
          counted.read = 0;
          counted.dead = 0;
        }
        if (counted.share === null || counted.share <= (sample.share ?? -1)) continue;
        sample.share = counted.share;
        sample.source = source;
      }
      letters = 0;
      return sample;
    },
  };
}
