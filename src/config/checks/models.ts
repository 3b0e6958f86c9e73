import type { Report } from '../document.ts';
import type { BindingShape, FeatureShape, ModelShape } from '../model-shape.ts';
import type { Path } from '../types.ts';
import type { View } from '../view.ts';
import type { Files } from './streams.ts';
import { checkUnique } from './unique.ts';

/** Roles, files, and that every feature and binding speaks of a declared input or output of its type. */
export function checkModels(view: View, files: Files, report: Report): void {
  if (view.models.length === 0) return;
  checkUnique(view.modelNames, 'models', report);
  if (!view.streams.has('requests')) {
    report(['models'], { message: 'models score requests, but streams.requests is missing' });
  }
  checkRoles(view, report);
  view.models.forEach((model, i) => {
    if (model === null) return;
    if (!files.exists(files.resolve(model.file))) {
      report(['models', i, 'file'], {
        message: `no such file: '${model.file}' (paths are relative to the service file)`,
      });
    }
    checkTensors(model, ['models', i, 'inputs'], view, report);
    checkBindings(model, ['models', i, 'outputs'], view, report);
  });
}

function checkRoles(view: View, report: Report): void {
  const primaries = view.models.flatMap((model, i) => (model?.role === 'primary' ? [i] : []));
  if (primaries.length === 0) {
    report(['models'], { message: 'no model has the role primary, allowed: exactly one' });
  }
  for (const i of primaries.slice(1)) {
    const first = view.modelNames[primaries[0]!] ?? '';
    report(['models', i, 'role'], { message: `the primary is already '${first}', allowed: exactly one` });
  }
}

function checkTensors(model: ModelShape, at: Path, view: View, report: Report): void {
  if (Object.keys(model.inputs).length === 0) report(at, { message: 'no inputs, allowed: at least one' });
  for (const [tensor, spec] of Object.entries(model.inputs)) {
    if (Array.isArray(spec)) {
      spec.forEach((feature, j) => {
        checkFeature(feature, [...at, tensor, j], view, report);
      });
    } else {
      checkInput(spec.image, 'image', [...at, tensor, 'image'], view, report);
    }
  }
}

function checkFeature(feature: FeatureShape, at: Path, view: View, report: Report): void {
  if (typeof feature === 'string') checkInput(feature, 'numeric', at, view, report);
  else if ('one_hot' in feature || 'ordinal' in feature) {
    checkInput(feature.input, 'categorical', [...at, 'input'], view, report);
  } else {
    checkInput(feature.input, 'length' in feature ? 'text' : 'numeric', [...at, 'input'], view, report);
  }
}

const HINTS: Record<string, string> = {
  categorical: '; a categorical input needs one_hot or ordinal',
  text: '; a text input needs length: true',
  image: '; an image is a tensor of its own: { image: NAME, width, height }',
  embedding: '; no model takes an embedding',
  numeric: '',
};

function checkInput(name: string, wanted: string, at: Path, view: View, report: Report): void {
  const input = view.inputs.get(name);
  if (input === null) return;
  if (input === undefined) {
    const fitting = [...view.inputs].filter(([, other]) => other === null || other.type === wanted);
    const allowed = fitting.map(([other]) => other);
    report(at, {
      found: `the input '${name}'`,
      word: name,
      allowed: allowed.length > 0 ? allowed : [`an input of the type ${wanted}`],
    });
  } else if (input.type !== wanted) {
    const hint = wanted === 'numeric' ? HINTS[input.type] : '';
    report(at, { message: `the input '${name}' is ${input.type}, here stands one that is ${wanted}${hint}` });
  }
}

const BINDINGS: Record<string, (keyof BindingShape)[]> = {
  classifier: ['probabilities'],
  multilabel: ['probabilities'],
  regressor: ['value'],
  detector: ['boxes', 'labels', 'confidences'],
  text: [],
};

function checkBindings(model: ModelShape, at: Path, view: View, report: Report): void {
  if (Object.keys(model.outputs).length === 0) report(at, { message: 'no outputs, allowed: at least one' });
  for (const [name, binding] of Object.entries(model.outputs)) {
    const output = view.outputs.get(name);
    if (output === null) continue;
    if (output === undefined) {
      const outputs = [...view.outputs.keys()];
      const allowed = outputs.length > 0 ? outputs : ['names that are declared under outputs'];
      report([...at, name], { found: `the output '${name}'`, word: name, allowed });
      continue;
    }
    const keys = BINDINGS[output.type]!;
    if (keys.length === 0) {
      report([...at, name], { message: `no model can be bound to an output of the type ${output.type}` });
      continue;
    }
    for (const key of keys.filter((wanted) => binding[wanted] === undefined)) {
      report([...at, name, key], {
        message: `missing; a ${output.type} is bound with { ${keys.map((k) => `${k}: NAME`).join(', ')} }`,
      });
    }
    for (const key of Object.keys(binding).filter((given) => !keys.includes(given as keyof BindingShape))) {
      report([...at, name, key], {
        message: `'${key}' does not fit a ${output.type}`,
        word: key,
        allowed: keys,
      });
    }
  }
}
