/**
 * One call of a task that can be stopped at each of its steps on the log: it waits at a gate, the scheduler lets
 * whoever it likes go on, and who is never let on again has crashed there.
 */

export interface Fiber {
  /** The call waits at a gate. */
  blocked: boolean;
  done: boolean;
  error: unknown;
  /** Lets the call go on until it waits again or is done. */
  resume(): Promise<void>;
  /** What the step at whose gate it waits would still do to the log when the process dies there. */
  onDeath: (() => void) | null;
}

/** Given to the log of a task: every step waits here first, and once more before it learns of the outcome. */
export type Gate = (onDeath?: () => void) => Promise<void>;

export async function startFiber(call: (gate: Gate) => Promise<void>): Promise<Fiber> {
  let wake: (() => void) | null = null;
  let notify: (() => void) | null = null;
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      notify = resolve;
    });
  const fiber: Fiber = {
    blocked: false,
    done: false,
    error: null,
    onDeath: null,
    async resume() {
      const next = settled();
      fiber.blocked = false;
      fiber.onDeath = null;
      wake!();
      await next;
    },
  };
  const gate: Gate = (onDeath) =>
    new Promise((resolve) => {
      wake = resolve;
      fiber.blocked = true;
      fiber.onDeath = onDeath ?? null;
      notify!();
    });
  const first = settled();
  call(gate).then(
    () => {
      fiber.done = true;
      notify!();
    },
    (error: unknown) => {
      fiber.done = true;
      fiber.error = error;
      notify!();
    },
  );
  await first;
  return fiber;
}
