/** What the tidiness tests read of the sources: the files, their code without comments, and their imports. */

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const SRC = new URL('../../src/', import.meta.url);
const WEB = new URL('../../web/', import.meta.url);

export interface Import {
  /** Path below src, or the name of a package. */
  to: string;
  isPackage: boolean;
  /** Erased by the compiler: it cannot make a cycle at run time. */
  isType: boolean;
}

export interface Source {
  /** Path below src. */
  path: string;
  /** First folder below src; '' for a file at the top. */
  stage: string;
  lines: number;
  /** Without comments, and with every text empty. */
  code: string;
  imports: Import[];
}

/** A regular expression begins after these; elsewhere a slash divides. */
const BEFORE_PATTERN = /(?:^|[(,=:[!&|?{};>\n]|\breturn|\bcase)\s*$/;

/**
 * Code without comments and without what stands in quotes and patterns. Texts of templates go, their
 * expressions stay.
 */
export function strip(text: string): string {
  let out = '';
  const templates: number[] = [];
  let depth = 0;
  let i = 0;
  const skipTemplate = (): void => {
    while (i < text.length && text[i] !== '`') {
      if (text.startsWith('${', i)) {
        templates.push(depth);
        i += 2;
        return;
      }
      i += text[i] === '\\' ? 2 : 1;
    }
    i++;
    out += '`';
  };
  while (i < text.length) {
    const char = text[i]!;
    const rest = text.slice(i, i + 2);
    if (rest === '//') i = endOf(text, '\n', i);
    else if (rest === '/*') i = endOf(text, '*/', i + 2) + 2;
    else if (char === "'" || char === '"') {
      i = endOfQuoted(text, i + 1, char);
      out += "''";
    } else if (char === '`') {
      out += '`';
      i++;
      skipTemplate();
    } else if (char === '}' && templates.at(-1) === depth) {
      templates.pop();
      i++;
      skipTemplate();
    } else if (char === '/' && BEFORE_PATTERN.test(out.slice(-20))) {
      i = endOfPattern(text, i + 1);
      out += '/./';
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      out += char;
      i++;
    }
  }
  return out;
}

const endOf = (text: string, mark: string, from: number): number => {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
};

function endOfQuoted(text: string, from: number, quote: string): number {
  let i = from;
  while (i < text.length && text[i] !== quote) i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function endOfPattern(text: string, from: number): number {
  let inClass = false;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return text.length;
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

/** Imports, re-exports and dynamic imports of a file. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (name: string, isType: boolean): void => {
    const isPackage = !name.startsWith('.');
    found.push({ to: isPackage ? name : posix.join(posix.dirname(path), name), isPackage, isType });
  };
  for (const match of text.matchAll(STATIC)) add(match[2]!, match[1] !== undefined || allTypes(match[0]));
  for (const match of text.matchAll(DYNAMIC)) add(match[1]!, false);
  return found;
}

/** `import { type A, type B }`: every name is a type. */
function allTypes(statement: string): boolean {
  const names = /^import\s*\{([^}]*)\}/.exec(statement)?.[1];
  if (names === undefined) return false;
  const list = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return list.every((name) => name.startsWith('type '));
}

/** Every TypeScript file below src, in order. */
export const readSources = (): Source[] => readFolder(SRC);

/** The same of the pages of the console; paths are below web. */
export const readPages = (): Source[] => readFolder(WEB);

function readFolder(folder: URL): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.tsx?$/.test(path))
    .sort()
    .map((path) => {
      const text = readFileSync(new URL(path, folder), 'utf8');
      return {
        path,
        stage: path.includes('/') ? path.slice(0, path.indexOf('/')) : '',
        lines: text.split('\n').length - 1,
        code: strip(text),
        imports: importsOf(path, text),
      };
    });
}

/** A cycle of imports as paths, the first again at the end; null where there is none. */
export function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (node: string): string[] | null => {
    if (done.has(node)) return null;
    const at = trail.indexOf(node);
    if (at >= 0) return [...trail.slice(at), node];
    trail.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    trail.pop();
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== null) return cycle;
  }
  return null;
}
