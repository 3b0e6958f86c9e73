import type { Heartbeat } from './port.ts';

/** Waiting for a partition's turn, a heartbeat keeps the membership. */
const WAIT_HEARTBEAT_MS = 1_000;

/** What outlives the assignments of a partition: whose turn it is, and how often which offset failed. */
export class PartitionSlot {
  failures = 0;
  failedOffset = -1;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves with the function that ends the turn, when all earlier turns have ended. */
  async enter(): Promise<() => void> {
    this.#waiting++;
    const before = this.#tail;
    let end!: () => void;
    this.#tail = new Promise<void>((resolve) => {
      end = resolve;
    });
    await before;
    return () => {
      this.#waiting--;
      end();
    };
  }

  /** As `enter`; a batch that waits for its turn keeps the membership alive. Rejects with what the heartbeat throws. */
  async enterWith(heartbeat: Heartbeat): Promise<() => void> {
    const turn = this.enter();
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const waited = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, WAIT_HEARTBEAT_MS, null);
      });
      const leave = await Promise.race([turn, waited]);
      clearTimeout(timer);
      if (leave !== null) return leave;
      try {
        await heartbeat();
      } catch (error) {
        void turn.then((end) => end());
        throw error;
      }
    }
  }
}
