/**
 * Models that trainings gave, as shadows of their services. The configuration is not touched: what a training reports is a record of the topic `retrain`, which
 * every instance reads and lays over the configuration that it was given.
 */

import { resolve } from 'node:path';
import { digestOf } from '../config/digest.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Log } from '../log/port.ts';
import { MODEL_NAME, type Retrain, type ServiceSpec, type TrainedModel } from '../records.ts';
import { readThrough } from './read-through.ts';
import type { FlowLogger } from './runtime.ts';
import { decodePublic } from './wire.ts';

/** Throws a TelltaleError that says what is wrong. */
export function trainedModel(file: string, name: string): TrainedModel {
  if (file === '') throw new TelltaleError('usage', 'model.file is missing: the path of the new model');
  if (name !== '' && !MODEL_NAME.test(name))
    throw new TelltaleError('usage', `'${name}' is no name of letters, digits, dots, - and _`);
  return { file, name };
}

/** The newest training of a service that gave a model. */
type Trained = Pick<Retrain, 'retrainId' | 'atMs'> & { model: TrainedModel };

const shadowName = ({ retrainId, model }: Trained): string =>
  model.name || `retrained-${retrainId.slice(0, 8)}`;

/**
 * The spec with the model as one more shadow, bound as the primary is. As it was where the configuration does not want it, or has a model of that file itself:
 * what it says of it holds. The digest is another one, so that results and instances say what they are of.
 * @param dir to which paths of the configuration are relative
 * @throws TelltaleError where the name is that of another model
 */
export function withShadow(spec: ServiceSpec, trained: Trained, dir: string): ServiceSpec {
  const [primary] = spec.models;
  const file = resolve(dir, trained.model.file);
  if (spec.retrain?.shadow !== true || primary === undefined) return spec;
  if (spec.models.some((model) => model.file === file)) return spec;
  const name = shadowName(trained);
  if (!MODEL_NAME.test(name) || spec.models.some((model) => model.name === name))
    throw new TelltaleError('config_invalid', `the name '${name}' is taken, or no name for a model`);
  const { tensors, outputs } = primary;
  return {
    ...spec,
    models: [...spec.models, { name, role: 'shadow', file, tensors, outputs }],
    digest: digestOf({ digest: spec.digest, shadow: { name, file: trained.model.file } }),
  };
}

export interface TrainedShadows {
  /** Reads what the topic `retrain` holds. */
  load(log: Log, topic: string, framed: boolean): Promise<void>;
  /** Whether the record gives a service another shadow. Records may come in any order, and again. */
  note(record: Retrain): boolean;
  /** The services with their shadows. A model that does not fit is left out with a warning. */
  over(services: readonly ServiceSpec[], dir: string): Promise<ServiceSpec[]>;
}

const isNewer = (a: Trained, b: Trained): boolean =>
  a.atMs > b.atMs || (a.atMs === b.atMs && a.retrainId > b.retrainId);

/** @param check rejects where the models of a spec cannot be opened */
export function createTrainedShadows(
  check: (spec: ServiceSpec) => Promise<void>,
  logger: FlowLogger,
): TrainedShadows {
  const newest = new Map<string, Trained>();

  const note = ({ service, state, retrainId, atMs, model }: Retrain): boolean => {
    if (state !== 'done' || !model) return false;
    const found = { retrainId, atMs, model };
    const known = newest.get(service);
    if (known !== undefined && !isNewer(found, known)) return false;
    newest.set(service, found);
    return true;
  };

  const overOne = async (spec: ServiceSpec, dir: string): Promise<ServiceSpec> => {
    const trained = newest.get(spec.service);
    if (trained === undefined) return spec;
    const { retrainId, model } = trained;
    try {
      const shadowed = withShadow(spec, trained, dir);
      if (shadowed === spec) return spec;
      await check(shadowed);
      const facts = {
        service: spec.service,
        retrainId,
        model: shadowed.models.at(-1)!.name,
        file: model.file,
      };
      logger.info(facts, 'the model of a training is a shadow');
      return shadowed;
    } catch (cause) {
      const facts = { service: spec.service, retrainId, file: model.file, cause: messageOf(cause) };
      logger.warn(facts, 'the model of a training does not become a shadow; the service goes on without it');
      return spec;
    }
  };

  return {
    note,
    async load(log, topic, framed) {
      const partitions = (await log.partitions([topic])).get(topic) ?? 0;
      for (let partition = 0; partition < partitions; partition++) {
        const { first, next } = await log.ends(topic, partition);
        const range = { topic, partition, from: first, to: next - 1 };
        await readThrough(
          log,
          range,
          async () => {},
          ({ value }) => {
            try {
              if (value !== null) note(decodePublic<Retrain>('retrain', value, framed));
            } catch {
              // Bytes of somebody else: the sinks put them aside.
            }
          },
        );
      }
    },
    over: (services, dir) => Promise.all(services.map((spec) => overOne(spec, dir))),
  };
}
