/** A schema registry as far as clients that read ask it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @param schemas JSON by id */
export async function registryServer(
  schemas: ReadonlyMap<number, string>,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const schema = schemas.get(Number(/^\/schemas\/ids\/(\d+)/.exec(request.url ?? '')?.[1]));
    response.statusCode = schema === undefined ? 404 : 200;
    response.end(JSON.stringify(schema === undefined ? { error_code: 40403 } : { schema }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
