/** A TCP proxy that can be cut: the way of one daemon to one broker. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** `cut`: connections are reset and refused. `stall`: they stay, and what is sent arrives when the gate opens again. */
export type GateState = 'open' | 'cut' | 'stall';

export interface Gate {
  set(state: GateState): void;
  close(): Promise<void>;
}

/** Opens a gate on `port` that leads to `targetPort`, both of 127.0.0.1. */
export async function openGate(port: number, targetPort: number): Promise<Gate> {
  let state: GateState = 'open';
  const pairs = new Map<Socket, Socket>();
  const flow = (inside: Socket, outside: Socket): void => {
    inside.pipe(outside);
    outside.pipe(inside);
  };
  const stop = (inside: Socket, outside: Socket): void => {
    for (const [from, to] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      from.unpipe(to);
      from.pause();
    }
  };
  const server = createServer((inside) => {
    if (state === 'cut') {
      inside.resetAndDestroy();
      return;
    }
    const outside = connect(targetPort, '127.0.0.1');
    pairs.set(inside, outside);
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        pairs.delete(inside);
        other.destroy();
      });
    }
    if (state === 'open') flow(inside, outside);
    else inside.pause();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    set(next) {
      if (next === state) return;
      const before = state;
      state = next;
      for (const [inside, outside] of pairs) {
        if (next === 'cut') {
          inside.resetAndDestroy();
          outside.destroy();
        } else if (next === 'stall') stop(inside, outside);
        else if (before === 'stall') flow(inside, outside);
      }
    },
    async close() {
      for (const [inside, outside] of pairs) {
        inside.destroy();
        outside.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
