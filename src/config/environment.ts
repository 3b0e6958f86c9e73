export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  text: string;
  /** Names without a value and without a default. */
  unset: string[];
  /** References that are not of the form `${NAME}` or `${NAME:-default}`. */
  malformed: string[];
}

const REFERENCE = /\$(\$?)\{([^}]*)\}/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for a literal `${`. As in a shell the default
 * also takes the place of an empty value. What is put in is not expanded again.
 */
export function expand(text: string, env: Environment): Expansion {
  const unset: string[] = [];
  const malformed: string[] = [];
  const expanded = text.replace(REFERENCE, (whole, dollar: string, body: string) => {
    if (dollar !== '') return whole.slice(1);
    const match = NAME_AND_DEFAULT.exec(body);
    if (match === null) {
      malformed.push(whole);
      return whole;
    }
    const name = match[1]!;
    const value = env[name];
    if (match[2] !== undefined) return value === undefined || value === '' ? match[2] : value;
    if (value === undefined) unset.push(name);
    return value ?? '';
  });
  return { text: expanded, unset, malformed };
}
