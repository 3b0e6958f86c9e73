import type { ServerResponse } from 'node:http';
import type { ConsoleEvent, ConsoleSource } from './source.ts';

export interface EventOptions {
  /** Rhythm in which waiting events are sent together. */
  flushMs: number;
  /** Rhythm of health and services, which also keeps the connection alive. */
  heartbeatMs: number;
  clientsMax: number;
}

/** More waiting events than this between two flushes: the page is told to read anew instead. */
const PENDING_MAX = 2_000;
/** Unread bytes at which a client counts as stuck and is dropped; it connects again by itself. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;

interface Client {
  response: ServerResponse;
  pending: ConsoleEvent[];
  overflow: boolean;
}

export interface EventHub {
  /** Takes over a response; false: there are too many clients already, and nothing was written. */
  add(response: ServerResponse): boolean;
  close(): void;
}

const frame = (type: string, data: unknown) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

/** Results go out as one array, since a window brings hundreds of them at once. */
function framesOf(client: Client): string {
  if (client.overflow) return frame('refresh', {});
  const results = client.pending.flatMap((event) => (event.type === 'result' ? [event.data] : []));
  const others = client.pending.filter((event) => event.type !== 'result');
  const batch = results.length > 0 ? frame('result', results) : '';
  return batch + others.map((event) => frame(event.type, event.data)).join('');
}

/** Server-sent events for all clients of a console, with a bounded memory for each. */
export function createEventHub(source: ConsoleSource, options: EventOptions): EventHub {
  const clients = new Set<Client>();

  function send(client: Client, text: string): void {
    if (client.response.writableLength > UNREAD_BYTES_MAX) {
      clients.delete(client);
      client.response.destroy();
      return;
    }
    if (text !== '') client.response.write(text);
  }
  function flush(): void {
    for (const client of clients) {
      if (client.pending.length === 0 && !client.overflow) continue;
      const text = framesOf(client);
      client.pending = [];
      client.overflow = false;
      send(client, text);
    }
  }
  const status = () => frame('health', source.health()) + frame('services', source.services());

  const unsubscribe = source.subscribe((event) => {
    for (const client of clients) {
      if (client.overflow) continue;
      if (client.pending.length < PENDING_MAX) {
        client.pending.push(event);
      } else {
        client.pending = [];
        client.overflow = true;
      }
    }
  });
  const flushing = setInterval(flush, options.flushMs);
  const beating = setInterval(() => {
    if (clients.size === 0) return;
    const text = status();
    for (const client of clients) send(client, text);
  }, options.heartbeatMs);

  return {
    add(response) {
      if (clients.size >= options.clientsMax) return false;
      const client: Client = { response, pending: [], overflow: false };
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: 2000\n\n${status()}`);
      clients.add(client);
      response.on('close', () => clients.delete(client));
      response.on('error', () => clients.delete(client));
      return true;
    },
    close() {
      unsubscribe();
      clearInterval(flushing);
      clearInterval(beating);
      for (const { response } of clients) {
        // A client that does not read would hold the server open for ever.
        if (response.writableLength > 0) response.destroy();
        else response.end();
      }
      clients.clear();
    },
  };
}
