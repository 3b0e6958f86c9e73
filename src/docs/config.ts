/** docs/reference/config.md: every key of the configuration, from the shapes that check it. */

import { jsonSchema } from '../cli/json-schema.ts';
import { made, table } from './markdown.ts';

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}
type Defs = Record<string, Schema>;

/** With what it refers to; what stands beside the reference goes first. */
function resolve(schema: Schema, defs: Defs): Schema {
  const { $ref, ...own } = schema;
  if ($ref === undefined) return schema;
  return { ...resolve(defs[$ref.slice('#/$defs/'.length)]!, defs), ...own };
}

const variantsOf = ({ anyOf, oneOf }: Schema): Schema[] => anyOf ?? oneOf ?? [];

function bounds({ minimum, maximum, exclusiveMinimum }: Schema): string {
  const least =
    exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : minimum !== undefined ? `${minimum}` : '';
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? `${maximum}` : '';
  if (least !== '' && most !== '') return `, ${least} to ${most}`;
  if (least !== '' && least !== String(Number.MIN_SAFE_INTEGER))
    return least.startsWith('above') ? `, ${least}` : `, ${least} or more`;
  return most === '' ? '' : `, at most ${most}`;
}

function typeOf(given: Schema, defs: Defs): string {
  const schema = resolve(given, defs);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${one}\``).join(', ');
  const variants = variantsOf(schema);
  if (variants.length > 0) return [...new Set(variants.map((one) => typeOf(one, defs)))].join(' or ');
  if (schema.type === 'array')
    return schema.prefixItems
      ? `[${schema.prefixItems.map((one) => typeOf(one, defs)).join(', ')}]`
      : `list of ${typeOf(schema.items ?? {}, defs)}`;
  if (schema.type === 'object') return schema.properties ? 'section' : 'names and values';
  if (schema.type === undefined) return 'any';
  const types = [schema.type].flat().map((type) => (type === 'string' ? 'text' : type));
  return types.join(' or ') + bounds(schema);
}

/** What a key has below it: [path, schema, whether it must be there]. */
function below(path: string, given: Schema, defs: Defs): [string, Schema, boolean][] {
  const schema = resolve(given, defs);
  const { properties, items, additionalProperties, required = [] } = schema;
  const own = Object.entries(properties ?? {}).map(([key, one]): [string, Schema, boolean] => [
    path === '' ? key : `${path}.${key}`,
    one,
    required.includes(key),
  ]);
  const inItems = items ? below(`${path}[]`, items, defs) : [];
  const inValues =
    typeof additionalProperties === 'object' ? below(`${path}.NAME`, additionalProperties, defs) : [];
  const inVariants = [...variantsOf(schema), ...(schema.allOf ?? [])].flatMap((one) =>
    below(path, one, defs),
  );
  return [...own, ...inItems, ...inValues, ...inVariants];
}

const spell = (value: unknown): string =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
    ? ''
    : `\`${typeof value === 'string' ? value || '""' : JSON.stringify(value)}\``;

/** All keys below one, each once: variants of a section share keys. */
function rowsBelow(path: string, schema: Schema, defs: Defs): string[][] {
  const found = new Map<string, { types: Set<string>; rest: string[] }>();
  const walk = (at: string, one: Schema, mustBe: boolean): void => {
    const { description = '', default: given } = resolve(one, defs);
    const must = mustBe && given === undefined ? 'must be given' : spell(given);
    const type = typeOf(one, defs);
    const known = found.get(at);
    if (known === undefined) found.set(at, { types: new Set([type]), rest: [must, description] });
    else known.types.add(type);
    for (const [key, inner, isNeeded] of below(at, one, defs)) walk(key, inner, isNeeded);
  };
  walk(path, schema, false);
  return [...found].map(([at, { types, rest }]) => [`\`${at}\``, [...types].join(' or '), ...rest]);
}

function pageOf(name: 'daemon' | 'service'): string {
  const schema = jsonSchema(name) as Schema;
  const defs = schema.$defs ?? {};
  return Object.entries(schema.properties ?? {})
    .map(([key, one]) => {
      const rows = rowsBelow(key, one, defs);
      if (schema.required?.includes(key)) rows[0]![2] = 'must be given';
      return `### ${key}\n\n${table(['key', 'value', 'default', 'meaning'], rows)}\n`;
    })
    .join('\n');
}

export const configMarkdown = (): string => `# Keys of the configuration

${made('the shapes of src/config')}

Every key that is read; another one is a fault. [Configuration](../configuration.md) says what they are for. \`NAME\` is a name that you choose, \`[]\` an entry of a
list. Times are written \`90s\`, \`5m\`, \`2h\`, \`30d\`. Any value may be \`\${NAME}\`, \`\${NAME:-default}\` or \`\${file:/run/secrets/x}\`. Editors get the same from \`telltale validate --schema service\` (and \`daemon\`).

## telltale.yaml

${pageOf('daemon')}
## services/NAME.yaml

${pageOf('service').trimEnd()}
`;
