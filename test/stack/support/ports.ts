import { createServer, type Server } from 'node:net';

/** A server on a free port of 127.0.0.1 that accepts connections and says nothing. */
export function listenAnywhere(): Promise<{ server: Server; port: number }> {
  return new Promise((settle) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      settle({ server, port: address !== null && typeof address === 'object' ? address.port : 0 });
    });
  });
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { server, port } = await listenAnywhere();
  await new Promise((settle) => server.close(settle));
  return port;
}
