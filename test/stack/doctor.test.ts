/** `telltale doctor` of the built program: what is right, and each fault with its cure. */
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import { afterEach, expect, test } from 'vitest';
import { type ConfigFolder, configFolder } from './daemon.ts';
import { runCommand, secureFolder, unsecuredToken } from './security.ts';
import { describeSecureStack, describeStack, type StackUrls } from './support/context.ts';
import { freePort } from './support/ports.ts';
import { createTopics, deleteTopics, testClient, uniquePrefix } from './support/topics.ts';

interface Line {
  check: string;
  status: string;
  message: string;
  cure: string;
}

const MODEL = { role: 'primary', inputs: { X: ['x'] }, outputs: { y: { value: 'variable' } } };

const folders: ConfigFolder[] = [];
const prefixes: [string, string][] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) folder.remove();
  for (const [brokers, prefix] of prefixes.splice(0)) await deleteTopics(brokers, prefix);
});

/** Lines that are not `ok`, and the exit code. */
async function doctor(folder: ConfigFolder): Promise<{ code: number | null; all: Line[]; bad: Line[] }> {
  const { code, text } = await runCommand(folder.dir, ['doctor', '--json']);
  const { checks } = JSON.parse(text) as { checks: Line[] };
  return { code, all: checks, bad: checks.filter(({ status }) => status !== 'ok') };
}

async function folderOf(
  stack: StackUrls,
  kafka: Record<string, unknown> = {},
): Promise<ConfigFolder & { name: string; input: string }> {
  const name = uniquePrefix('doctor');
  const input = `${name}.requests`;
  const folder = { ...configFolder(stack, name, { partitions: 1 }, kafka), name, input };
  folder.service({
    service: 's',
    streams: { requests: { topic: input } },
    inputs: { x: { type: 'numeric' } },
  });
  folders.push(folder);
  prefixes.push([stack.kafka, name]);
  await createTopics(stack.kafka, [{ topic: input }]);
  return folder;
}

describeStack('telltale doctor', (stack) => {
  const database = (name: string, verb: 'CREATE' | 'DROP') =>
    fetch(`${stack.influx}/query?q=${encodeURIComponent(`${verb} DATABASE "${name}"`)}`, { method: 'POST' });

  test('all is right: nothing but ok, and nothing was made', async () => {
    const folder = await folderOf(stack);
    expect((await runCommand(folder.dir, ['topics', 'create'])).code).toBe(0);
    await database(folder.name, 'CREATE');
    const { code, bad, all } = await doctor(folder);
    expect(bad).toEqual([]);
    expect(code).toBe(0);
    expect(new Set(all.map(({ check }) => check)).size).toBe(9);
    await database(folder.name, 'DROP');
    const text = await runCommand(folder.dir, ['doctor']);
    expect(text.text).toMatch(/^ok {4}brokers {4}127\.0\.0\.1:\d+ answers in \d+ ms$/m);
    expect(text.text).toMatch(/^warn {2}influxdb .* has no database/m);
    expect(text.code, 'a warning is no failure').toBe(0);
  });

  test('a wrong port: the broker is named, and what needs it is skipped', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { code, bad } = await doctor(await folderOf(stack, { brokers: [address] }));
    expect(code).toBe(1);
    expect(bad.filter(({ status }) => status === 'fail')).toEqual([
      expect.objectContaining({ check: 'brokers', message: expect.stringContaining(address) }),
    ]);
    expect(bad.filter(({ status }) => status === 'skip').map(({ check }) => check)).toEqual([
      'topics',
      'acls',
      'clock',
    ]);
  });

  test('a topic that is missing, and one whose settings lose what is needed', async () => {
    const folder = await folderOf(stack);
    expect((await runCommand(folder.dir, ['topics', 'create'])).code).toBe(0);
    await deleteTopics(stack.kafka, folder.input);
    const admin = testClient(stack.kafka).admin();
    await admin.connect();
    const slots = { name: `${folder.prefix}slots`, type: 2 };
    const configEntries = [{ name: 'cleanup.policy', value: 'delete' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...slots, configEntries }] });
    await admin.disconnect();
    const { code, bad } = await doctor(folder);
    expect(code).toBe(1);
    const [missing, policy] = bad.filter(({ status }) => status === 'fail');
    expect(missing).toMatchObject({
      check: 'topics',
      message: `${folder.input} (requests of s) does not exist`,
    });
    expect(missing!.cure).toContain(`--create --topic ${folder.input}`);
    expect(policy!.message).toBe(`${slots.name} has cleanup.policy=delete and needs compact,delete`);
    expect(policy!.cure).toContain('--add-config cleanup.policy=[compact,delete]');
  });

  test('InfluxDB and the registry are away', async () => {
    const port = await freePort();
    const away = { ...stack, influx: `http://127.0.0.1:${port}`, registry: `http://127.0.0.1:${port}` };
    const { code, bad } = await doctor(await folderOf(away));
    expect(code).toBe(1);
    const failed = bad.filter(({ status }) => status === 'fail');
    expect(failed.map(({ check }) => check)).toEqual(['registry', 'influxdb']);
    for (const { message } of failed) expect(message).toContain('ECONNREFUSED');
  });

  test('a model file that is missing, and one that is none', async () => {
    const folder = await folderOf(stack);
    const service = (file: string) => ({
      service: 's',
      streams: { requests: { topic: folder.input } },
      inputs: { x: { type: 'numeric' } },
      outputs: { y: { type: 'regressor' } },
      models: [{ name: 'm', file, ...MODEL }],
    });
    folder.service(service('missing.onnx'));
    const missing = await doctor(folder);
    expect(missing.code).toBe(1);
    expect(missing.bad[0]).toMatchObject({ check: 'config', status: 'fail' });
    expect(missing.bad[0]!.message).toContain('missing.onnx');
    folder.write('services/broken.onnx', 'no model');
    folder.service(service('broken.onnx'));
    const broken = await doctor(folder);
    expect(broken.bad.find(({ check }) => check === 'models')).toMatchObject({ status: 'fail' });
  });
});

describeSecureStack('telltale doctor and ACLs', (stack) => {
  test('what this client may not do, and the command that lets it', async (context) => {
    const name = uniquePrefix('doctor-acl');
    const sub = `user-of-${name}`;
    const admin = testClient(stack.kafka).admin();
    await admin.connect();
    const entry = {
      principal: `User:${sub}`,
      host: '*',
      permissionType: AclPermissionTypes.DENY,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      resourceName: name,
    };
    const topic = { ...entry, resourceType: AclResourceTypes.TOPIC };
    const acl = [
      { ...topic, operation: AclOperationTypes.READ, resourceName: `${name}.requests` },
      { ...topic, operation: AclOperationTypes.WRITE, resourceName: `${name}.results` },
      { ...entry, resourceType: AclResourceTypes.GROUP, operation: AclOperationTypes.READ },
    ];
    try {
      await admin.createAcls({ acl });
    } catch (error) {
      await admin.disconnect();
      // A broker that an older version of the stack has started.
      if (/security features are disabled/i.test(String(error))) context.skip('the broker has no authorizer');
      throw error;
    }
    try {
      prefixes.push([stack.kafka, name]);
      await createTopics(stack.kafka, [{ topic: `${name}.requests` }]);
      const { brokers, caFile } = stack.kafkaSecure;
      const sasl = { mechanism: 'oauthbearer', token: unsecuredToken(600, sub) };
      const kafka = { brokers: [brokers], ssl: { ca_file: caFile }, sasl };
      const folder = secureFolder(stack, name, { kafka });
      folders.push(folder);
      const plain = configFolder(stack, name, { partitions: 1 });
      folders.push(plain);
      plain.service({ service: 'plant', streams: { requests: { topic: `${name}.requests` } } });
      expect((await runCommand(plain.dir, ['topics', 'create'])).code).toBe(0);
      const { code, all } = await doctor(folder);
      const acls = all.filter(({ check }) => check === 'acls');
      expect(code).toBe(1);
      expect(acls.map(({ message }) => message)).toEqual([
        expect.stringContaining(`Read, no Describe on ${name}.requests`),
        expect.stringContaining(`${name}.results`),
        expect.stringContaining(`may not use the groups ${name}`),
      ]);
      expect(acls[1]!.cure).toContain(
        `--operation Write --operation Describe --resource-pattern-type prefixed --topic ${name}.`,
      );
    } finally {
      const filters = acl.map((one) => ({ ...one, permissionType: AclPermissionTypes.ANY }));
      await admin.deleteAcls({ filters });
      await admin.disconnect();
    }
  });
});
