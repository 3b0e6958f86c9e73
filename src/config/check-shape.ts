import { z } from 'zod';
import { type Source, valueAt } from './document.ts';
import { nearest } from './suggest.ts';
import type { Path } from './types.ts';
import { keyOf, typeWord } from './words.ts';

type Issue = z.core.$ZodIssue;

/** What is left of a file's value for the checks after the shape. */
export interface Checked {
  value: unknown;
  /** Whether the shape is wrong at the path, above it or below it: whatever else is wrong there follows. */
  isBroken: (path: Path) => boolean;
}

/**
 * Checks a file against its shape, reports every fault at its place, and returns the value mended as far as
 * that is possible: one typing error must not hide the other faults of the entry around it.
 *
 * Texts of shapes: an error text that starts with a small letter says what is allowed there.
 */
export function checkShape(schema: z.ZodType, source: Source): Checked {
  const value = structuredClone(source.value);
  let issues = issuesOf(schema, value);
  if (retype(issues, value, source)) issues = issuesOf(schema, value);
  const keys = z.toJSONSchema(schema, { io: 'input' }) as Shape;
  for (const issue of issues) reportIssue(issue, source, keys);
  for (const issue of issues) mend(issue, value);
  // An unknown key breaks nothing: without it the entry is whole.
  const broken = issues.filter(({ code }) => code !== 'unrecognized_keys').map((issue) => issue.path as Path);
  return { value, isBroken: (path) => broken.some((other) => isAbove(other, path) || isAbove(path, other)) };
}

function isAbove(upper: Path, lower: Path): boolean {
  return upper.length <= lower.length && upper.every((step, i) => step === lower[i]);
}

/** Sections whose entries have cross checks of their own that are worth running on a mended entry. */
const MENDED = ['streams', 'models', 'rules', 'incidents', 'rollout', 'automation', 'retrain'];

/** Takes unknown keys away, puts the word in that was probably meant, and leaves a broken option to its default. */
function mend(issue: Issue, value: unknown): void {
  let path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const entry = valueAt(value, path) as Record<string, unknown>;
    for (const key of issue.keys) delete entry[key];
    return;
  }
  // The entries of a list keep their places, so that later faults carry the right index: the list goes.
  while (typeof path.at(-1) === 'number') path = path.slice(0, -1);
  const last = path.at(-1);
  const parent = valueAt(value, path.slice(0, -1)) as Record<string, unknown> | undefined;
  if (typeof last !== 'string' || parent === undefined || !MENDED.includes(String(path[0]))) return;
  if (issue.code === 'invalid_key' || path.length < 2) return;
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const meant = nearest(String(parent[last]), words);
  if (meant === null) delete parent[last];
  else parent[last] = meant;
}

function issuesOf(schema: z.ZodType, value: unknown): Issue[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => unfold(issue, []));
}

/** An expanded variable is text; where a number or a truth value is wanted it becomes one. */
function retype(issues: Issue[], value: unknown, source: Source): boolean {
  let changed = false;
  for (const issue of issues) {
    const path = issue.path as Path;
    if (issue.code !== 'invalid_type' || !source.expanded.has(keyOf(path))) continue;
    const text = valueAt(value, path);
    if (typeof text !== 'string') continue;
    const typed = issue.expected === 'boolean' ? { true: true, false: false }[text] : numberOf(text);
    const parent = valueAt(value, path.slice(0, -1)) as Record<string | number, unknown> | undefined;
    if (typed === undefined || parent === undefined) continue;
    parent[path.at(-1)!] = typed;
    changed = true;
  }
  return changed;
}

function numberOf(text: string): number | undefined {
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number;
}

/** Replaces the fault of a union by the faults of the alternative that was most likely meant. */
function unfold(issue: Issue, prefix: Path): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union' || isAllowedText(issue.message) || issue.errors.length === 0) {
    return [{ ...issue, path } as Issue];
  }
  const branches = issue.errors.map((errors) => errors.flatMap((inner) => unfold(inner, [])));
  const costs = branches.map(costOf);
  const best = costs.indexOf(Math.min(...costs));
  if (costs[best]! < WRONG_TYPE)
    return branches[best]!.map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
  const allowed = branches.flatMap((branch) => branch.flatMap((inner) => allowedBy(inner)));
  return [{ code: 'custom', path, message: [...new Set(allowed)].join(' or '), input: issue.input } as Issue];
}

const WRONG_TYPE = 1000;

/** How far a value is from an alternative. An unknown key tells more about what was meant than a missing one. */
function costOf(issues: Issue[]): number {
  let cost = 0;
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') cost += 2 * issue.keys.length;
    else if (issue.path.length > 0) cost += 1;
    // A wrong word is nearer than a wrong type: which words there are says more than that a list may stand there too.
    else cost += isWrongWord(issue) ? WRONG_TYPE - 1 : WRONG_TYPE;
  }
  return cost;
}

const isWrongWord = (issue: Issue): boolean =>
  issue.code === 'invalid_value' && issue.values.every((value) => typeof value === 'string');

function isAllowedText(message: string): boolean {
  return /^[^A-Z]/.test(message);
}

function reportIssue(issue: Issue, source: Source, keys: Shape): void {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(keys, source.value, path);
    for (const key of issue.keys) {
      source.report([...path, key], { message: `unknown key '${key}'`, word: key, allowed });
    }
    return;
  }
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    const allowed = issue.issues.flatMap((inner) => allowedBy(inner));
    source.report(path, { found: `the name '${key}'`, word: key, allowed });
    return;
  }
  source.report(path, { allowed: allowedBy(issue) });
}

function allowedBy(issue: Issue): string[] {
  if (isAllowedText(issue.message)) return [issue.message];
  switch (issue.code) {
    case 'invalid_type':
      return [typeWord(issue.expected)];
    case 'invalid_value':
      return issue.values.map(String);
    case 'invalid_union':
      return ((issue as { options?: unknown[] }).options ?? []).map(String);
    case 'too_small':
      return [bound(issue.origin, issue.inclusive ? '>=' : '>', Number(issue.minimum))];
    case 'too_big':
      return [bound(issue.origin, issue.inclusive ? '<=' : '<', Number(issue.maximum))];
    default:
      return [issue.message];
  }
}

function bound(origin: string, comparison: string, limit: number): string {
  if (origin === 'array') return `a list of ${comparison} ${limit} entries`;
  return origin === 'string' ? `text of ${comparison} ${limit} letters` : `${comparison} ${limit}`;
}

/** The part of JSON Schema that says which keys may stand where. */
interface Shape {
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  items?: Shape | boolean;
  anyOf?: Shape[];
  oneOf?: Shape[];
  const?: unknown;
}

function keysAt(shape: Shape, value: unknown, path: Path): string[] {
  let here = alternatives(shape, value);
  let there = value;
  for (const step of path) {
    there = valueAt(there, [step]);
    here = here.flatMap((option) => {
      const child = option.properties?.[step] ?? option.additionalProperties ?? option.items;
      return typeof child === 'object' ? alternatives(child, there) : [];
    });
  }
  return [...new Set(here.flatMap((option) => Object.keys(option.properties ?? {})))];
}

/** The alternatives whose fixed words (`type: numeric`) agree with the value. */
function alternatives(shape: Shape, value: unknown): Shape[] {
  const options = shape.anyOf ?? shape.oneOf;
  if (options === undefined) return [shape];
  return options
    .flatMap((option) => alternatives(option, value))
    .filter((option) =>
      Object.entries(option.properties ?? {}).every(([key, property]) => {
        const found = valueAt(value, [key]);
        return property.const === undefined || found === undefined || found === property.const;
      }),
    );
}
