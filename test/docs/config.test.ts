import { describe, expect, it } from 'vitest';
import { jsonSchema, SCHEMA_NAMES } from '../../src/cli/json-schema.ts';

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  description?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
}

/** Paths of all keys below a schema that say nothing of themselves, from its top or from a definition. */
function silentKeys(schema: Schema): string[] {
  const defs = schema.$defs ?? {};
  const say = ({ description, $ref }: Schema): string =>
    description ?? ($ref === undefined ? '' : say(defs[$ref.slice('#/$defs/'.length)]!));
  const below = (at: string, value: unknown): string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([word, inner]) =>
          word === 'properties' ? keys(at, inner) : below(at, inner),
        );
  const keys = (at: string, properties: Record<string, Schema>): string[] =>
    Object.entries(properties).flatMap(([key, one]) => {
      const path = at === '' ? key : `${at}.${key}`;
      return [...(say(one) === '' ? [path] : []), ...below(path, one)];
    });
  return below('', schema);
}

describe('keys of the configuration', () => {
  it.each(SCHEMA_NAMES)('%s: each says what it is, for editors and the reference', (name) => {
    expect(silentKeys(jsonSchema(name)), "give them '.describe(...)' in their shape").toEqual([]);
  });

  it('one that is silent is found, behind a reference too', () => {
    const told = { description: 'what it is' };
    const schema = {
      properties: { a: { $ref: '#/$defs/b' }, c: told },
      $defs: { b: { items: { properties: { d: {} } } } },
    };
    expect(silentKeys(schema)).toEqual(['a', 'd']);
  });
});
