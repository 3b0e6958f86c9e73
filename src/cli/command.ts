/** What commands are made of, and what they use. */

import type { Command } from 'commander';
import type { Environment } from '../config/environment.ts';
import type { TopicAdmin } from '../config/topics.ts';
import type { Path, Registries, TelltaleConfig } from '../config/types.ts';
import type { KafkaInspector } from '../log/kafka-inspect.ts';
import type { Log } from '../log/port.ts';
import type { Baseline, Batch, LogRecord, ServiceSpec } from '../records.ts';
import type { BaselineBuilder, MeasureImages } from './baseline/build.ts';
import type { TerminalStream } from './progress.ts';

/** Something beyond the configuration that is wrong with a service, and the key that it belongs to. */
export interface CheckProblem {
  /** Entries of a list by their name, such as ['models', 'mlp', 'file']. */
  path: Path;
  message: string;
}

export type ServiceCheck = (spec: ServiceSpec) => Promise<CheckProblem[]>;

/** A stretch of a topic, by the log's own time stamps. */
export interface TopicRange {
  topic: string;
  /** Inclusive; null: from the first record. */
  fromMs: number | null;
  /** Exclusive; null: up to the end of the topic when reading begins. */
  toMs: number | null;
}

/** The parts of the daemon that building a baseline needs. */
export interface BaselineWiring {
  /** @param cells a baseline whose cells are counted; null: they are cut from the data */
  createBaselineBuilder(spec: ServiceSpec, cells: Baseline | null): BaselineBuilder;
  measureImages: MeasureImages;
  /** Records of all partitions, in the order of each; it ends at the end of the range. */
  readTopic(config: TelltaleConfig, range: TopicRange): AsyncIterable<LogRecord[]>;
  /** Decodes records of the service's request stream. */
  createRequestDecoder(config: TelltaleConfig, spec: ServiceSpec): (records: LogRecord[]) => Promise<Batch>;
}

/** Where a command reads its surroundings and writes; tests put streams of their own here. */
export interface Io {
  stdout: TerminalStream;
  stderr: TerminalStream;
  env: Environment;
}

/** The parts of the daemon that commands use; `main.ts` puts the real ones in. */
export interface Wiring extends BaselineWiring {
  registries: Registries;
  /** Checks of `telltale validate` beyond the configuration itself, such as of the model files. */
  checks: readonly ServiceCheck[];
  openTopicAdmin(config: TelltaleConfig): Promise<TopicAdmin>;
  /** The log below groups; the command closes it. */
  openLog(config: TelltaleConfig): Promise<Log>;
  /** Looks at the brokers without waiting for them; the command closes it. */
  inspectKafka(config: TelltaleConfig): Promise<KafkaInspector>;
}

/** What a command gets besides its own arguments. */
export interface Cli {
  io: Io;
  wiring: Wiring;
  /** The options that stand before or after any command. */
  options(): { config: string; json: boolean };
}

/** One command in one file; it adds itself, with its help and examples, to the program. */
export interface CommandModule {
  register(program: Command, cli: Cli): void;
}
