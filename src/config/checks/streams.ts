import type { Report } from '../document.ts';
import type { View } from '../view.ts';

/** Files on disk, as far as the checks need them. */
export interface Files {
  /** The absolute path of one that is written relative to the service file. */
  resolve(path: string): string;
  exists(absolutePath: string): boolean;
  /** Null: not there, or not readable. */
  read(absolutePath: string): string | null;
}

/** Schema files, fields that name outputs, kinds of feedback, and topics used twice. */
export function checkStreams(view: View, files: Files, report: Report): void {
  const topics = new Map<string, string>();
  for (const [stream, spec] of view.streams) {
    if (spec === null) continue;
    const at = ['streams', stream];
    const other = topics.get(spec.topic);
    if (other !== undefined) {
      report([...at, 'topic'], {
        message: `the topic '${spec.topic}' is already used by streams.${other}; every stream has its own`,
      });
    }
    topics.set(spec.topic, stream);
    if ('schema_file' in spec || spec.encoding === 'avro_file') checkSchemaFile(spec, at, files, report);
    if ('kinds' in spec && spec.kinds !== undefined) checkKinds(spec.kinds, at, report);
    if ('by' in spec && spec.by === 'people') checkPeople(view, report);
    if (stream === 'predictions' || stream === 'labels') {
      checkFields(stream, 'fields' in spec ? spec.fields : undefined, view, report);
    }
  }
}

/** How much they rely on a model is asked where there is one, of the output of its automation. */
function checkPeople({ models, automation }: View, report: Report): void {
  const lacks =
    models.length === 0
      ? 'there are no models beside which people decide; add one with role: primary'
      : automation === undefined
        ? 'people and models are compared in the output of automation, and there is no such section; add it'
        : null;
  if (lacks === null) return;
  const cure = 'or leave by out: the answers of people are measured like those of a system';
  report(['streams', 'predictions', 'by'], { message: `${lacks}, ${cure}` });
}

function checkSchemaFile(
  spec: { encoding: string; schema_file?: string | undefined },
  at: string[],
  files: Files,
  report: Report,
): void {
  const path = [...at, 'schema_file'];
  const file = spec.schema_file;
  if (spec.encoding === 'avro_file' && file === undefined) {
    report(path, { message: 'missing; the encoding avro_file needs the file of the Avro schema' });
  } else if (!spec.encoding.startsWith('avro') && file !== undefined) {
    report(path, {
      message: `a schema file is read with the encodings avro and avro_file only, here it is ${spec.encoding}`,
    });
  } else if (file !== undefined && !files.exists(files.resolve(file))) {
    report(path, { message: `no such file: '${file}' (paths are relative to the service file)` });
  }
}

function checkKinds(kinds: Record<string, string | undefined>, at: string[], report: Report): void {
  const ours = new Map<string, string>();
  for (const [kind, word] of Object.entries(kinds)) {
    if (word === undefined) continue;
    const other = ours.get(word);
    if (other !== undefined) {
      report([...at, 'kinds', kind], { message: `'${word}' already stands for the kind ${other}` });
    }
    ours.set(word, kind);
  }
}

function checkFields(
  stream: 'predictions' | 'labels',
  fields: Record<string, string> | undefined,
  view: View,
  report: Report,
): void {
  const outputs = [...view.outputs.keys()];
  for (const output of Object.keys(fields ?? {})) {
    if (outputs.includes(output)) continue;
    report(['streams', stream, 'fields', output], {
      found: `the output '${output}'`,
      word: output,
      allowed: outputs.length > 0 ? outputs : ['names that are declared under outputs'],
    });
  }
  if (stream === 'predictions') return;
  if (outputs.length === 0) {
    report(['streams', 'labels'], { message: 'labels need at least one output, declared under outputs' });
  } else if (outputs.length > 1 && fields === undefined) {
    report(['streams', 'labels', 'fields'], {
      message: `missing; with ${outputs.length} outputs it says which label belongs to which output`,
      allowed: outputs.map((output) => `${output}: PATH`),
    });
  }
}
