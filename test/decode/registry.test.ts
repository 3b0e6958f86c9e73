import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createRegistry, type RegistryOptions } from '../../src/decode/registry.ts';
import { avroRecord, confluent, encode, input, NOW, record, service, stream } from './helpers.ts';

const SCHEMA = avroRecord([
  { name: 'id', type: 'string' },
  { name: 'time', type: 'long' },
  { name: 'x', type: 'double' },
]);
const servers: Server[] = [];

async function serve(
  handler: RequestListener,
  port = 0,
): Promise<{ url: string; port: number; server: Server }> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, server };
}

const close = (server: Server) => {
  server.closeAllConnections();
  return new Promise<void>((resolve) => server.close(() => resolve()));
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map(close));
});

const answer =
  (status: number, body: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
const atOnce: RegistryOptions['wait'] = async () => {};

describe('createRegistry', () => {
  it('asks once for a schema, with the credentials of the URL', async () => {
    const asked: (string | undefined)[][] = [];
    const { url } = await serve((request, response) => {
      asked.push([request.url, request.headers.authorization]);
      answer(200, { schema: SCHEMA })(request, response);
    });
    const registry = createRegistry({ url: `${url.replace('//', '//me:p%40ss@')}/api/`, now: () => 0 });
    expect(await Promise.all([registry.get(7), registry.get(7)])).toEqual([SCHEMA, SCHEMA]);
    expect(await registry.get(7)).toBe(SCHEMA);
    expect(asked).toEqual([['/api/schemas/ids/7', `Basic ${Buffer.from('me:p@ss').toString('base64')}`]]);
  });

  it('remembers an unknown id for 30 seconds', async () => {
    let asked = 0;
    let nowMs = 0;
    const { url } = await serve((request, response) => {
      asked++;
      answer(404, { error_code: 40403, message: 'Schema not found' })(request, response);
    });
    const registry = createRegistry({ url, now: () => nowMs });
    expect(await registry.get(8)).toBeNull();
    nowMs = 29_999;
    expect(await registry.get(8)).toBeNull();
    expect(asked).toBe(1);
    nowMs = 30_000;
    expect(await registry.get(8)).toBeNull();
    expect(asked).toBe(2);
  });

  it('takes no error but "schema not found" for an answer', async () => {
    const errors = [
      answer(404, { error_code: 404, message: 'HTTP 404 Not Found' }),
      (_, response) => void response.writeHead(404).end('<html>'),
      answer(401, {}),
      answer(500, { error_code: 50001 }),
      answer(200, { nothing: true }),
      answer(200, { schema: SCHEMA }),
    ] as RequestListener[];
    const { url } = await serve((request, response) => errors.shift()!(request, response));
    const away: string[] = [];
    const waits: number[] = [];
    const registry = createRegistry({
      url,
      now: () => 0,
      wait: async (ms) => void waits.push(ms),
      onUnavailable: (error) => away.push(error.code),
    });
    expect(await registry.get(7)).toBe(SCHEMA);
    expect(away).toEqual(new Array(5).fill('registry_unavailable'));
    expect(waits).toEqual([200, 400, 800, 1600, 3200]);
  });

  it('gives up waiting for a silent registry after the timeout, and for good when it is aborted', async () => {
    const { url } = await serve(() => {});
    const stop = new AbortController();
    const registry = createRegistry({
      url,
      timeoutMs: 20,
      signal: stop.signal,
      now: () => 0,
      wait: atOnce,
      onUnavailable: () => stop.abort(),
    });
    await expect(registry.get(7)).rejects.toThrow();
  });
});

describe('a registry that is down', () => {
  it('delays valid records and kills none', async () => {
    const first = await serve(answer(200, { schema: SCHEMA }));
    await close(first.server);
    let failures = 0;
    let up: Promise<unknown> = Promise.resolve();
    const schemas = createRegistry({
      url: first.url,
      now: () => 0,
      wait: async () => {
        await up;
      },
      onUnavailable: () => {
        failures++;
        if (failures === 3) up = serve(answer(200, { schema: SCHEMA }), first.port);
      },
    });
    const spec = service({ inputs: [input('x', 'numeric')] });
    const decoder = createDecoder(spec, stream({ encoding: 'avro' }), { schemas, schemaFile: null });
    const records = [record(confluent(7, encode(SCHEMA, { id: 'a', time: NOW, x: 1 })))];
    await decoder.prepare(records);
    const batch = decoder.decode(records);
    expect(failures).toBe(3);
    expect(batch.n).toBe(1);
    expect(batch.dead).toEqual([]);
  });
});
