import { describe, expect, it } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { redact, secretFilter } from '../../src/config/redact.ts';
import { formatProblem } from '../../src/config/types.ts';
import { contextOf } from './support.ts';

const SECRET = 'a-secret-of-the-console';
const FILES = { '/services/token': `${SECRET}\n`, '/services/short': 'abc\n' };

function read(http: string) {
  const { config, source } = readDaemon(`http: ${http}\n`, 'telltale.yaml', contextOf(FILES));
  return { http: config?.http ?? null, problems: source.problems.map(formatProblem) };
}
const token = (more: string) => `{ auth: { mode: token, tokens: [{ name: ann, role: operator, ${more} }] } }`;
const proxy = (more: string) =>
  `{ auth: { mode: proxy, proxy: { user_header: X-Forwarded-User, trusted: [10.0.0.0/8, "::1"]${more} } } }`;

describe('http', () => {
  it('reads tokens, from the file of a secret too', () => {
    expect(read(token('token_file: token')).http?.auth).toMatchObject({
      mode: 'token',
      tokens: [{ name: 'ann', role: 'operator', token: SECRET }],
      sessionMs: 43_200_000,
    });
    expect(read(token('token: 0123456789abcdef')).problems).toEqual([]);
  });

  it('reads what the proxy says', () => {
    const more = ', roles_header: X-Groups, operator_group: oncall, hosts: [Telltale.example:8443]';
    expect(read(proxy(more)).http?.auth.proxy).toEqual({
      userHeader: 'x-forwarded-user',
      rolesHeader: 'x-groups',
      operatorGroup: 'oncall',
      trusted: ['10.0.0.0/8', '::1'],
      hosts: ['telltale.example:8443'],
    });
  });

  it('refuses an address that others reach where nobody is asked who they are, and says what to do', () => {
    const [problem, ...others] = read('{ host: 0.0.0.0 }').problems;
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^telltale.yaml:1:\d+ {2}http.host: others reach '0.0.0.0'.*http.auth.mode.*http.published/,
    );
    expect(read('{ host: 0.0.0.0, published: 127.0.0.1 }').problems).toEqual([]);
    expect(read('{ host: 0.0.0.0, published: 10.0.0.7 }').problems).toHaveLength(1);
    for (const host of ['localhost', '127.0.0.2', '"::1"'])
      expect(read(`{ host: ${host} }`).problems).toEqual([]);
    expect(read(`{ host: 0.0.0.0, ${token('token: 0123456789abcdef').slice(2)}`).problems).toEqual([]);
  });

  it.each([
    ['{ auth: { mode: token } }', 'http.auth: missing tokens'],
    ['{ auth: { mode: proxy } }', 'http.auth: missing proxy'],
    [
      '{ auth: { tokens: [{ name: a, role: viewer, token: 0123456789abcdef }] } }',
      'modes token and proxy only',
    ],
    [token('token: abc'), 'http.auth.tokens[0].token: shorter than 16 letters'],
    [token('token_file: short'), 'http.auth.tokens[0].token_file: shorter than 16 letters'],
    [token('token_file: none'), 'no such file'],
    [token('token: 0123456789abcdef, token_file: token'), 'allowed: one of them'],
    ['{ auth: { mode: token, tokens: [{ name: a, role: viewer }] } }', 'missing token or token_file'],
    [
      '{ auth: { mode: token, tokens: [{ name: a, role: root, token: 0123456789abcdef }] } }',
      'viewer, operator, caller',
    ],
    [
      '{ auth: { mode: token, tokens: [{ name: a, role: viewer, token: 0123456789abcdef }, { name: a, role: operator, token: 0123456789abcdef }] } }',
      "there are two tokens named 'a'",
    ],
    [
      '{ auth: { mode: token, tokens: [{ name: a, role: viewer, token: 0123456789abcdef }, { name: b, role: operator, token: 0123456789abcdef }] } }',
      'the same as that of another entry',
    ],
    [proxy(', roles_header: X-Groups'), 'roles_header and operator_group go together'],
    [
      '{ auth: { mode: proxy, proxy: { user_header: u, trusted: [10.0.0.0/33] } } }',
      'http.auth.proxy.trusted[0]',
    ],
    [
      '{ auth: { mode: proxy, proxy: { user_header: u, trusted: [everybody] } } }',
      'http.auth.proxy.trusted[0]',
    ],
    ['{ auth: { mode: proxy, proxy: { user_header: u, trusted: [] } } }', 'http.auth.proxy.trusted'],
  ])('%s', (http, message) => {
    const { problems } = read(http);
    expect(problems.join('\n')).toContain(message);
    expect(problems.join('\n')).not.toContain('0123456789abcdef');
  });

  it('tokens are shown nowhere', () => {
    const { http } = read(token('token_file: token'));
    expect(JSON.stringify(redact({ http }))).not.toContain(SECRET);
    expect(secretFilter({ http })(`refused ${SECRET}`)).toBe('refused ***');
  });
});
