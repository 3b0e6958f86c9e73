import type { SecureListener } from './kafka-secure.ts';
import type { PartName, Settings } from './settings.ts';

/** Where progress goes, and what a part needs to start. */
export interface StartContext {
  readonly settings: Settings;
  /** One line of progress. */
  readonly say: (line: string) => void;
  /** The log file that the server must write to. */
  readonly log: string;
  /** A folder of the part's own for its data, which `down` deletes. */
  readonly dataDir: string;
}

/** One server of the stack. Stateless: what runs is written in the state file. */
export interface Part {
  readonly name: PartName;
  /** The name of the software, for people. */
  readonly title: string;
  /** Every port on 127.0.0.1 that the process takes. */
  ports(settings: Settings): readonly number[];
  /** The address that clients use, in the form of `KAFKA_BROKERS`, `INFLUX_URL` or `REGISTRY_URL`. */
  url(settings: Settings, kind: 'process' | 'docker'): string;
  /** A second listener with TLS and SASL, of servers that are started as a process and have one. */
  secure?(settings: Settings, dataDir: string): SecureListener;
  /** Asks the server whether it does its work; false is also the answer for an address that is none. */
  answers(url: string): Promise<boolean>;
  /** Resolves what is missing and starts the server as a process of its own. @returns its process id */
  start(context: StartContext): Promise<number>;
  /** `docker run` arguments between the container's name and the image. */
  dockerArgs(settings: Settings): readonly string[];
}

/** A GET that a server must answer with 2xx within 3 s. */
export async function answersHttp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Appends a path to a base address which may itself have a path. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}${path}`;
}
