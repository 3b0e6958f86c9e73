/** The three commands over the parts: `up`, `down`, `status`. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TelltaleError } from '../errors.ts';
import {
  hasDockerEngine,
  isContainerRunning,
  saveContainerLog,
  startContainer,
  stopContainer,
} from './docker.ts';
import { influxPart } from './influx.ts';
import { kafkaPart } from './kafka.ts';
import type { SecureListener } from './kafka-secure.ts';
import type { Part } from './part.ts';
import { isAlive, isPortTaken, lastErrorIn, pollUntil, stopServer } from './processes.ts';
import { registryPart } from './registry.ts';
import { PART_NAMES, type PartName, portHint, type Settings, urlVariable } from './settings.ts';
import { type PartState, readState, type StackState, withLock, writeState } from './state.ts';

const PARTS: Readonly<Record<PartName, Part>> = {
  kafka: kafkaPart,
  influx: influxPart,
  registry: registryPart,
};

/** Forty times what a start takes on two cores: only a server that hangs gets here. */
const READY_MS_MAX = 120_000;

/** Addresses as clients use them: `host:port[,host:port]`, and two HTTP base addresses. */
export interface StackUrls {
  readonly kafka: string;
  readonly influx: string;
  readonly registry: string;
  /** The same broker over TLS and SASL; absent where Kafka is the user's own or runs in Docker. */
  readonly kafkaSecure?: SecureListener;
}

export interface PartStatus {
  readonly part: PartName;
  readonly title: string;
  /** `given`: the user's own server; `none`: neither given nor started. */
  readonly kind: PartState['kind'] | 'given' | 'none';
  readonly url: string;
  readonly answers: boolean;
  readonly pid?: number;
  readonly container?: string;
  readonly log?: string;
}

export type Say = (line: string) => void;

async function assertAnswers(part: Part, url: string): Promise<void> {
  if (await part.answers(url)) return;
  throw new TelltaleError(
    'stack_unavailable',
    `${part.name} does not answer on ${url}, which ${urlVariable(part.name)} names; start it or unset the variable`,
  );
}

async function assertPortsFree(part: Part, settings: Settings): Promise<void> {
  for (const port of part.ports(settings))
    if (await isPortTaken(port))
      throw new TelltaleError(
        'stack_unavailable',
        `port ${port} of 127.0.0.1 is taken by a process that this stack did not start; end it, or move ${part.name} with ${portHint(part.name)}`,
      );
}

function isRunning(state: PartState): boolean {
  if (state.kind === 'docker') return state.container !== undefined && isContainerRunning(state.container);
  return state.pid !== undefined && isAlive(state.pid);
}

async function stopPart(state: PartState, settings: Settings): Promise<void> {
  if (state.kind === 'docker' && state.container !== undefined) stopContainer(state.container);
  if (state.kind === 'process' && state.pid !== undefined) await stopServer(state.pid, settings.cacheDir);
}

async function launch(part: Part, settings: Settings, docker: boolean, say: Say): Promise<PartState> {
  await assertPortsFree(part, settings);
  const log = join(settings.logsDir, `${part.name}.log`);
  const common = { log, startedAt: new Date().toISOString() };
  if (docker) {
    const container = await startContainer(part, settings, log);
    return { kind: 'docker', url: part.url(settings, 'docker'), container, ...common };
  }
  const dataDir = join(settings.dataDir, part.name);
  const pid = await part.start({ settings, say, log, dataDir });
  const secure = part.secure?.(settings, dataDir);
  return {
    kind: 'process',
    url: part.url(settings, 'process'),
    pid,
    ...(secure ? { secure } : {}),
    ...common,
  };
}

async function waitReady(part: Part, state: PartState): Promise<void> {
  const ready = await pollUntil(() => part.answers(state.url), {
    timeoutMs: READY_MS_MAX,
    giveUp: () => !isRunning(state),
  });
  if (ready) return;
  const what = isRunning(state) ? `did not answer within ${READY_MS_MAX / 1000} s` : 'ended while it started';
  const log = state.log ?? '';
  if (state.container !== undefined) await saveContainerLog(state.container, log);
  throw new TelltaleError(
    'stack_unavailable',
    `${part.title} ${what} on ${state.url}: ${lastErrorIn(log)} (see ${log}); cure it, then "npm run stack -- up" again`,
  );
}

async function ensure(
  part: Part,
  context: { settings: Settings; docker: () => boolean; state: StackState; say: Say },
) {
  const { settings, state } = context;
  const say: Say = (line) => context.say(`${part.name}: ${line}`);
  const given = settings.given[part.name];
  const previous = state.parts[part.name];
  if (given !== undefined) {
    await assertAnswers(part, given);
    say(`answers on ${given} (${urlVariable(part.name)})`);
    return;
  }
  if (previous && isRunning(previous) && (await part.answers(previous.url))) {
    say(`runs already on ${previous.url}`);
    return;
  }
  if (previous) await stopPart(previous, settings);
  const startedMs = Date.now();
  const docker = context.docker();
  say(`starts ${part.title}${docker ? ' in Docker' : ''}`);
  const started = await launch(part, settings, docker, say);
  // Written before the wait: `down` must find a server that never becomes ready.
  state.parts[part.name] = started;
  writeState(settings, state);
  say(`waits for ${started.url}`);
  await waitReady(part, started);
  say(`ready on ${started.url} after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

/**
 * Starts what is missing and waits until everything answers. Doing it again changes nothing.
 * @throws TelltaleError `stack_unavailable`, one line per part that failed; parts that started keep running
 */
export async function up(settings: Settings, say: Say): Promise<StackUrls> {
  return withLock(settings, say, async () => {
    mkdirSync(settings.logsDir, { recursive: true });
    const state = readState(settings);
    let engine: boolean | undefined;
    const docker = () => {
      engine ??= hasDockerEngine();
      return engine;
    };
    const context = { settings, docker, state, say };
    const outcomes = await Promise.allSettled(PART_NAMES.map((name) => ensure(PARTS[name], context)));
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length === 0) return urlsOf(state, settings);
    const unexpected = failures.find((failure) => !(failure instanceof TelltaleError));
    if (unexpected !== undefined) throw unexpected;
    throw new TelltaleError('stack_unavailable', failures.map((failure) => failure.message).join('\n'));
  });
}

function urlsOf(state: StackState, settings: Settings): StackUrls {
  const url = (name: PartName) => settings.given[name] ?? state.parts[name]?.url ?? '';
  const urls = { kafka: url('kafka'), influx: url('influx'), registry: url('registry') };
  const secure = settings.given.kafka === undefined ? state.parts.kafka?.secure : undefined;
  return secure === undefined ? urls : { ...urls, kafkaSecure: secure };
}

/** Stops every part that `up` started and deletes their data. Resolved jars and logs stay. */
export async function down(settings: Settings, say: Say): Promise<void> {
  await withLock(settings, say, async () => {
    const { parts } = readState(settings);
    await Promise.all(
      PART_NAMES.map(async (name) => {
        const state = parts[name];
        if (!state) return;
        await stopPart(state, settings);
        say(`${name}: stopped`);
      }),
    );
    rmSync(settings.dataDir, { recursive: true, force: true });
    rmSync(settings.stateFile, { force: true });
    if (Object.keys(parts).length === 0) say('nothing runs');
  });
}

/** Asks every part whether it answers. */
export async function status(settings: Settings): Promise<PartStatus[]> {
  const { parts } = readState(settings);
  return Promise.all(
    PART_NAMES.map(async (name): Promise<PartStatus> => {
      const part = PARTS[name];
      const given = settings.given[name];
      const common = { part: name, title: part.title };
      if (given !== undefined)
        return { ...common, kind: 'given', url: given, answers: await part.answers(given) };
      const state = parts[name];
      if (!state) return { ...common, kind: 'none', url: '', answers: false };
      const { kind, url, pid, container, log } = state;
      return {
        part: name,
        title: part.title,
        kind,
        url,
        answers: await part.answers(url),
        pid,
        container,
        log,
      };
    }),
  );
}
