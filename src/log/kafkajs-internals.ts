/**
 * The parts below kafkajs' public interface that Telltale uses. kafkajs is pinned to 2.2.4 and is not developed any
 * more, so they cannot move; what is used of them is typed here.
 */
import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { assert } from '../errors.ts';

const load = createRequire(import.meta.url);

/** A protocol error has the broker's name of it as `type`. */
export interface KafkajsError extends Error {
  type?: string;
}

export interface FetchedPartition {
  partition: number;
  highWatermark: string;
  abortedTransactions: { producerId: string; firstOffset: string }[];
  messages: KafkaMessage[];
}

export interface Broker {
  /** Of its requests, by their number. */
  versions: Record<number, { minVersion: number; maxVersion: number } | undefined>;
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
  offsetFetch(request: {
    groupId: string;
    topics: { topic: string; partitions: { partition: number }[] }[];
  }): Promise<{
    responses: {
      topic: string;
      partitions: { partition: number; offset: string; metadata: string | null }[];
    }[];
  }>;
  metadata(topics: string[]): Promise<{
    topicMetadata: { topic: string; topicErrorCode: number; partitionMetadata: { partitionId: number }[] }[];
  }>;
  offsetCommit(request: {
    groupId: string;
    memberId: string;
    groupGenerationId: number;
    topics: { topic: string; partitions: { partition: number; offset: string; metadata: string }[] }[];
  }): Promise<unknown>;
  findGroupCoordinator(request: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ coordinator: { nodeId: number } }>;
  joinGroup(request: { memberId: string }): Promise<unknown>;
  syncGroup(request: object): Promise<unknown>;
  heartbeat(request: object): Promise<unknown>;
  leaveGroup(request: object): Promise<unknown>;
  /** The newest version of a request that both sides know. */
  lookupRequest(apiKey: number, definition: unknown): (fields: object) => unknown;
}

export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  /** Node id of the leader -> its partitions; a partition that is not known is absent. */
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findBroker(options: { nodeId: string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(options: { groupId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: { topic: string; fromBeginning: boolean; partitions: { partition: number }[] }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

/** What a consumer hands out of one fetch of one partition: without control and aborted records. */
export interface FetchedBatch {
  topic: string;
  partition: number;
  highWatermark: string;
  /** The offset that was asked for. */
  fetchedOffset: string;
  messages: KafkaMessage[];
  /** Whether there were records, all of which are hidden. */
  isEmptyDueToFiltering(): boolean;
  /** Of all records, hidden ones too. */
  lastOffset(): string;
}

type GroupApi = 'JoinGroup' | 'SyncGroup' | 'Heartbeat' | 'LeaveGroup';

const apiKeys = load('kafkajs/src/protocol/requests/apiKeys.js') as Record<GroupApi, number>;
const { requests } = load('kafkajs/src/protocol/requests/index.js') as {
  requests: Record<GroupApi, unknown>;
};
const sendSymbol = Object.getOwnPropertySymbols(
  (load('kafkajs/src/broker/index.js') as { prototype: object }).prototype,
).find(({ description }) => description === 'private:Broker:sendRequest')!;

/** A method that kafkajs keeps to itself, which its types do not have. */
function sendRequest(broker: Broker, request: unknown): Promise<unknown> {
  const send = (broker as unknown as Record<symbol, (request: unknown) => Promise<unknown>>)[sendSymbol]!;
  return send.call(broker, request);
}

/** A request with fields that kafkajs' `Broker` does not pass on (`groupInstanceId`) or keeps to itself. */
export function groupRequest(broker: Broker, api: GroupApi, fields: object): Promise<unknown> {
  return sendRequest(broker, broker.lookupRequest(apiKeys[api], requests[api])(fields));
}

/** Writes a request; each call gives the encoder itself. */
export interface Encoder {
  writeArray(items: readonly string[]): Encoder;
  writeBoolean(value: boolean): Encoder;
}

/** Reads an answer from its begin on. */
export interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readBoolean(): boolean;
  readString(): string;
  readBytes(): Buffer | null;
  readArray<T>(read: (decoder: Decoder) => T): T[];
}

export const Encoder = load('kafkajs/src/protocol/encoder.js') as new () => Encoder;
const DecoderOf = load('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => Decoder;

/** Sends a request of a version that kafkajs does not know. */
export async function sendTo<T>(
  broker: Broker,
  request: {
    apiKey: number;
    apiVersion: number;
    apiName: string;
    body(): Encoder;
    read(decoder: Decoder): T;
  },
): Promise<T> {
  const { body, read, ...head } = request;
  const answer = await sendRequest(broker, {
    request: { ...head, encode: async () => body() },
    response: {
      decode: async (bytes: Buffer) => read(new DecoderOf(bytes)),
      parse: async (found: T) => found,
    },
  });
  return answer as T;
}

export const Batch = load('kafkajs/src/consumer/batch.js') as new (
  topic: string,
  fetchedOffset: string,
  partition: FetchedPartition,
) => FetchedBatch;

export interface RequestQueueClass {
  prototype: { pending: unknown[]; scheduleCheckPendingRequests(): void };
}

export const RequestQueue = load('kafkajs/src/network/requestQueue/index.js') as RequestQueueClass;

/** kafkajs' READ_COMMITTED. */
export const READ_COMMITTED = 1;

type CreateCluster = (options: {
  metadataMaxAge: number;
  allowAutoTopicCreation: boolean;
  isolationLevel: number;
}) => Cluster;

/** Connections of our own, made as kafkajs makes those of its consumers. */
export function createCluster(kafka: Kafka, metadataMaxAgeMs: number): Cluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  assert(symbol, 'kafkajs 2.2.4 is installed');
  const create = (kafka as unknown as Record<symbol, CreateCluster>)[symbol]!;
  return create({
    metadataMaxAge: metadataMaxAgeMs,
    allowAutoTopicCreation: false,
    isolationLevel: READ_COMMITTED,
  });
}
