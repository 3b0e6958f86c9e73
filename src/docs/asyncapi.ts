/** docs/reference/asyncapi.yaml: AsyncAPI 3.0 of the topics, https://www.asyncapi.com/docs/reference/specification/v3.0.0 */

import { stringify } from 'yaml';
import { TOPICS, type TopicEntry, type TopicName } from './topic-table.ts';

const AVRO = 'application/vnd.apache.avro+json;version=1.9.0';
const STREAMS: Record<string, string> = {
  requests: 'What a service is asked.',
  predictions: 'What another system answers.',
  labels: 'The truth about requests, or what people decided.',
  feedback: 'What users did with the answers.',
};

const idOf = (name: string): string => name.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
/** Documents of AsyncAPI are read without links of Markdown. */
const plain = (text: string): string => text.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '');

const keyOf = (key: string) => ({ kafka: { key: { type: 'string', description: plain(key) } } });

function messagesOf(
  name: TopicName,
  { schemas, value, contentType, key }: TopicEntry,
): Record<string, object> {
  const bindings = keyOf(key);
  if (schemas.length === 0) {
    const isJson = contentType === 'application/json';
    const payload = { description: plain(value ?? ''), ...(isJson ? { type: 'object' } : {}) };
    return { [idOf(name)]: { contentType, payload, bindings } };
  }
  return Object.fromEntries(
    schemas.map((schema) => [
      schema,
      {
        contentType,
        payload: { schemaFormat: AVRO, schema: { $ref: `../../schemas/${schema}.avsc` } },
        bindings,
      },
    ]),
  );
}

function channelOf([name, entry]: [TopicName, TopicEntry]): [string, object] {
  const parameters = { prefix: { default: 'telltale.', description: 'topics.prefix of the configuration' } };
  const description = `${entry.what}${entry.isPublic ? '' : ' Internal: changes with any version.'}`;
  return [
    idOf(name),
    { address: `{prefix}${name}`, description, parameters, messages: messagesOf(name, entry) },
  ];
}

const inputChannel = ([name, description]: [string, string]): [string, object] => [
  name,
  {
    address: null,
    description: `${description} The topic and its encoding, JSON or Avro, are what streams.${name} of the service says.`,
    messages: { [name]: { payload: { description: 'fields as the service file names them' } } },
  },
];

const operation = (action: 'send' | 'receive', channel: string): [string, object] => [
  `${action}${channel[0]!.toUpperCase()}${channel.slice(1)}`,
  { action, channel: { $ref: `#/channels/${channel}` } },
];

/** The document as a value. */
export function asyncApi(): Record<string, unknown> {
  const topics = Object.entries(TOPICS) as [TopicName, TopicEntry][];
  const inputs = Object.entries(STREAMS);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Telltale',
      version: '0.1.0',
      description: 'Topics that Telltale reads and writes; actions are those of Telltale.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries([...inputs.map(inputChannel), ...topics.map(channelOf)]),
    operations: Object.fromEntries([
      ...inputs.map(([name]) => operation('receive', name)),
      ...topics.flatMap(([name, { actions }]) => actions.map((action) => operation(action, idOf(name)))),
    ]),
  };
}

export const asyncApiYaml = (): string =>
  `# Made from src/docs/topic-table.ts by \`npm run docs\`; a test compares.\n${stringify(asyncApi(), { lineWidth: 0 })}`;
