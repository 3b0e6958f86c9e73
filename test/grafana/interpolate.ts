/** What Grafana does to a query before it goes to InfluxDB: variables, `$timeFilter` and `$__interval`. */

/** '$__all': everything, as the variable says it. */
export type Chosen = Readonly<Record<string, string | readonly string[]>>;

export interface Variable {
  name: string;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
}

const escapeRegex = (text: string): string => text.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');

/** Values of variables with several are escaped for regular expressions, as are others that stand in one. */
function formatted(variable: Variable, value: string | readonly string[], query: string): string {
  if (value === '$__all') {
    if (variable.allValue === undefined) throw new Error(`$${variable.name} has no value for all`);
    return variable.allValue;
  }
  const isInRegex = new RegExp(`/\\^?.*\\$${variable.name}\\b.*\\$?/`).test(query);
  if (variable.multi || isInRegex) {
    return typeof value === 'string' ? escapeRegex(value) : `(${value.map(escapeRegex).join('|')})`;
  }
  if (typeof value !== 'string') throw new Error(`$${variable.name} takes one value`);
  return value;
}

/**
 * The query as InfluxDB gets it.
 *
 * @throws Error where it names a variable that the dashboard does not have, or that has no value
 */
export function interpolate(
  query: string,
  variables: readonly Variable[],
  chosen: Chosen,
  time: { fromMs: number; toMs: number; interval: string },
): string {
  const macros: Record<string, string> = {
    timeFilter: `time >= ${time.fromMs}ms and time <= ${time.toMs}ms`,
    __interval: time.interval,
  };
  return query.replace(/\$(\w+)/g, (_whole, name: string) => {
    const macro = macros[name];
    if (macro !== undefined) return macro;
    const variable = variables.find((known) => known.name === name);
    const value = chosen[name];
    if (variable === undefined || value === undefined) throw new Error(`$${name} is not known in: ${query}`);
    return formatted(variable, value, query);
  });
}
