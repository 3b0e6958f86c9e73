/** An HTTP server on loopback that keeps what was posted to it and answers as the test says. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  status: number;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Nothing is sent before this resolves. */
  after?: Promise<unknown>;
}

export interface Receiver {
  /** HOST:PORT. */
  host: string;
  posted: Posted[];
  /** How the next ones are answered; by default 204. */
  answer: (posted: Omit<Posted, 'status'>) => Answer;
  close(): Promise<void>;
}

async function reply(response: ServerResponse, { status, headers = {}, body = '', after }: Answer) {
  await after;
  response.writeHead(status, headers);
  response.end(body);
}

export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = {
    host: '',
    posted: [],
    answer: () => ({ status: 204 }),
    async close() {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const seen = { path: request.url ?? '', headers: request.headers, body };
      const answer = receiver.answer(seen);
      receiver.posted.push({ ...seen, status: answer.status });
      void reply(response, answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}
