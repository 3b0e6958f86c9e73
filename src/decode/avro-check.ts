import { parseSchema, skipValue } from './avro-schema.ts';
import { aim, createCursor } from './cursor.ts';

/**
 * Whether bytes are one whole value of a schema. avsc trusts counts, so that a few broken bytes may keep it busy for
 * minutes or take all memory; what passes here it reads in time and memory proportional to its length.
 */
export function createAvroCheck(schemaJson: string): (bytes: Buffer) => boolean {
  const { shape } = parseSchema(schemaJson);
  const cursor = createCursor();
  return (bytes) => {
    aim(cursor, bytes, 0);
    skipValue(cursor, shape);
    return !cursor.bad && cursor.pos === cursor.end;
  };
}
