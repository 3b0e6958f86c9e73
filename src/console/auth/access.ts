/** Who may do what on the console. */

export type Role = 'viewer' | 'operator' | 'caller';

/** What a route needs: nobody in particular, or somebody of the role; an operator may do all. */
export type Access = 'open' | Role;

/** As the section `http` of the configuration says it. */
export interface AuthOptions {
  mode: 'none' | 'token' | 'proxy';
  tokens: readonly { name: string; role: Role; token: string }[];
  sessionMs: number;
  /** Names of headers in small letters; addresses and ranges; names that browsers use. */
  proxy: {
    userHeader: string;
    rolesHeader: string | null;
    operatorGroup: string | null;
    trusted: readonly string[];
    hosts: readonly string[];
  } | null;
}

export const NO_AUTH: AuthOptions = { mode: 'none', tokens: [], sessionMs: 43_200_000, proxy: null };

/** Somebody who is known. */
export interface Identity {
  user: string;
  role: Role;
  /** How it was proved. What a browser sends by itself, all but `bearer`, must show a CSRF token beside it. */
  via: 'none' | 'bearer' | 'session' | 'proxy';
  /** '' where none is needed. */
  csrf: string;
  /** Of a session. */
  sessionId?: string;
}

export function may(role: Role, access: Access): boolean {
  return access === 'open' || role === 'operator' || role === access;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** By default `viewer`: a route that forgets to say is not open. */
    access?: Access;
    /** Shows by a header of ours that no foreign page has sent it, and needs no CSRF token. */
    ownHeader?: true;
  }
}
