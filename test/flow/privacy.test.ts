import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCategoryHash } from '../../src/config/privacy.ts';
import { appendsOf } from '../../src/flow/outbox.ts';
import { coarse, createPrivacy } from '../../src/flow/privacy.ts';
import { openedRecord } from '../../src/flow/sealed-letters.ts';
import { standInOf } from '../../src/flow/stand-ins.ts';
import { charColumns } from '../../src/profile/chars.ts';
import type { InputSpec } from '../../src/records.ts';
import { makeSpec } from '../console/records.ts';
import { openRuntime } from './runtime.ts';

const privacy = createPrivacy('a key 0123456789');
const other = createPrivacy('another key 0123456789');
const inputOf = (name: string, type: InputSpec['type'], sensitive = true): InputSpec => ({
  ...{ name, type, from: name, range: null, categories: null },
  ...(sensitive ? { sensitive } : {}),
});

describe('stand-ins', () => {
  it('of a category are 12 digits, the same for the same key and no other', () => {
    expect(isCategoryHash(privacy.hash('HIV'))).toBe(true);
    expect(privacy.hash('HIV')).toBe(createPrivacy('a key 0123456789').hash('HIV'));
    expect(privacy.hash('HIV')).not.toBe(other.hash('HIV'));
    expect(privacy.hash('HIV')).not.toBe(privacy.hash('HIV '));
  });

  it('of a text have its length and its characters by class, and nothing of it', () => {
    const classesOf = (text: string) => charColumns([text], Uint8Array.of(0)).map(({ values }) => values[0]);
    const hash = new Uint8Array(32).fill(200);
    const text = 'Äpfel & 12 Birnen,\t\u{1f600}\u{1d7d8}!';
    expect(standInOf(text, hash)).not.toMatch(/pfel|Birnen|12/);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (any) => {
        const made = standInOf(any, hash);
        expect([made.length, classesOf(made)]).toEqual([any.length, classesOf(any)]);
      }),
    );
    expect(standInOf('a'.repeat(10_000), hash)).toHaveLength(10_000);
  });

  it('of a number have three digits, and say that it is out of range but not how far', () => {
    expect([8_675_309, 37, -0.012345, 0].map((value) => coarse(value, null))).toEqual([
      8_680_000, 37, -0.0123, 0,
    ]);
    expect([-1e9, 101, 1e9, 99.96, 100].map((value) => coarse(value, [0, 100]))).toEqual([
      -1, 101, 101, 100, 100,
    ]);
  });

  it('take the place of sensitive inputs alone, in new columns', () => {
    const inputs = [
      inputOf('a', 'numeric'),
      inputOf('b', 'numeric', false),
      inputOf('c', 'categorical'),
      inputOf('d', 'text'),
      inputOf('e', 'embedding'),
    ];
    const state = Uint8Array.of(0, 0);
    const numbers = { kind: 'numeric' as const, values: Float64Array.of(1234.5, 2), state };
    const words = { kind: 'categorical' as const, codes: Int32Array.of(0, 1), dictionary: ['x', 'y'], state };
    const texts = { kind: 'text' as const, values: ['Ann 1', 'Ann 1'], state };
    const vectors = {
      ...{ kind: 'embedding' as const, dimensions: 1, places: Int32Array.of(0, 1), vectors: 2 },
      ...{ values: Float32Array.of(0.123456, 2), state },
    };
    const columns = [numbers, numbers, words, texts, vectors];
    const [a, b, c, d, e] = privacy.protect({ inputs }, columns);
    expect(d).toMatchObject({ values: [expect.stringMatching(/^[A-Za-z]{3} \d$/), expect.anything()] });
    expect(JSON.stringify(d)).not.toContain('Ann');
    expect(e).toMatchObject({ values: Float32Array.of(0.123, 2) });
    expect(a).toMatchObject({ values: Float64Array.of(1230, 2) });
    expect(b).toBe(numbers);
    expect(c).toMatchObject({ codes: words.codes, dictionary: [privacy.hash('x'), privacy.hash('y')] });
    expect([numbers.values[0], words.dictionary[0]]).toEqual([1234.5, 'x']);
  });
});

describe('seals', () => {
  it('open with the same key only, and not when they were changed', () => {
    const sealed = privacy.seal(Buffer.from('a secret'));
    expect(privacy.open(sealed).toString()).toBe('a secret');
    expect(sealed.includes('a secret')).toBe(false);
    expect(privacy.seal(Buffer.from('a secret'))).toEqual(sealed);
    expect(() => other.open(sealed)).toThrow(/another privacy.key/);
    sealed[sealed.length - 1]! ^= 1;
    expect(() => privacy.open(sealed)).toThrow(/another privacy.key/);
    expect(() => privacy.open(Buffer.from('plain'))).toThrow(/not sealed/);
  });

  it('stand in the fields of a request, deep ones too, and leave the rest', () => {
    const inputs = [
      { ...inputOf('a', 'text'), from: 'user.name' },
      inputOf('b', 'numeric', false),
      inputOf('c', 'text'),
    ];
    const request = { id: 1, user: { name: 'Ann', age: 3 }, b: 5 };
    const shown = privacy.sealFields({ inputs }, request) as { user: { name: { $sealed: string } } };
    expect(shown).toMatchObject({ id: 1, user: { age: 3 }, b: 5 });
    expect(shown).not.toHaveProperty('c');
    expect(privacy.open(Buffer.from(shown.user.name.$sealed, 'base64')).toString()).toBe('"Ann"');
    expect(request.user.name).toBe('Ann');
  });
});

describe('a dead letter of a service with sensitive inputs', () => {
  const spec = { ...makeSpec('fraud'), inputs: [inputOf('a', 'text')] };
  const letterOf = (value: Buffer) => ({
    ...{ offset: 7, code: 'json', stage: 'decode', message: 'quotes the secret' },
    record: {
      ...{ topic: 'in', partition: 0, offset: 7, timestampMs: 5, key: Buffer.from('who'), value },
      headers: { trace: Buffer.from('a trace') },
    },
  });

  it('keeps where it came from readable, and nothing else; it is whole with the key', async () => {
    const runtime = await openRuntime(undefined, { services: [spec], privacy });
    const letter = letterOf(Buffer.from('the secret'));
    const [append] = appendsOf(runtime, { type: 'dead', record: letter }, 'fraud');
    expect(append).toMatchObject({
      topic: 't.dead',
      headers: { 'x-error-message': 'not valid JSON', 'x-topic': 'in', 'x-offset': '7' },
    });
    expect(append!.headers).not.toHaveProperty('trace');
    const opened = openedRecord(privacy, { ...letter.record, value: append!.value! as Buffer });
    expect(opened).toMatchObject({
      key: letter.record.key,
      value: letter.record.value,
      headers: letter.record.headers,
    });
  });

  it('is cut before it is sealed, so that what is kept can be read', async () => {
    const runtime = await openRuntime(undefined, { services: [spec], privacy });
    const letter = letterOf(Buffer.alloc(2_000_000, 'y'));
    const [append] = appendsOf(runtime, { type: 'dead', record: letter }, 'fraud');
    expect(append!.headers).toMatchObject({ 'x-cut-from-bytes': '2000000' });
    expect(append!.value!.length).toBeLessThan(900_000);
    expect(openedRecord(privacy, { ...letter.record, value: append!.value! as Buffer }).value).toHaveLength(
      600_000,
    );
  });

  it('nobody runs such a service without a key', async () => {
    await expect(openRuntime(undefined, { services: [spec] })).rejects.toThrow(/fraud has sensitive inputs/);
  });
});
