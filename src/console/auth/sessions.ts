/** Sign-ins with a token: kept in this process alone, so that signing out and a restart end them. */

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Role } from './access.ts';

/** The oldest makes place: whoever signs in a thousand times signs himself out. */
const SESSIONS_MAX = 1_000;

interface Session {
  user: string;
  role: Role;
  csrf: string;
  endsAtMs: number;
  /** Streams that must not outlive it. */
  streams: Set<ServerResponse>;
}

export interface Sessions {
  /** Returns the id, 256 random bits, which nobody else may know. */
  open(user: string, role: Role): string;
  /** Null: there is none, or it is over. */
  find(id: string): Readonly<Session> | null;
  end(id: string): void;
  /** Ends a stream with its session. */
  hold(id: string, response: ServerResponse): void;
}

const secret = (): string => randomBytes(32).toString('base64url');

export function createSessions(lastsMs: number, nowMs: () => number): Sessions {
  const sessions = new Map<string, Session>();
  const end = (id: string): void => {
    for (const response of sessions.get(id)?.streams ?? []) response.end();
    sessions.delete(id);
  };
  const find = (id: string): Session | null => {
    const session = sessions.get(id);
    if (session === undefined) return null;
    if (session.endsAtMs > nowMs()) return session;
    end(id);
    return null;
  };
  return {
    open(user, role) {
      for (const id of [...sessions.keys()]) find(id);
      const [oldest] = sessions.keys();
      if (sessions.size >= SESSIONS_MAX) end(oldest!);
      const id = secret();
      sessions.set(id, { user, role, csrf: secret(), endsAtMs: nowMs() + lastsMs, streams: new Set() });
      return id;
    },
    find,
    end,
    hold(id, response) {
      const session = find(id);
      if (session === null) return void response.end();
      session.streams.add(response);
      const timer = setTimeout(() => response.end(), session.endsAtMs - nowMs());
      response.on('close', () => {
        clearTimeout(timer);
        session.streams.delete(response);
      });
    },
  };
}
