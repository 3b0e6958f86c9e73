export interface Seen {
  alert: { service: string; rule: string; state: string };
  /** By step: clone, install, start, alert. */
  seconds: Record<string, number>;
}
export function newcomer(
  dir: string,
  look?: (url: string, alert: Seen['alert']) => Promise<void>,
): Promise<Seen>;
