export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  text: string;
  /** What could not be put in, each as a sentence. The references that it speaks of hold no secrets. */
  faults: string[];
  /** References that are of no known form; they may hold a secret that was written at the wrong place. */
  malformed: string[];
}

/** Where references point to. */
export interface Places {
  env: Environment;
  /** The content of a file, by its path as it is written; null: it cannot be read. Absent: files are not read here. */
  read?: (path: string) => string | null;
}

const REFERENCE = /\$(\$?)\{([^}]*)\}/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
const FILE = /^file:(.+)$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}`, and `${file:PATH}` by what stands in the file, without the line break at its end; `$${` stands for a literal `${`.
 * As in a shell the default also takes the place of an empty value. What is put in is not expanded again.
 */
export function expand(text: string, { env, read }: Places): Expansion {
  const faults: string[] = [];
  const malformed: string[] = [];
  const expanded = text.replace(REFERENCE, (whole, dollar: string, body: string) => {
    if (dollar !== '') return whole.slice(1);
    const path = read === undefined ? undefined : FILE.exec(body)?.[1];
    if (path !== undefined) {
      const content = read!(path)?.replace(/\r?\n$/, '');
      if (content) return content;
      faults.push(
        content === undefined
          ? `the file ${path} cannot be read; create it, and let the user of the daemon read it`
          : `the file ${path} is empty; write the value into it`,
      );
      return '';
    }
    const match = NAME_AND_DEFAULT.exec(body);
    if (match === null) {
      malformed.push(whole);
      return whole;
    }
    const name = match[1]!;
    const value = env[name];
    if (match[2] !== undefined) return value === undefined || value === '' ? match[2] : value;
    if (value === undefined)
      faults.push(
        `the environment variable ${name} is not set; give it a value or write \${${name}:-default}`,
      );
    return value ?? '';
  });
  return { text: expanded, faults, malformed };
}
