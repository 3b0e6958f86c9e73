import { z } from 'zod';
import { daemonShape } from '../config/daemon-shape.ts';
import { serviceShape } from '../config/service-shape.ts';
import { testFileShape } from './test/shape.ts';

const SHAPES = { service: serviceShape, daemon: daemonShape, test: testFileShape } as const;
export type SchemaName = keyof typeof SHAPES;
export const SCHEMA_NAMES = Object.keys(SHAPES) as readonly SchemaName[];

/** JSON Schema (2020-12) of what people write, for editors. */
export const jsonSchema = (name: SchemaName): object => z.toJSONSchema(SHAPES[name], { io: 'input' });
