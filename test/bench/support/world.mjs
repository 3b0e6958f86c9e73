// What every benchmark on the broker needs: the servers, names of its own, and that all of them are gone afterwards.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import { settingsFrom } from '../../../dist/stack/settings.js';
import { up } from '../../../dist/stack/stack.js';
import { PARTITIONS } from './records.mjs';

const START_MS_MAX = 60_000;

export const say = (line) => process.stderr.write(`${line}\n`);
export const machine = () => `${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`;
export const daemonPath = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a process. `onLine` sees each line that it writes and the time of it; `ready` resolves with what `isReady` gives for
 * the first line that it gives anything for.
 */
export function start(args, isReady, onLine = () => {}) {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  let tail = [];
  const ready = new Promise((resolve, reject) => {
    const see = (line) => {
      tail = [...tail.slice(-5), line];
      onLine(line, performance.now());
      const found = isReady(line, child.pid);
      if (found !== null) resolve(found);
    };
    // The daemon logs to stderr.
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', see);
    const failed = (why) => reject(new Error(`${why}:\n${tail.join('\n')}`));
    setTimeout(() => failed(`no start within ${START_MS_MAX} ms`), START_MS_MAX).unref();
    ended.then((how) => failed(`the process ended with ${how}`));
  });
  return { child, ready, ended };
}

/** Whether a line of the daemon's log says that it has joined a group. */
export function hasJoined(line, group) {
  return line.includes('Consumer has joined the group') && JSON.parse(line).groupId === group;
}

/** Offset of each partition of a topic that a group has committed; 0: none yet. */
export async function committedOf(admin, groupId, topic) {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return new Map(found.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
}

/** Runs `use` with a topic of requests whose name is this run's alone, and deletes every trace of it. */
export async function withWorld(use, configEntries = []) {
  const { kafka: brokers, registry: registryUrl } = await up(settingsFrom(process.env), say);
  const kafka = new kafkajs.Kafka({
    clientId: 'bench',
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  const prefix = `bench-${randomBytes(4).toString('hex')}.`;
  const topic = `${prefix}requests`;
  const folder = mkdtempSync(join(tmpdir(), 'telltale-bench-'));
  try {
    const topics = [{ topic, numPartitions: PARTITIONS, replicationFactor: 1, configEntries }];
    await admin.createTopics({ waitForLeaders: true, topics });
    await use({ kafka, admin, brokers, registryUrl, prefix, topic, folder });
  } finally {
    await cleanUp(admin, prefix);
    await admin.disconnect();
    rmSync(folder, { recursive: true });
  }
}

async function cleanUp(admin, prefix) {
  const all = await admin.listTopics();
  await admin.deleteTopics({ topics: all.filter((name) => name.startsWith(prefix)) });
  const { groups } = await admin.listGroups();
  const own = groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith(prefix));
  await admin.deleteGroups(own).catch(() => say('some groups could not be deleted; the broker forgets them'));
}
