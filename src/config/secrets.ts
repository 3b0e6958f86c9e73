import type { Files } from './checks/streams.ts';
import type { Source } from './document.ts';
import type { Path } from './types.ts';

/** One entry of a file, whose secrets stand in it or in files of their own. */
export interface SecretEntry {
  /** Where the entry stands, such as ['kafka', 'sasl']. */
  path: Path;
  /** What stands there; undefined for a key that is absent. */
  shape: Readonly<Record<string, unknown>>;
  files: Files;
  source: Source;
}

const FILE_MISSING = 'no such file (paths are relative to telltale.yaml)';

/** The absolute path of a file that a key names; reports one that does not exist. Null without the key. */
export function fileOf(entry: SecretEntry, key: string): string | null {
  const path = entry.shape[key];
  if (typeof path !== 'string') return null;
  const absolute = entry.files.resolve(path);
  if (!entry.files.exists(absolute)) entry.source.report([...entry.path, key], { message: FILE_MISSING });
  return absolute;
}

/**
 * The secret of `key`, or the content of the file of `key_file`, without the line break at its end. Reports both together
 * and a file without content. Null: there is none, or it is reported.
 */
export function secretOf(entry: SecretEntry, key: string): string | null {
  const { shape, path, source, files } = entry;
  const fileKey = `${key}_file`;
  const given = shape[key];
  if (shape[fileKey] === undefined) return typeof given === 'string' ? given : null;
  if (given !== undefined && given !== '') {
    source.report([...path, fileKey], { message: `found ${key} and ${fileKey}, allowed: one of them` });
    return null;
  }
  const before = source.problems.length;
  const file = fileOf(entry, fileKey);
  if (file === null || source.problems.length > before) return null;
  const content = files.read(file)?.replace(/\r?\n$/, '');
  if (content) return content;
  const message = content === undefined ? 'the file cannot be read' : 'the file is empty';
  source.report([...path, fileKey], { message });
  return null;
}

/** As `secretOf`; also reports that there is none. Then the text is empty, and the configuration is refused. */
export function neededSecretOf(entry: SecretEntry, key: string): string {
  const before = entry.source.problems.length;
  const secret = secretOf(entry, key);
  if (secret === null && entry.source.problems.length === before)
    entry.source.report(entry.path, { message: `missing ${key} or ${key}_file` });
  return secret ?? '';
}
