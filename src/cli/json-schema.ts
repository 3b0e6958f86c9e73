import { z } from 'zod';
import { daemonShape } from '../config/daemon-shape.ts';
import { serviceShape } from '../config/service-shape.ts';
import { testFileShape } from './test/shape.ts';

const SHAPES = { service: serviceShape, daemon: daemonShape, test: testFileShape } as const;
export type SchemaName = keyof typeof SHAPES;
export const SCHEMA_NAMES = Object.keys(SHAPES) as readonly SchemaName[];

/** Where the committed text of each schema stands, below `schemas/config`. */
export const SCHEMA_FILES: Readonly<Record<SchemaName, string>> = {
  service: 'service.json',
  daemon: 'telltale.json',
  test: 'test.json',
};

/** An editor sees what stands for the environment, `${NAME}`, and not what it will be. */
const PLACEHOLDER = '\\$\\{';

/** JSON Schema (2020-12) of what people write, for editors. */
export const jsonSchema = (name: SchemaName): object =>
  z.toJSONSchema(SHAPES[name], {
    io: 'input',
    reused: 'ref',
    override: ({ jsonSchema }) => {
      for (const schema of [jsonSchema, ...(jsonSchema.allOf ?? [])])
        if (schema.pattern?.startsWith(PLACEHOLDER) === false)
          schema.pattern = `${PLACEHOLDER}|${schema.pattern}`;
    },
  });
