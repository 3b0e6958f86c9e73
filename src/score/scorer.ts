import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { assert, messageOf, TelltaleError } from '../errors.ts';
import type { Batch, ImageMeasures, ModelSpec, Scored, ServiceSpec } from '../records.ts';
import { describeFaults, type FoundModel, modelFaults } from './check.ts';
import { type Host, openHost } from './host.ts';
import { decodeImages, newMeasures, type Size, sizeKey } from './images.ts';
import { type Chunk, planModel } from './plan.ts';
import { Primary } from './primary.ts';
import { Shadow } from './shadow.ts';
import type { ModelStats } from './stats.ts';

/** Rows of one run: enough to amortise the call, few enough that tensors stay in the processor's caches. */
const CHUNK_ROWS_MAX = 4096;
/** Rows of one run where images are decoded: each takes up to megabytes. */
const CHUNK_IMAGES_MAX = 64;

export interface Scorer {
  /** Rejects only if the primary failed (TelltaleError model_failed). */
  score(batch: Batch): Promise<Scored>;
  /** By model, in the order of ServiceSpec.models. */
  stats(): ScorerStats[];
  /**
   * Ends all threads and processes; a score() under way is answered or rejected. Close before process.exit(): to exit
   * while the primary is inside a run makes ONNX Runtime's binding abort (exit code 134).
   */
  close(): Promise<void>;
}

export type ScorerStats = Omit<ModelStats, 'runMs'> & { meanMsPerBatch: number };

export interface ScorerOptions {
  /** Threads of the primary plus one process for each shadow; the primary has one thread at least. */
  threadsMax: number;
  /** How long a batch waits for a shadow after the primary has answered; Infinity: for ever, as replays want. */
  shadowTimeoutMs: number;
  /** So many failed or late batches in a row switch a shadow off. */
  shadowFailuresMax: number;
  log?: (event: string, facts: object) => void;
}

/** An image input of the service and the sizes in which models want it. */
export interface ImagePlan {
  input: number;
  name: string;
  sizes: Size[];
}

/**
 * Loads the models of a service: the primary in threads, every shadow in a process of its own. Inputs and
 * outputs of all files are checked against the spec; rejects with model_missing or model_mismatch naming every
 * fault of every file. A service with image inputs and no models gets its images measured.
 */
export async function createScorer(spec: ServiceSpec, options: ScorerOptions): Promise<Scorer> {
  const log = options.log ?? ((): void => {});
  const hosts = await openChecked(spec);
  let primary: Primary | null = null;
  const shadows: Shadow[] = [];
  for (const [index, model] of spec.models.entries()) {
    const host = hosts[index]!;
    const plan = planModel(model, spec, host);
    if (model.role === 'primary') {
      assert(primary === null, 'a service has one primary');
      const more = Math.max(0, options.threadsMax - spec.models.length);
      const others = Array.from({ length: more }, () => openHost('thread', model.file));
      primary = new Primary(plan, [host, ...(await Promise.all(others))], log);
    } else {
      const { shadowTimeoutMs: timeoutMs, shadowFailuresMax: failuresMax } = options;
      shadows.push(new Shadow(plan, host, { timeoutMs, failuresMax, log }));
    }
  }
  return new ModelScorer(spec, primary, shadows);
}

/** A host for every model, or one error with all faults and nothing left running. */
async function openChecked(spec: ServiceSpec): Promise<Host[]> {
  const opened = await Promise.all(spec.models.map(open));
  const entries = opened.map(({ model, found }) => ({
    model,
    found,
    faults: modelFaults(model, spec, found),
  }));
  const faulty = entries.filter((entry) => entry.faults.length > 0);
  const hosts = opened.map((entry) => entry.host).filter((host) => host !== null);
  if (faulty.length === 0) return hosts;
  await Promise.all(hosts.map((host) => host.close()));
  const isMissing = faulty.every((entry) => entry.found.kind === 'missing');
  throw new TelltaleError(isMissing ? 'model_missing' : 'model_mismatch', describeFaults(entries));
}

async function open(model: ModelSpec): Promise<{ model: ModelSpec; host: Host | null; found: FoundModel }> {
  try {
    await access(model.file, constants.R_OK);
  } catch {
    return { model, host: null, found: { kind: 'missing' } };
  }
  try {
    const host = await openHost(model.role === 'primary' ? 'thread' : 'process', model.file);
    return { model, host, found: { kind: 'ready', inputs: host.inputs, outputs: host.outputs } };
  } catch (error) {
    return { model, host: null, found: { kind: 'unreadable', message: messageOf(error) } };
  }
}

/** The image inputs of a service, with the sizes that its models want. */
export function planImages(spec: Pick<ServiceSpec, 'inputs' | 'models'>): ImagePlan[] {
  return spec.inputs.flatMap((input, index) => {
    if (input.type !== 'image') return [];
    const sizes = new Map<string, Size>();
    for (const tensor of spec.models.flatMap((model) => model.tensors)) {
      if (tensor.kind !== 'image' || tensor.input !== input.name) continue;
      const { width, height } = tensor;
      sizes.set(sizeKey(tensor), { width, height });
    }
    return [{ input: index, name: input.name, sizes: [...sizes.values()] }];
  });
}

class ModelScorer implements Scorer {
  readonly #spec: ServiceSpec;
  readonly #primary: Primary | null;
  readonly #shadows: Shadow[];
  readonly #images: ImagePlan[];

  constructor(spec: ServiceSpec, primary: Primary | null, shadows: Shadow[]) {
    this.#spec = spec;
    this.#primary = primary;
    this.#shadows = shadows;
    this.#images = planImages(spec);
  }

  async score(batch: Batch): Promise<Scored> {
    const measures = this.#images.map((image) => newMeasures(image.name, batch.n));
    const primaryTurn = this.#primary?.begin(batch.n);
    const turns = this.#shadows.map((shadow) => shadow.begin(batch.n));
    const scoreChunk = async (from: number, to: number): Promise<void> => {
      const chunk = await this.#decode(batch, from, to, measures);
      const answered = primaryTurn && this.#primary!.score(primaryTurn, chunk);
      const offers = this.#shadows.map((shadow, index) => {
        const turn = turns[index];
        return turn ? shadow.offer(turn, chunk) : null;
      });
      await answered;
      await Promise.all(
        offers.map((offer, index) => offer && this.#shadows[index]!.collect(turns[index]!, offer)),
      );
    };
    try {
      await this.#eachChunk(batch.n, scoreChunk);
    } catch (error) {
      // What the shadows still say of this batch is of no use to anybody.
      for (const turn of turns) if (turn) turn.state = 'late';
      if (this.#primary) this.#primary.stats.failures++;
      throw error;
    }
    const shadowColumns = this.#shadows.map((shadow, index) => {
      const turn = turns[index];
      return turn ? shadow.finish(turn, batch.n) : null;
    });
    const models = this.#spec.models.map((model) =>
      model.role === 'primary' ? this.#primary!.finish(primaryTurn!, batch.n) : shadowColumns.shift()!,
    );
    return { models, images: measures };
  }

  stats(): ScorerStats[] {
    const shadows = this.#shadows.map((shadow) => shadow.stats);
    return this.#spec.models.map((model) => {
      const stats = model.role === 'primary' ? this.#primary!.stats : shadows.shift()!;
      const { runMs, ...counts } = stats;
      return { ...counts, meanMsPerBatch: counts.batches === 0 ? 0 : runMs / counts.batches };
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary?.close(), ...this.#shadows.map((shadow) => shadow.close())]);
  }

  /** As many chunks at once as the primary has threads; no more, since each holds its tensors. */
  async #eachChunk(n: number, scoreChunk: (from: number, to: number) => Promise<void>): Promise<void> {
    const size = this.#images.length > 0 ? CHUNK_IMAGES_MAX : CHUNK_ROWS_MAX;
    let next = 0;
    const takeChunks = async (): Promise<void> => {
      while (next < n) {
        const from = next;
        next = Math.min(n, from + size);
        try {
          await scoreChunk(from, next);
        } catch (error) {
          next = n;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: this.#primary?.threads ?? 1 }, takeChunks));
  }

  async #decode(batch: Batch, from: number, to: number, measures: ImageMeasures[]): Promise<Chunk> {
    const chunk: Chunk = { batch, from, to, images: new Map() };
    for (const [index, { input, name, sizes }] of this.#images.entries()) {
      const column = batch.inputs[input]!;
      assert(column.kind === 'image', `input ${name} is an image column`);
      chunk.images.set(input, await decodeImages(column, from, to, sizes, measures[index]!));
    }
    return chunk;
  }
}
