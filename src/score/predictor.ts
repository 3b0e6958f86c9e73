import { messageOf, TelltaleError } from '../errors.ts';
import {
  type Batch,
  CELL_INVALID,
  CELL_OK,
  type ModelSpec,
  type OutputColumn,
  type ServiceSpec,
} from '../records.ts';
import { modelFaults } from './check.ts';
import { type Host, openHost } from './host.ts';
import { type DecodedImages, decodeImages, newMeasures } from './images.ts';
import { type ModelPlan, newColumns, planModel, planRun, readReply, scorableRows } from './plan.ts';
import { planImages } from './scorer.ts';

/** What one model says of a batch. */
export interface Predicted {
  /** In the order of ServiceSpec.outputs; rows that the model could not score are CELL_INVALID or CELL_MISSING. */
  columns: OutputColumn[];
  /** By index of the input: 1 where its bytes are no image that can be read. */
  badImages: Map<number, Uint8Array>;
}

/** Answers with one model of a service at a time. */
export interface Predictor {
  /** Rejects with `model_failed` when the model cannot be loaded or none of the rows could be scored. */
  predict(model: string, batch: Batch): Promise<Predicted>;
  /** Ends the sessions; whatever runs is answered or rejected. */
  close(): Promise<void>;
}

interface Session {
  host: Host;
  plan: ModelPlan;
}

/**
 * Sessions beside those of the scorer: a fold that catches up runs thousands of rows at once, and somebody waits for this answer. A model
 * is loaded by the first request for it and stays, so that a switch back costs nothing. As in the scorer, the primary has a thread and others have
 * a process, which may crash alone.
 */
export function createPredictor(
  spec: ServiceSpec,
  log: (event: string, facts: object) => void = () => {},
): Predictor {
  const sessions = new Map<string, Promise<Session>>();
  let isClosed = false;

  const sessionOf = async (model: ModelSpec): Promise<Session> => {
    const before = sessions.get(model.name);
    // One that could not be opened is tried again: the file may be there by now.
    const session = await before?.catch(() => null);
    if (session?.host.alive === true) return session;
    if (isClosed) throw new Error('the models are closed');
    // Another request may have opened it meanwhile.
    const now = sessions.get(model.name);
    if (now !== undefined && now !== before) return now;
    if (session) log('model_restarted', { model: model.name, role: 'prediction' });
    const opened = open(model, spec);
    opened.catch(() => {});
    sessions.set(model.name, opened);
    return opened;
  };

  return {
    async predict(name, batch) {
      const model = spec.models.find((one) => one.name === name);
      if (model === undefined) throw new TelltaleError('model_failed', `no model \`${name}\``);
      try {
        return await run(await sessionOf(model), spec, model, batch);
      } catch (cause) {
        const message = `model \`${name}\`, file ${model.file}: ${messageOf(cause)}`;
        throw new TelltaleError('model_failed', message, { cause });
      }
    },
    async close() {
      isClosed = true;
      const opened = await Promise.all([...sessions.values()].map((session) => session.catch(() => null)));
      await Promise.all(opened.map((session) => session?.host.close()));
    },
  };
}

async function open(model: ModelSpec, service: ServiceSpec): Promise<Session> {
  const host = await openHost(model.role === 'primary' ? 'thread' : 'process', model.file, 'prompt');
  const { inputs, outputs } = host;
  // The scorer has checked the file, which may have been replaced since.
  const faults = modelFaults(model, service, { kind: 'ready', inputs, outputs });
  if (faults.length > 0) {
    await host.close();
    throw new Error(faults.join('; '));
  }
  // Rows are of different callers: one that fails must fail alone.
  return { host, plan: { ...planModel(model, service, host), isolate: true } };
}

async function run(
  { host, plan }: Session,
  spec: ServiceSpec,
  model: ModelSpec,
  batch: Batch,
): Promise<Predicted> {
  const { n } = batch;
  const images = new Map<number, DecodedImages>();
  const badImages = new Map<number, Uint8Array>();
  for (const { input, name, sizes } of planImages({ inputs: spec.inputs, models: [model] })) {
    const column = batch.inputs[input]!;
    if (sizes.length === 0 || column.kind !== 'image') continue;
    const decoded = await decodeImages(column, 0, n, sizes, newMeasures(name, n));
    images.set(input, decoded);
    const isBad = (state: number, row: number) => state === CELL_INVALID && column.state[row] === CELL_OK;
    badImages.set(
      input,
      Uint8Array.from(decoded.state, (state, row) => (isBad(state, row) ? 1 : 0)),
    );
  }
  const columns = newColumns(plan, n);
  const chunk = { batch, from: 0, to: n, images };
  const rows = scorableRows(plan, chunk);
  if (rows.length > 0) readReply(plan, await host.run(planRun(plan, chunk, rows)), rows, columns);
  return { columns, badImages };
}
