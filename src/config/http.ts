/** Who may see the console and command. */
import { isIP } from 'node:net';
import type { Files } from './checks/streams.ts';
import type { Source } from './document.ts';
import type { HttpShape } from './http-shape.ts';
import { isLoopback } from './loopback.ts';
import { neededSecretOf } from './secrets.ts';
import type { AccessToken, HttpConfig, Path, ProxyConfig } from './types.ts';

/** Shorter ones can be guessed: 16 letters of base64 have 96 bits. */
const TOKEN_LENGTH_MIN = 16;
const AUTH: Path = ['http', 'auth'];

/** Reports a console that others reach without anybody being asked who they are, and keys that do not go together. */
export function httpOf(shape: HttpShape, files: Files, source: Source): HttpConfig {
  const { host, port, published, auth } = shape;
  const isLocalOnly = published !== '' && isLoopback(published);
  const { mode } = auth;
  if (mode === 'none' && !isLocalOnly && !isLoopback(host))
    source.report(['http', 'host'], {
      message:
        `others reach '${host}', and nobody would be asked who they are: listen on 127.0.0.1, set http.auth.mode to token or proxy, ` +
        'or, where only this machine reaches the address (a container whose port is published on loopback), http.published: 127.0.0.1',
    });
  if (mode === 'none' && auth.tokens.length > 0)
    source.report([...AUTH, 'tokens'], { message: 'goes with the modes token and proxy only' });
  if (mode === 'token' && auth.tokens.length === 0)
    source.report(AUTH, { message: 'missing tokens, which the mode token needs' });
  if ((mode === 'proxy') !== (auth.proxy !== undefined))
    source.report(AUTH, {
      message:
        mode === 'proxy'
          ? 'missing proxy, which the mode proxy needs'
          : 'proxy goes with the mode proxy only',
    });
  return {
    host,
    port,
    isLocalOnly,
    auth: {
      mode,
      tokens: tokensOf(auth.tokens, files, source),
      sessionMs: auth.session,
      proxy: auth.proxy === undefined ? null : proxyOf(auth.proxy, source),
    },
  };
}

function tokensOf(shapes: HttpShape['auth']['tokens'], files: Files, source: Source): AccessToken[] {
  const names = new Set<string>();
  const secrets = new Set<string>();
  return shapes.map((shape, i) => {
    const path: Path = [...AUTH, 'tokens', i];
    const { name, role } = shape;
    if (names.has(name))
      source.report([...path, 'name'], { message: `there are two tokens named '${name}'` });
    names.add(name);
    const before = source.problems.length;
    const token = neededSecretOf({ path, shape, files, source }, 'token');
    const key = shape.token_file === undefined ? 'token' : 'token_file';
    if (source.problems.length === before && token.length < TOKEN_LENGTH_MIN)
      source.report([...path, key], {
        message: `shorter than ${TOKEN_LENGTH_MIN} letters, which can be guessed; make one with: openssl rand -base64 32`,
      });
    else if (secrets.has(token) && token !== '')
      source.report([...path, key], {
        message: 'the same as that of another entry; who asks must be told apart',
      });
    secrets.add(token);
    return { name, role, token };
  });
}

function proxyOf(shape: NonNullable<HttpShape['auth']['proxy']>, source: Source): ProxyConfig {
  const path: Path = [...AUTH, 'proxy'];
  const { user_header, roles_header, operator_group, trusted, hosts } = shape;
  if ((roles_header === undefined) !== (operator_group === undefined))
    source.report(path, { message: 'roles_header and operator_group go together' });
  trusted.forEach((address, i) => {
    if (!isAddress(address))
      source.report([...path, 'trusted', i], {
        allowed: ['an IP address such as 10.0.0.7, or a range such as 10.0.0.0/8'],
      });
  });
  return {
    userHeader: user_header.toLowerCase(),
    rolesHeader: roles_header?.toLowerCase() ?? null,
    operatorGroup: operator_group ?? null,
    trusted,
    hosts: hosts.map((host) => host.toLowerCase()),
  };
}

function isAddress(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
