import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  context as contextApi,
  metrics as metricsApi,
  propagation,
  trace as traceApi,
} from '@opentelemetry/api';
import { logs as logsApi } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  NodeSDK,
  resources,
  logs as sdkLogs,
  metrics as sdkMetrics,
  tracing as sdkTraces,
} from '@opentelemetry/sdk-node';
import { messageOf, TelltaleError } from '../errors.ts';
import { logRecordOf } from './log-record.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { observeProcess } from './process.ts';
import { createTracing, type Tracing } from './tracing.ts';

export interface TelemetryOptions {
  /** Serves GET /metrics; port 0: any free port. Null: no Prometheus page. */
  prometheus: { host: string; port: number } | null;
  /** Base URL of an OTLP/HTTP collector, as `http://collector:4318`; null: nothing is sent. */
  otlpUrl: string | null;
  /** How often metrics are sent by OTLP; default 10,000. */
  otlpEveryMs?: number;
  serviceVersion: string;
}

export interface Telemetry {
  metrics: Metrics;
  /** Null without a collector. */
  tracing: Tracing | null;
  /** Sends a line of the logger to the collector, if there is one. */
  log(line: string): void;
  /** Null without a Prometheus page. */
  prometheusUrl: string | null;
  /** Sends what is left, for at most 3 s, and closes the page. Never rejects. */
  shutdown(): Promise<void>;
}

const SHUTDOWN_MS_MAX = 3_000;

/** The exporter's own server cannot be awaited before the SDK starts, nor told to take any free port. */
async function servePage(exporter: PrometheusExporter, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (request.method === 'GET' && path === '/metrics') {
      exporter.getMetricsRequestHandler(request, response);
      return;
    }
    response.statusCode = 404;
    response.end('There is only GET /metrics.\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    const at = `${host}:${port}`;
    throw new TelltaleError('config_invalid', `telemetry: cannot listen on ${at}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return server;
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
}

async function closePage(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

async function withinMs(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  // A collector that is away at the end is no reason to fail the end.
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}

/**
 * Starts metrics, traces and logs of this process. With neither receiver the recorders do nothing and cost
 * nothing. Rejects with a TelltaleError that names host and port when the page's port is taken.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { prometheus, otlpUrl } = options;
  const exporter = prometheus ? new PrometheusExporter({ preventServerStart: true }) : null;
  const page = prometheus && exporter ? await servePage(exporter, prometheus.host, prometheus.port) : null;
  const base = otlpUrl?.replace(/\/+$/, '');
  const readers: sdkMetrics.IMetricReader[] = exporter ? [exporter] : [];
  if (base) {
    readers.push(
      new sdkMetrics.PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics` }),
        exportIntervalMillis: options.otlpEveryMs ?? 10_000,
        exportTimeoutMillis: Math.min(5_000, options.otlpEveryMs ?? 10_000),
      }),
    );
  }
  const traces = base
    ? [new sdkTraces.BatchSpanProcessor(new OTLPTraceExporter({ url: `${base}/v1/traces` }))]
    : [];
  const logs = base
    ? [new sdkLogs.BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${base}/v1/logs` }) })]
    : [];
  const sdk = new NodeSDK({
    resource: resources.defaultResource().merge(
      resources.resourceFromAttributes({
        'service.name': 'telltale',
        'service.version': options.serviceVersion,
      }),
    ),
    autoDetectResources: false,
    metricReaders: readers,
    // Empty, not absent: absent means exporters from the environment, and those default to a collector on this host.
    spanProcessors: traces,
    logRecordProcessors: logs,
  });
  sdk.start();
  const meter = metricsApi.getMeter('telltale', options.serviceVersion);
  const stopObserving = readers.length > 0 ? observeProcess(meter) : () => {};
  const logger = logsApi.getLogger('telltale', options.serviceVersion);
  return {
    metrics: createMetrics(meter),
    tracing: base ? createTracing(traceApi.getTracer('telltale', options.serviceVersion)) : null,
    log: (line) => {
      const record = base ? logRecordOf(line) : null;
      if (record !== null) logger.emit(record);
    },
    prometheusUrl: page ? addressOf(page) : null,
    async shutdown() {
      stopObserving();
      if (page) await closePage(page);
      await withinMs(sdk.shutdown(), SHUTDOWN_MS_MAX);
      for (const api of [metricsApi, traceApi, logsApi, contextApi, propagation]) api.disable();
    },
  };
}
