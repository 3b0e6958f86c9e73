/** A way to one broker that can be cut: clients that come through it never learn of another. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface BrokerGate {
  /** For `brokers`. */
  host: string;
  /** Cuts all connections and refuses new ones. */
  close(): Promise<void>;
}

/** The address as the protocol writes it: length of the host, host, port. */
function addressBytes(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(2 + host.length + 4);
  bytes.writeInt16BE(host.length);
  bytes.write(host, 2);
  bytes.writeInt32BE(port, 2 + host.length);
  return bytes;
}

/** Opens a gate to the broker at `target` (HOST:PORT), which must advertise just that. */
export async function openBrokerGate(target: string): Promise<BrokerGate> {
  const [host, targetPort] = target.split(':') as [string, string];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const advertised = addressBytes(host, Number(targetPort));
  const ours = addressBytes(host, port);

  /** Broker to client, in whole responses, with our address in place of the broker's. */
  const answer = (from: Socket, to: Socket): void => {
    let rest = Buffer.alloc(0);
    from.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE()) {
        const end = 4 + rest.readInt32BE();
        const response = rest.subarray(0, end);
        rest = rest.subarray(end);
        for (let at = response.indexOf(advertised); at >= 0; at = response.indexOf(advertised, at + 1))
          ours.copy(response, at);
        to.write(response);
      }
    });
  };

  server.on('connection', (client) => {
    const broker = connect(Number(targetPort), host);
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.pipe(broker);
    answer(broker, client);
  });
  return {
    host: `${host}:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
