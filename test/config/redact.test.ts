import { describe, expect, it } from 'vitest';
import { readSource } from '../../src/config/document.ts';
import { redact, redactUrls, secretFilter } from '../../src/config/redact.ts';

describe('redact', () => {
  it('hides secrets by their keys, and shows where files and servers are', () => {
    const shown = redact({
      sasl: { username: 'u', password: 'hush', passwordFile: '/run/p' },
      ssl: { keyPassphrase: 'hush', keyFile: '/k.pem' },
      source: { kind: 'client', tokenUrl: 'https://a/token', clientId: 'c', clientSecret: 'hush' },
      hooks: [{ headers: { Authorization: 'Bearer hush', 'X-Api-Key': 'k', api_key: 'hush' } }],
      accessToken: 'hush',
      empty: { password: '' },
    });
    expect(JSON.stringify(shown)).not.toContain('hush');
    expect(shown).toMatchObject({
      sasl: { username: 'u', password: '***', passwordFile: '/run/p' },
      ssl: { keyFile: '/k.pem' },
      source: { tokenUrl: 'https://a/token', clientId: 'c' },
      empty: { password: '' },
    });
  });

  it.each([
    ['http://me:hush@host:1/x', 'http://***@host:1/x'],
    ['get http://hush@host and https://a:hush@b', 'get http://***@host and https://***@b'],
    ['POST http://i/write?u=me&p=hush&db=d', 'POST http://i/write?u=me&p=***&db=d'],
    ['https://h/?access_token=hush#x', 'https://h/?access_token=***#x'],
    ['https://h/?api_key=hush&client_secret=hush', 'https://h/?api_key=***&client_secret=***'],
    ['mail me@example.org about a?b=c', 'mail me@example.org about a?b=c'],
  ])('hides what the URL of %j carries', (text, expected) => {
    expect(redactUrls(text)).toBe(expected);
  });
});

describe('secretFilter', () => {
  const filter = secretFilter({
    password: 'pa"ss wörd',
    url: 'http://me:url%20hush@host',
    list: [{ token: 'tok/en=1' }, { token: 'tok/en=12345' }],
    short: { password: 'abc' },
    name: 'visible',
  });

  it('hides secrets in the texts of others, as JSON and URLs write them too', () => {
    const texts = ['pa"ss wörd', JSON.stringify('pa"ss wörd'), encodeURIComponent('pa"ss wörd'), 'url hush'];
    for (const text of [...texts, 'url%20hush', 'tok/en=1', encodeURIComponent('tok/en=1')])
      expect(filter(`<${text}>`)).toMatch(/^<"?\*\*\*"?>$/);
    expect(filter('tok/en=12345 visible')).toBe('*** visible');
  });

  it('leaves secrets alone that are too short to be told from other text', () => {
    expect(filter('abc abcd')).toBe('abc abcd');
  });
});

describe('a fault of a file', () => {
  it.each([
    '*hush',
    '!hush x',
    '|hush',
    '>hush',
    '"hush',
    "'a' hush",
    '$' + '{a hush}',
    '[hush',
    '%hush',
    '@hush',
  ])('does not repeat the secret %s', (written) => {
    for (const text of [`password: ${written}\n`, `a: { user: u, token: ${written} }\n`]) {
      const { problems } = readSource(text, 'f.yaml', {});
      expect(problems).not.toEqual([]);
      expect(JSON.stringify(problems)).not.toContain('hush');
    }
  });
});
