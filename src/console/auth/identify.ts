/** From a request to who has sent it. */

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import type { AuthOptions, Identity } from './access.ts';
import { type Refused, unknownToken } from './refused.ts';
import type { Sessions } from './sessions.ts';

export interface Asked {
  headers: IncomingHttpHeaders;
  /** Of the connection, whatever headers say. */
  address: string;
  /** The cookie of a session. */
  sessionId: string | undefined;
}

export interface Identifier {
  identify(asked: Asked): Identity | Refused;
  /** Whose token it is; null: nobody's. */
  ownerOf(token: string): Pick<Identity, 'user' | 'role'> | null;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In constant time for texts of any length. */
export const isSame = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

const refuse = (message: string, cure: string): Refused => ({
  status: 401,
  error: 'unauthorized',
  message,
  cure,
});

export function createIdentifier(options: AuthOptions, sessions: Sessions): Identifier {
  const { mode, proxy } = options;
  const known = options.tokens.map(({ name, role, token }) => ({
    user: name,
    role,
    digest: digestOf(token),
  }));
  const ownKey = randomBytes(32);
  const csrfOf = (user: string): string => createHmac('sha256', ownKey).update(user).digest('base64url');
  const believes = proxy === null ? () => false : trusting(proxy.trusted);

  const ownerOf = (token: string): Pick<Identity, 'user' | 'role'> | null => {
    const digest = digestOf(token);
    // All are compared, so that the time does not tell which one was near.
    const [owner] = known.filter((entry) => timingSafeEqual(entry.digest, digest));
    return owner === undefined ? null : { user: owner.user, role: owner.role };
  };

  const byBearer = (token: string): Identity | Refused => {
    const owner = ownerOf(token);
    if (owner === null) return unknownToken;
    return { ...owner, via: 'bearer', csrf: '' };
  };

  const bySession = (id: string | undefined): Identity | Refused => {
    const session = id === undefined ? null : sessions.find(id);
    if (session === null)
      return refuse(
        id === undefined ? 'nobody has signed in' : 'the sign-in is over',
        'sign in with a token (POST /api/session), or send `authorization: Bearer TOKEN`',
      );
    const { user, role, csrf } = session;
    return { user, role, csrf, via: 'session', sessionId: id! };
  };

  const byProxy = ({ headers, address }: Asked): Identity | Refused => {
    const { userHeader, rolesHeader, operatorGroup } = proxy!;
    if (!believes(address))
      return refuse(
        `requests from ${address} are not believed`,
        'come through the proxy; its address stands in http.auth.proxy.trusted',
      );
    const user = userOf(headers[userHeader]);
    if (user === null)
      return refuse(
        `the proxy has not said in the header ${userHeader} who asks`,
        'sign in at the proxy, or correct http.auth.proxy.user_header',
      );
    const groups = rolesHeader === null ? [] : listOf(headers[rolesHeader]);
    const isOperator = operatorGroup !== null && groups.includes(operatorGroup);
    return { user, role: isOperator ? 'operator' : 'viewer', via: 'proxy', csrf: csrfOf(`proxy ${user}`) };
  };

  return {
    ownerOf,
    identify(asked) {
      if (mode === 'none') return { user: 'local', role: 'operator', via: 'none', csrf: csrfOf('local') };
      // A proxy may pass on a token of its own beside what it says.
      const isProxied = mode === 'proxy' && asked.headers[proxy!.userHeader] !== undefined;
      const bearer = /^Bearer +(\S+)$/i.exec(asked.headers.authorization ?? '');
      if (bearer !== null && known.length > 0 && !isProxied) return byBearer(bearer[1]!);
      return mode === 'proxy' ? byProxy(asked) : bySession(asked.sessionId);
    },
  };
}

function trusting(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:/i, '');
    return plain !== '' && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

const NAME_LENGTH_MAX = 200;

/** Node reads headers as Latin-1, proxies write names in UTF-8. Null: none, or no name. */
function userOf(header: string | string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  const user = Buffer.from(header, 'latin1').toString('utf8').trim();
  return user === '' || user.length > NAME_LENGTH_MAX || /\p{Cc}/u.test(user) ? null : user;
}

function listOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text.split(/[,;|]/).map((group) => group.trim());
}
