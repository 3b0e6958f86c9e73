#!/usr/bin/env node
/** `npm run stack -- up|down|status`: Kafka, InfluxDB and a schema registry on this machine, for tests. */
import { Command } from 'commander';
import { messageOf, TelltaleError } from '../errors.ts';
import { PART_NAMES, type PartName, type Settings, settingsFrom } from './settings.ts';
import { down, type PartStatus, status, up } from './stack.ts';

type PortOptions = Partial<Record<`${PartName}Port`, string>>;

function settingsOf(options: PortOptions): Settings {
  const ports = { kafka: options.kafkaPort, influx: options.influxPort, registry: options.registryPort };
  return settingsFrom(process.env, { ports });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function tableOf(rows: readonly PartStatus[]): string {
  const cells = [
    ['PART', 'STATE', 'FROM', 'ADDRESS', 'ID', 'LOG'],
    ...rows.map((row) => [
      row.part,
      row.answers ? 'answers' : row.kind === 'none' ? 'not started' : 'does not answer',
      row.kind,
      row.url || '-',
      String(row.container ?? row.pid ?? '-'),
      row.log ?? '-',
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function runUp(options: PortOptions): Promise<void> {
  const urls = await up(settingsOf(options), say);
  process.stdout.write(
    `KAFKA_BROKERS=${urls.kafka}\nINFLUX_URL=${urls.influx}\nREGISTRY_URL=${urls.registry}\n`,
  );
  // On the other stream: what stands on the first is read back as variables.
  const { kafkaSecure } = urls;
  if (kafkaSecure) say(`kafka: with TLS and SASL on ${kafkaSecure.brokers}; trust ${kafkaSecure.caFile}`);
}

async function runStatus(options: { json?: boolean }): Promise<void> {
  const rows = await status(settingsOf({}));
  process.stdout.write(`${options.json ? JSON.stringify(rows) : tableOf(rows)}\n`);
  if (!rows.every((row) => row.answers)) process.exitCode = 1;
}

function program(): Command {
  const root = new Command('stack')
    .description('Kafka, InfluxDB 1.x and a schema registry on 127.0.0.1, for tests and trials')
    .showHelpAfterError()
    .addHelpText(
      'after',
      `
Servers run in Docker where an engine answers, else as processes: Kafka and the registry from Maven Central
(needs mvn and Java 17), InfluxDB from the Debian package influxdb. They outlive this command; state, data
and logs are in .cache/stack, resolved jars in .cache/jars (TELLTALE_CACHE names another folder).
Kafka takes three ports in a row: clients, controller, and (not in Docker) clients with TLS and SASL.
A part whose address is in KAFKA_BROKERS, INFLUX_URL or REGISTRY_URL is checked and never started or stopped.

Examples:
  npm run stack -- up                          start what is missing; prints the three addresses
  npm run stack -- up --kafka-port 29092       the same, the broker on another port
  KAFKA_BROKERS=10.0.0.5:9092 npm run stack -- up
  npm run stack -- status --json               exit code 1 unless every part answers
  npm run stack -- down                        stop everything and delete its data`,
    );
  const upCommand = root.command('up').description('start what is missing and wait until it answers');
  for (const part of PART_NAMES)
    upCommand.option(`--${part}-port <port>`, `port of ${part} (or TELLTALE_${part.toUpperCase()}_PORT)`);
  upCommand.action(runUp);
  root
    .command('down')
    .description('stop what `up` started and delete its data; resolved jars and logs stay')
    .action(() => down(settingsOf({}), say));
  root
    .command('status')
    .description('show every part and whether it answers')
    .option('--json', 'one line of JSON: part, title, kind, url, answers, pid, container, log')
    .action(runStatus);
  return root;
}

try {
  await program().parseAsync();
} catch (error) {
  if (!(error instanceof TelltaleError)) throw error;
  for (const line of messageOf(error).split('\n')) say(`error: ${line}`);
  process.exitCode = error.code === 'usage' ? 2 : 1;
}
