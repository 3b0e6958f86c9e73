import { z } from 'zod';
import { daemonShape } from './daemon-shape.ts';
import { serviceShape } from './service-shape.ts';

export const SCHEMA_NAMES = ['service', 'daemon'] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

/** JSON Schema (2020-12) of what people write, for editors. */
export function jsonSchema(name: SchemaName): object {
  return z.toJSONSchema(name === 'service' ? serviceShape : daemonShape, { io: 'input' });
}
