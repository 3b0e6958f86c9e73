import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STORIES } from '../../src/demo/stories/index.ts';
import { type Told, tell } from './support.ts';

const FOLDER = resolve(import.meta.dirname, '../../config/services');

type Feature = string | { input: string; one_hot?: string[]; ordinal?: string[] };
interface ServiceFile {
  service: string;
  streams: Record<string, Record<string, unknown>>;
  inputs: Record<string, { type: string; range?: [number, number]; categories?: string[] }>;
  outputs: Record<string, { classes?: string[] }>;
  models: {
    file: string;
    inputs: Record<string, Feature[] | { width: number; height: number; channels: number }>;
    outputs: Record<string, Record<string, string>>;
  }[];
  rules: { name: string }[];
  retrain: { on: string[] };
}

describe.each(STORIES.map((story) => ({ name: story.service, story })))(
  'config of $name',
  ({ name, story }) => {
    const service = parse(readFileSync(resolve(FOLDER, `${name}.yaml`), 'utf8')) as ServiceFile;
    let told: Told;
    beforeAll(async () => {
      told = await tell(story, 6);
    }, 30_000);

    it('names the streams and inputs that the story has', () => {
      expect(service.service).toBe(name);
      const streams = new Set(told.records.map(({ stream }) => stream));
      expect(new Set(Object.keys(service.streams))).toEqual(streams);
      const { id: _id, time: _time, ...inputs } = told.bodies.requests[0]!;
      expect(new Set(Object.keys(service.inputs))).toEqual(new Set(Object.keys(inputs)));
    });

    it('allows every value that the story sends', () => {
      for (const [input, { range, categories }] of Object.entries(service.inputs)) {
        const values = new Set(told.bodies.requests.map((body) => body[input]));
        if (categories)
          expect([...values].filter((value) => !categories.includes(value as string))).toEqual([]);
        if (!range) continue;
        const outside = [...values].filter(
          (value) => !(range[0] <= Number(value) && Number(value) <= range[1]),
        );
        expect(outside, input).toEqual([]);
      }
    });

    it('reads the fields that labels and predictions have', () => {
      for (const stream of ['labels', 'predictions'] as const) {
        const fields = (service.streams[stream]?.fields ?? {}) as Record<string, string>;
        for (const [output, path] of Object.entries(fields)) {
          expect(told.bodies[stream].every((body) => path in body)).toBe(true);
          const classes = service.outputs[output]?.classes;
          if (classes)
            expect(new Set(told.bodies[stream].map((body) => body[path]))).toEqual(new Set(classes));
        }
      }
      const kinds = Object.values((service.streams.feedback?.kinds ?? {}) as Record<string, string>);
      expect(new Set(told.bodies.feedback.map(({ kind }) => kind))).toEqual(new Set(kinds));
    });

    it('asks for retraining by rules that exist', () => {
      const rules = service.rules.map((rule) => rule.name);
      expect(service.retrain.on.filter((rule) => !rules.includes(rule))).toEqual([]);
    });

    it('binds the inputs and outputs of its model files, in their widths', async () => {
      for (const model of service.models) {
        const session = await InferenceSession.create(resolve(FOLDER, model.file));
        expect(Object.keys(model.inputs)).toEqual([...session.inputNames]);
        const [metadata] = session.inputMetadata;
        const shape = metadata?.isTensor ? [...metadata.shape].slice(1) : [];
        const [binding] = Object.values(model.inputs);
        if (Array.isArray(binding))
          expect(shape).toEqual([binding.reduce((sum, feature) => sum + widthOf(feature), 0)]);
        else expect(shape).toEqual([binding!.channels, binding!.height, binding!.width]);
        for (const bound of Object.values(model.outputs)) {
          for (const output of Object.values(bound)) expect(session.outputNames).toContain(output);
        }
      }
    });
  },
);

function widthOf(feature: Feature): number {
  return typeof feature === 'string' ? 1 : (feature.one_hot?.length ?? 1);
}
