import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenRequest {
  authorization: string;
  contentType: string;
  body: URLSearchParams;
}

/** Null: no answer at all. */
export type TokenAnswer = { status?: number; body: unknown; headers?: Record<string, string> } | null;

export interface TokenServer {
  url: string;
  requests: TokenRequest[];
  close(): Promise<void>;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The token address of an OAuth server on a free port of 127.0.0.1. */
export async function startTokenServer(
  answer: (request: TokenRequest, n: number) => TokenAnswer | Promise<TokenAnswer>,
): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const server = createServer(async (request, response) => {
    const { authorization = '', 'content-type': contentType = '' } = request.headers;
    const seen = { authorization, contentType, body: new URLSearchParams(await textOf(request)) };
    requests.push(seen);
    const found = await answer(seen, requests.length);
    if (found === null) return;
    response.writeHead(found.status ?? 200, { 'content-type': 'application/json', ...found.headers });
    response.end(typeof found.body === 'string' ? found.body : JSON.stringify(found.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((settle) => server.close(settle));
    },
  };
}
