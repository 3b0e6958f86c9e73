/** Answers the requests of one service as its configuration is: decodes, scores, writes to the log, and only then answers. */

import { createHash } from 'node:crypto';
import type { StreamDecoder } from '../decode/decoder.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Append, Batch, LogRecord, ModelSpec, ServiceSpec, StreamSpec } from '../records.ts';
import { ROUTED_HEADERS, type Route } from '../router/index.ts';
import type { Predicted, Predictor } from '../score/predictor.ts';
import { suggestionOf } from './answer.ts';
import { type Batcher, createBatcher } from './batcher.ts';
import { inputsOf, refusedInputs, refusedRecord } from './check.ts';
import {
  type Answered,
  type Asked,
  answeredOf,
  decide,
  decisionRecord,
  reviewRecord,
  routedDecisionOf,
  type Suggestion,
} from './decision.ts';
import type { Recent } from './recent.ts';
import { fieldOf, type RequestRecord } from './record.ts';
import { Refusal } from './refusal.ts';
import { whyNoImage } from './sniff.ts';

/** Long enough to catch what comes together, short beside the write to the log that every answer waits for. */
const BATCH_WAIT_MS = 2;
const BATCH_MAX = 32;
/** Larger records are written alone: one that the broker refuses for its size must not take others with it. */
const TOGETHER_BYTES_MAX = 100_000;

/** A request that has been read and routed. */
export interface Question {
  id: string;
  /** The bytes for the log, and what they say. */
  value: Buffer;
  record: RequestRecord;
  /** Whether its images came as files. */
  isUpload: boolean;
  route: Route;
  /** Of its record: who answers it. */
  headers: Record<string, string>;
  /** Of the table, for the level `partial`. */
  threshold: number | null;
  isBlind: boolean;
}

export interface EngineOptions {
  spec: ServiceSpec;
  stream: StreamSpec;
  decoder: StreamDecoder;
  predictor: Predictor;
  recent: Recent;
  topics: { decisions: string; review: string };
  /** A request as people are shown it, and a cause as logs are. */
  shownRequest(spec: ServiceSpec, record: RequestRecord): unknown;
  shownCause(spec: ServiceSpec, cause: string): string;
  /** A digest of a request as records carry it. */
  shownDigest(spec: ServiceSpec, digest: string): string;
  /** Resolves when all replicas have the records. */
  append(batch: readonly Append[]): Promise<void>;
  nowMs(): number;
  log(event: string, facts: object): void;
}

export interface Engine {
  readonly spec: ServiceSpec;
  /** Rejects with a `Refusal`. */
  ask(question: Question): Promise<Answered>;
  /** After the last answer. */
  close(): Promise<void>;
}

interface Waiting extends Question {
  digest: string;
  resolve(answer: Answered): void;
  reject(refusal: Refusal): void;
}

/** One that has an answer, and what goes to the log for it. */
interface Ready {
  waiting: Waiting;
  answer: Answered;
  /** For the topic `decisions`. */
  decision: Buffer;
  appends: Append[];
}

export function createEngine(options: EngineOptions): Engine {
  const { spec, stream, decoder, predictor, recent, log } = options;
  const batchers = new Map<string, Batcher<Waiting>>();

  const batcherOf = (version: string): Batcher<Waiting> => {
    const found = batchers.get(version);
    if (found !== undefined) return found;
    const made = createBatcher<Waiting>({
      max: BATCH_MAX,
      waitMs: BATCH_WAIT_MS,
      run: (items) => {
        const refuseAll = (refusal: Refusal): void => {
          for (const one of items) one.reject(refusal);
        };
        handle(version, items).catch((cause) => refuseAll(refusalOf(cause)));
      },
    });
    batchers.set(version, made);
    return made;
  };

  const refusalOf = (cause: unknown): Refusal => {
    if (cause instanceof Refusal) return cause;
    const isModel = cause instanceof TelltaleError && cause.code === 'model_failed';
    log('prediction_failed', { service: spec.service, cause: options.shownCause(spec, messageOf(cause)) });
    const what = isModel ? 'the model could not be run' : 'the request could not be handled';
    return new Refusal(isModel ? 'model_failed' : 'failed', what, 'see the log of the daemon', { cause });
  };

  const handle = async (version: string, items: readonly Waiting[]): Promise<void> => {
    const model = spec.models.find(({ name }) => name === version)!;
    const { batch, rows } = await decodeRows(items, model);
    if (rows.size === 0) return;
    const predicted = await predictor.predict(version, batch);
    const ready: Ready[] = [];
    for (const [row, waiting] of rows) {
      const found = judge(model, batch, predicted, row, waiting);
      if (found instanceof Refusal) waiting.reject(found);
      else ready.push(readyOf(waiting, found, batch.times[row]!));
    }
    await write(ready);
  };

  /** The rows that can be scored, by their number in the batch; the others are refused. */
  const decodeRows = async (
    items: readonly Waiting[],
    model: ModelSpec,
  ): Promise<{ batch: Batch; rows: Map<number, Waiting> }> => {
    const timestampMs = options.nowMs();
    const records = items.map(
      ({ id, value }, offset): LogRecord => ({
        topic: stream.topic,
        partition: 0,
        offset,
        timestampMs,
        key: Buffer.from(id),
        value,
        headers: {},
      }),
    );
    await decoder.prepare(records);
    const batch = decoder.decode(records);
    for (const { offset, code } of batch.dead) items[offset]!.reject(refusedRecord(code, stream.time));
    const rows = new Map<number, Waiting>();
    const needed = inputsOf(spec, model);
    for (let row = 0; row < batch.n; row++) {
      const waiting = items[batch.offsets[row]!]!;
      const refusal = refusedInputs(spec, needed, batch, row, waiting.record);
      if (refusal === null) rows.set(row, waiting);
      else waiting.reject(refusal);
    }
    return { batch, rows };
  };

  const judge = (
    model: ModelSpec,
    batch: Batch,
    predicted: Predicted,
    row: number,
    waiting: Waiting,
  ): Suggestion | Refusal => {
    for (const [index, bad] of predicted.badImages) {
      const column = batch.inputs[index]!;
      if (bad[row] !== 1 || column.kind !== 'image') continue;
      const field = fieldOf(spec.inputs[index]!);
      return new Refusal(
        waiting.isUpload ? 'not_an_image' : 'bad_input',
        `${field}: ${whyNoImage(column.bytes[row]!)}`,
        `give a whole JPEG or PNG as ${field}`,
      );
    }
    const suggestion = suggestionOf(spec, model, predicted.columns, row);
    if (suggestion !== null) return suggestion;
    log('row_not_scored', { service: spec.service, model: model.name });
    return new Refusal('model_failed', `the model ${model.name} gave no answer`, 'see the log of the daemon');
  };

  const readyOf = (waiting: Waiting, suggestion: Suggestion, timeMs: number): Ready => {
    const { id, value, digest, record, route, threshold, isBlind } = waiting;
    const { service } = spec;
    const decision = decide({ level: route.level, threshold, isBlind }, suggestion);
    const headers = { ...waiting.headers, [ROUTED_HEADERS.decided]: routedDecisionOf(decision) };
    const asked: Asked = { id, service, timeMs, digest, route };
    const told = decisionRecord(asked, suggestion, decision);
    const decided = json(told);
    const appends: Append[] = [
      { topic: stream.topic, key: id, value, headers },
      { topic: options.topics.decisions, key: id, value: decided },
    ];
    if (decision.review)
      appends.push({
        topic: options.topics.review,
        key: id,
        value: json(reviewRecord(asked, suggestion, decision, options.shownRequest(spec, record))),
      });
    return { waiting, appends, decision: decided, answer: answeredOf(told, route.shadows) };
  };

  const write = async (ready: readonly Ready[]): Promise<void> => {
    const isSmall = ({ waiting }: Ready): boolean => waiting.value.length <= TOGETHER_BYTES_MAX;
    const parts = [ready.filter(isSmall), ...ready.filter((one) => !isSmall(one)).map((one) => [one])];
    await Promise.all(
      parts.map(async (part) => {
        if (part.length === 0) return;
        try {
          await options.append(part.flatMap(({ appends }) => appends));
          for (const { waiting, answer, decision } of part) {
            recent.note(decision);
            waiting.resolve(answer);
          }
        } catch (cause) {
          const refusal = notWritten(cause);
          log('prediction_not_logged', {
            service: spec.service,
            cause: options.shownCause(spec, messageOf(cause)),
          });
          for (const { waiting } of part) waiting.reject(refusal);
        }
      }),
    );
  };

  return {
    spec,
    ask(question) {
      const { id, value, route } = question;
      const digest = options.shownDigest(spec, createHash('sha256').update(value).digest('hex'));
      const identity = { service: spec.service, id, digest, ...route };
      const known = recent.find(identity, route.shadows);
      if (known !== undefined) return known;
      const answer = new Promise<Answered>((resolve, reject) =>
        batcherOf(route.version).add({ ...question, digest, resolve, reject }),
      );
      recent.begin(identity, answer);
      return answer;
    },
    close: () => predictor.close(),
  };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function notWritten(cause: unknown): Refusal {
  if (/MESSAGE_TOO_LARGE|larger than the max message size/i.test(causesOf(cause)))
    return new Refusal(
      'too_large',
      'the broker takes no record of this size',
      'send less, or raise max.message.bytes of the topics of requests and review',
      { cause },
    );
  return new Refusal(
    'log_away',
    'the request is not on the log, so it is not answered',
    'send it again with the same id; it may have been written already',
    { cause },
  );
}

function causesOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 10; at = at.cause) {
    texts.push(at.message, String((at as { type?: unknown }).type ?? ''));
  }
  return texts.join(' ');
}
