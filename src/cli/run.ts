import { loadConfig } from '../config/load.ts';
import { secretFilter } from '../config/redact.ts';
import { ConfigError, formatProblem } from '../config/types.ts';
import { warningsOf } from '../config/warnings.ts';
import { messageOf } from '../errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples } from './output.ts';
import { packageVersion } from './version.ts';

/** A stop that takes longer is cut: the rules of the log make a crash as good as a stop. */
const STOP_MS_MAX = 9_500;

/** `telltale run`: the daemon. */
export const runCommand: CommandModule = {
  register(program, cli) {
    program
      .command('run')
      .description('Run the daemon on Kafka. SIGHUP reloads the configuration, SIGTERM drains and stops.')
      .addHelpText(
        'after',
        examples(['telltale run', 'telltale --config /etc/telltale run', 'kill -HUP PID']),
      )
      .action(() => run(cli));
  },
};

async function run(cli: Cli): Promise<void> {
  const dir = cli.options().config;
  const config = await loadConfig(dir, cli.wiring.registries, { env: cli.io.env });
  let hide = secretFilter(config);
  let also: (line: string) => void = () => {};
  const logger = createLogger({
    level: config.log.level,
    hide: (line) => hide(line),
    also: (line) => also(line),
  });
  for (const warning of warningsOf(config)) logger.warn({}, warning);
  const { startTelemetry } = await import('../telemetry/sdk.ts');
  const { createConsole } = await import('../console/server.ts');
  const { isLoopback } = await import('../config/loopback.ts');
  const { predictRoutes } = await import('../predict/routes.ts');
  const { createDaemon } = await import('../flow/daemon.ts');
  const telemetry = await startTelemetry({
    prometheus: config.metrics,
    otlpUrl: config.otlp?.url ?? null,
    serviceVersion: packageVersion(),
  });
  also = telemetry.log;
  let finish: (error: Error | null) => void = () => {};
  const finished = new Promise<Error | null>((resolve) => {
    finish = resolve;
  });
  const onFatal = (error: Error): void => {
    logger.fatal({ cause: messageOf(error) }, 'the daemon cannot go on; start it again');
    finish(error);
  };
  const daemon = createDaemon({
    config,
    registries: cli.wiring.registries,
    logger,
    metrics: telemetry.metrics,
    tracing: telemetry.tracing,
    onFatal,
  });
  const { enabled, inFlightMax } = config.predict;
  const extend = predictRoutes(daemon.predictions, {
    // Who asks writes to the topics of requests: what others reach is opened on purpose.
    enabled: enabled ?? isLoopback(config.http.host),
    inFlightMax,
    counted: telemetry.metrics.prediction,
    log: (event, facts) => logger.warn(facts, event),
  });
  const page = await createConsole(daemon.source, { ...config.http, extend });
  logger.info({ url: page.url, metrics: telemetry.prometheusUrl }, 'live page');
  const onHangup = async (): Promise<void> => {
    try {
      const next = await loadConfig(dir, cli.wiring.registries, { env: cli.io.env });
      // The connections keep the secrets that they were made with.
      hide = secretFilter([config, next]);
      await daemon.reload(next);
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : [messageOf(error)];
      logger.error({ problems }, 'the new configuration is refused; the old one stays');
    }
  };
  const onTerminate = (): void => finish(null);
  process.on('SIGHUP', onHangup);
  process.once('SIGTERM', onTerminate);
  process.once('SIGINT', onTerminate);
  daemon.start().catch((error: unknown) => {
    if (error instanceof Error) onFatal(error);
  });
  const error = await finished;
  logger.info({}, 'stopping');
  const cut = setTimeout(() => {
    logger.error({}, 'stopping took too long; the next start continues from the last commit');
    process.exit(1);
  }, STOP_MS_MAX);
  await page.close();
  await daemon.stop().catch((error: unknown) => logger.error({ cause: messageOf(error) }, 'stopping failed'));
  await telemetry.shutdown();
  clearTimeout(cut);
  process.removeListener('SIGHUP', onHangup);
  logger.info({}, 'stopped');
  // The supervisor starts the daemon again after a failure, and not after a wished end.
  if (error !== null) throw error;
}
