/** docs/reference/topics.md. */

import { made, table } from './markdown.ts';
import { retentionOf, TOPICS, type TopicEntry, type TopicName } from './topic-table.ts';

const entries = Object.entries(TOPICS) as [TopicName, TopicEntry][];

const valueText = ({ schemas, value }: TopicEntry): string =>
  value ?? schemas.map((name) => `[\`${name}.avsc\`](../../schemas/${name}.avsc)`).join(', ');

const rowsOf = (isPublic: boolean): string[][] =>
  entries
    .filter(([, entry]) => entry.isPublic === isPublic)
    .map(([name, entry]) => [`\`${name}\``, entry.what, entry.key, valueText(entry), retentionOf(name)]);

const HEAD = ['topic', 'what it has', 'key', 'value', 'kept'];

export const topicsMarkdown = (): string => `# Topics

${made('src/docs/topic-table.ts and src/config/topics.ts')}

Names carry \`topics.prefix\` (\`telltale.\`). The same for programs is [asyncapi.yaml](asyncapi.yaml), AsyncAPI 3.0.

## Public

Build on these. Avro values are bare without a schema registry, and have its header (0 and 4 bytes of the id) with one; new fields have
defaults. With \`topics.cloudevents\` records of Avro have the headers of CloudEvents too.

${table(HEAD, rowsOf(true))}

## Internal

These change with any version; nothing but Telltale is to read or write them. They are named here for those who set quotas, rights and disks.

${table(HEAD, rowsOf(false))}
`;
