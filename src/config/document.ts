import type { Document } from 'yaml';
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { messageOf } from '../errors.ts';
import type { Files } from './checks/streams.ts';
import { type Environment, expand, type Places } from './environment.ts';
import { isSecretKey, redactUrls } from './redact.ts';
import { nearest } from './suggest.ts';
import type { ConfigProblem, Path } from './types.ts';
import { describe, keyOf } from './words.ts';

/** What a check says about one place; the place and the wording are added by `Source.report`. */
export interface Fault {
  /** Instead of `found ..., allowed: ...`. */
  message?: string;
  /** In words; by default what stands at the path. */
  found?: string;
  /** The word that was found, for the suggestion; by default the text that stands at the path. */
  word?: string;
  allowed?: readonly string[];
}

export type Report = (path: Path, fault: Fault) => void;

/** One YAML file: its value, where everything in it stands, and what is wrong with it so far. */
export interface Source {
  file: string;
  /** Null where the syntax is broken, so that no further check makes sense. */
  value: unknown;
  readable: boolean;
  /** Path (as `keyOf` writes it) of every value that holds a variable -> its text as written. */
  expanded: ReadonlyMap<string, string>;
  problems: ConfigProblem[];
  report: Report;
}

/**
 * Reads YAML 1.2, expands `${NAME}` in its texts and reports faults of the syntax. Does not throw.
 *
 * @param files where given, `${file:PATH}` is expanded too
 */
export function readSource(text: string, file: string, env: Environment, files?: Files): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: ConfigProblem[] = [];
  const expanded = new Map<string, string>();
  const unexpanded = new Set<string>();
  const place = (offset: number): { line: number; column: number } => {
    const position = lines.linePos(offset);
    return { line: Math.max(1, position.line), column: Math.max(1, position.col) };
  };
  const faults = firstCauses([...document.errors, ...document.warnings]);
  for (const fault of faults) {
    const message = syntaxMessage(fault, text);
    problems.push({
      file,
      ...place(fault.pos[0]),
      key: '',
      found: '',
      allowed: [],
      suggestion: null,
      message,
    });
  }
  const readable = faults.every((fault) => fault.code === 'DUPLICATE_KEY');
  const source: Source = {
    file,
    value: null,
    readable,
    expanded,
    problems,
    report: (path, fault) => {
      if (unexpanded.has(keyOf(path))) return;
      problems.push(problemAt(source, place(offsetOf(document, path)), path, fault));
    },
  };
  if (!readable) return source;
  const places: Places =
    files === undefined ? { env } : { env, read: (path) => files.read(files.resolve(path)) };
  const faultsOfTexts = expandTexts(document, places, expanded);
  try {
    source.value = document.toJS();
  } catch (error) {
    source.readable = false;
    // The name of an alias may be a secret that begins with * and has no quotes.
    const message = `not readable as YAML: ${messageOf(error).replace(/^(Unresolved alias)\b.*/s, '$1, a text that begins with * needs quotes')}`;
    problems.push({ file, line: 1, column: 1, key: '', found: '', allowed: [], suggestion: null, message });
  }
  for (const { path, message } of faultsOfTexts) source.report(path, { message });
  // Whatever else is wrong with such a text follows from the variable.
  for (const { path } of faultsOfTexts) unexpanded.add(keyOf(path));
  return source;
}

const INDEPENDENT = ['DUPLICATE_KEY', 'TAB_AS_INDENT'];

/** One misplaced bracket makes a dozen errors: only the first of those says something. */
function firstCauses(faults: YAMLError[]): YAMLError[] {
  const first = faults.find((fault) => !INDEPENDENT.includes(fault.code));
  return faults.filter((fault) => fault === first || INDEPENDENT.includes(fault.code));
}

function syntaxMessage(fault: YAMLError, text: string): string {
  const there = /^[^\s:,{}[\]]*/.exec(text.slice(fault.pos[0]))?.[0] ?? '';
  switch (fault.code) {
    case 'DUPLICATE_KEY':
      return `the key '${there}' occurs twice`;
    case 'TAB_AS_INDENT':
      return 'a tab in the indentation, allowed: spaces';
    case 'MULTIPLE_DOCS':
      return 'more than one YAML document in the file, allowed: one';
    default: {
      if (isSecretBefore(text, fault.pos[0])) return 'not readable as YAML: a secret needs quotes here';
      const variable = text.slice(fault.pos[0] - 1).startsWith('${');
      const hint = variable ? '; a text with a variable needs quotes here' : '';
      return `not readable as YAML: ${fault.message}${hint}`;
    }
  }
}

/** The words of a fault may repeat what stands there, so they are not shown behind `password:` and its like. */
function isSecretBefore(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const key = /([\w-]+)["']?[ \t]*:[^:,{}]*$/.exec(line)?.[1];
  return key !== undefined && isSecretKey(key);
}

/** Expands the text scalars in place (map keys stay as they are) and returns what could not be expanded. */
function expandTexts(
  document: Document,
  places: Places,
  expanded: Map<string, string>,
): { path: Path; message: string }[] {
  const faults: { path: Path; message: string }[] = [];
  const allowed = ['NAME', 'NAME:-default', ...(places.read ? ['file:PATH'] : [])]
    .map((one) => `\${${one}}`)
    .join(', ');
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const path = pathOf(key, ancestors);
      const { text, faults: unmet, malformed } = expand(node.value, places);
      for (const message of unmet) faults.push({ path, message });
      for (const reference of malformed) {
        const found = isSecret(path) ? '(a secret)' : `'${reference}'`;
        faults.push({ path, message: `found ${found}, allowed: ${allowed}` });
      }
      expanded.set(keyOf(path), node.value);
      node.value = text;
    },
  });
  return faults;
}

function pathOf(key: number | 'key' | 'value' | null, ancestors: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  ancestors.forEach((ancestor, i) => {
    if (isSeq(ancestor)) {
      const next = ancestors[i + 1];
      path.push(next === undefined ? Number(key) : ancestor.items.indexOf(next as Node));
    } else if (isPair(ancestor)) {
      path.push(isScalar(ancestor.key) ? String(ancestor.key.value) : '');
    }
  });
  return path;
}

/**
 * Where the key stands that names the path, or the entry of a list. A path that does not exist (a missing
 * key) is placed at its nearest existing parent.
 */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = (document.contents as Node | null)?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}

function problemAt(
  source: Source,
  place: { line: number; column: number },
  path: Path,
  fault: Fault,
): ConfigProblem {
  const key = keyOf(path);
  const value = valueAt(source.value, path);
  const secret = isSecret(path);
  const written = source.expanded.get(key);
  let found = fault.found ?? redactUrls(written === undefined ? describe(value) : `'${written}'`);
  if (secret && value !== undefined && value !== null) found = '(a secret)';
  const allowed = [...(fault.allowed ?? [])];
  const word = fault.word ?? (typeof value === 'string' ? value : '');
  // A word that is given is the name of a key or of a placeholder, and no value.
  const suggestion = word === '' || (secret && fault.word === undefined) ? null : nearest(word, allowed);
  const missing = found === 'nothing' ? 'missing' : `found ${found}`;
  let message = fault.message ?? missing;
  if (allowed.length > 0) message += `, allowed: ${allowed.join(', ')}`;
  if (suggestion !== null) message += `; did you mean '${suggestion}'?`;
  return { file: source.file, ...place, key, found, allowed, suggestion, message };
}

/** The value that stands at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

/** Keys of the receivers below `notify` that never hold a secret. */
const HARMLESS_OF_NOTIFY = [
  'name',
  'on',
  'username',
  'labels',
  'level',
  'template',
  'link',
  'resend',
  'timeout',
];

/** A text where a mapping with secrets belongs may hold them too. */
function isSecret(path: Path): boolean {
  const key = String(path.at(-1) ?? '');
  if (isSecretKey(key) || key === 'sasl') return true;
  if (path[0] === 'privacy') return true;
  if (path[0] === 'notify') {
    const option = String(path[3]);
    // Of Slack the address is the whole secret.
    return !HARMLESS_OF_NOTIFY.includes(option) && !(option === 'url' && path[1] !== 'slack');
  }
  // Whoever knows the URL of a webhook may often post to it, and its headers carry keys.
  return path[0] === 'webhooks' && !['name', 'on', 'timeout'].includes(String(path[2]));
}
