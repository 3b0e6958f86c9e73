/** What the inputs of a batch of requests feed. */

import type { CategoricalParameters } from '../profile/categorical.ts';
import { charColumns } from '../profile/chars.ts';
import { normsOf } from '../profile/embedding.ts';
import { hashesOf, idHashes } from '../profile/hashes.ts';
import { type JointParameters, jointParametersOf, standardized } from '../profile/joint.ts';
import type { NumericParameters } from '../profile/numeric.ts';
import { categoricalParametersOf, numericParametersOf, tracksOfInput } from '../profile/tracks.ts';
import {
  type Batch,
  type CategoricalColumn,
  type Column,
  IMAGE_MEASURES,
  type ImageMeasures,
  type InputSpec,
  type ServiceSpec,
  type TextColumn,
} from '../records.ts';
import { type Feed, feedKey } from './feeds.ts';

/** Of a service, what does not depend on a batch. */
interface InputPlan {
  numeric: Map<string, NumericParameters>;
  categorical: Map<string, CategoricalParameters>;
  /** Null: there is nothing to standardize by. */
  joint: JointParameters | null;
}

const plans = new WeakMap<ServiceSpec, InputPlan>();

function planOf(spec: ServiceSpec): InputPlan {
  let plan = plans.get(spec);
  if (plan === undefined) {
    plan = { numeric: new Map(), categorical: new Map(), joint: jointParametersOf(spec) };
    for (const { track, kind } of spec.inputs.flatMap(tracksOfInput)) {
      if (kind === 'numeric') plan.numeric.set(track, numericParametersOf(spec, track));
      else plan.categorical.set(track, categoricalParametersOf(spec, track));
    }
    plans.set(spec, plan);
  }
  return plan;
}

/** The numeric series of a batch, by track. */
type Series = Map<string, { values: Float64Array; states: Uint8Array }>;

/** @param images measures of the image inputs; an input without them is left out */
export function inputFeeds(
  spec: ServiceSpec,
  batch: Pick<Batch, 'inputs' | 'ids'>,
  images: readonly ImageMeasures[],
): Feed[] {
  const plan = planOf(spec);
  const series: Series = new Map();
  const feeds: Feed[] = [];
  let ids: Uint32Array | null = null;
  const values = (input: InputSpec, column: CategoricalColumn | TextColumn): void => {
    ids ??= idHashes(batch.ids);
    feeds.push(...valueFeeds(input.name, column, ids));
  };
  spec.inputs.forEach((input, i) => {
    const column = batch.inputs[i]!;
    const own = seriesOf(input, column, images);
    for (const [track, { values, states }] of own) {
      const parameters = plan.numeric.get(track)!;
      feeds.push({ key: feedKey('input', '', track), kind: 'numeric', parameters, values, states });
      series.set(track, { values, states });
    }
    if (column.kind === 'embedding') {
      feeds.push({ key: feedKey('embedding', '', input.name), kind: 'embedding', column });
    }
    if (column.kind === 'text') {
      const columns = charColumns(column.values, column.state);
      feeds.push({ key: feedKey('chars', '', input.name), kind: 'counters', columns });
      values(input, column);
    }
    if (column.kind === 'categorical') {
      feeds.push({
        key: feedKey('input', '', input.name),
        kind: 'categorical',
        parameters: plan.categorical.get(input.name)!,
        codes: column.codes,
        dictionary: column.dictionary,
        states: column.state,
      });
      // Declared categories are never dropped: their counts say it all.
      if (input.categories === null) values(input, column);
    }
  });
  if (plan.joint !== null) feeds.push(...jointFeed(plan.joint, series));
  return feeds;
}

function valueFeeds(name: string, column: CategoricalColumn | TextColumn, ids: Uint32Array): Feed[] {
  const hashed = hashesOf(column);
  return [
    { key: feedKey('distinct', '', name), kind: 'distinct', hashed },
    { key: feedKey('heavy', '', name), kind: 'heavy', ids, hashed },
  ];
}

function seriesOf({ name }: InputSpec, column: Column, images: readonly ImageMeasures[]): Series {
  switch (column.kind) {
    case 'numeric':
      return new Map([[name, { values: column.values, states: column.state }]]);
    case 'categorical':
      return new Map();
    case 'text': {
      const values = Float64Array.from(column.values, (text) => text?.length ?? 0);
      return new Map([[`${name}.length`, { values, states: column.state }]]);
    }
    case 'embedding':
      return new Map([[`${name}.norm`, { values: normsOf(column), states: column.state }]]);
    case 'image': {
      const measures = images.find((image) => image.input === name);
      if (measures === undefined) return new Map();
      return new Map(
        IMAGE_MEASURES.map((measure) => [
          `${name}.${measure}`,
          { values: measures[measure], states: measures.state },
        ]),
      );
    }
  }
}

/** None where a series is absent: its image input was not decoded. */
function jointFeed(parameters: JointParameters, series: Series): Feed[] {
  const columns: Int16Array[] = [];
  for (const [i, track] of parameters.tracks.entries()) {
    const own = series.get(track);
    if (own === undefined) return [];
    columns.push(standardized(own.values, own.states, parameters.means[i]!, parameters.stds[i]!));
  }
  return [{ key: feedKey('joint', '', ''), kind: 'joint', parameters, columns }];
}
