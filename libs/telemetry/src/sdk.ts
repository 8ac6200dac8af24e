import { context, diag, logs, metrics, propagation, trace } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  SimpleSpanProcessor,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { complain } from './complaints.ts';
import type { TelemetryConfig } from './config.ts';
import { measureProcess } from './process-metrics.ts';
import { withUnits } from './prometheus-names.ts';
import type { MetricsPage, TelemetryOptions } from './telemetry.ts';

interface Sdk {
  readonly metrics: (() => Promise<MetricsPage>) | undefined;
  flush(): Promise<void>;
  shutdown(): Promise<void>;
  /** Takes the SDK out of the global API, so that another one can be started. */
  unregister(): void;
}

/** The only file that loads the SDK; imported when something is to be exported. */
export function startSdk(config: TelemetryConfig, options: TelemetryOptions): Sdk {
  const { service, instance, version, logger, exporters = {} } = options;
  if (logger !== undefined) diag.setLogger(complain(logger), { suppressOverrideMessage: true });
  const spanProcessors = spanOutputs(config, exporters.spans);
  const prometheus = config.prometheus
    ? new PrometheusExporter({ preventServerStart: true })
    : undefined;
  const readers = metricOutputs(config, exporters.metrics);
  if (prometheus !== undefined) readers.push(prometheus);

  const sdk = new NodeSDK({
    // Detectors would publish the command line, its owner and paths (as target_info, for everybody who may scrape).
    autoDetectResources: false,
    resource: resourceFromAttributes({
      'service.name': service,
      'service.instance.id': instance,
      ...(version === undefined ? {} : { 'service.version': version }),
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.sample_ratio) }),
    spanProcessors,
    metricReaders: readers,
    // Given, though empty: left out, the SDK would take exporters from OTEL_* variables.
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  const measuring = readers.length > 0 ? measureProcess() : undefined;

  return {
    metrics: prometheus === undefined ? undefined : pages(prometheus),
    async flush() {
      await Promise.all([...spanProcessors, ...readers].map((output) => output.forceFlush()));
    },
    shutdown: () => sdk.shutdown(),
    unregister() {
      measuring?.[Symbol.dispose]();
      trace.disable();
      metrics.disable();
      logs.disable();
      propagation.disable();
      context.disable();
      diag.disable();
    },
  };
}

function spanOutputs(
  { otlp }: TelemetryConfig,
  extra: NonNullable<TelemetryOptions['exporters']>['spans'],
): SpanProcessor[] {
  const outputs: SpanProcessor[] = [];
  if (otlp?.traces === true) {
    const exporter = new OTLPTraceExporter(collector(otlp, 'v1/traces'));
    outputs.push(new BatchSpanProcessor({ exporter, exportTimeoutMillis: otlp.timeout }));
  }
  if (extra !== undefined) outputs.push(new SimpleSpanProcessor({ exporter: extra }));
  return outputs;
}

function metricOutputs(
  { otlp }: TelemetryConfig,
  extra: NonNullable<TelemetryOptions['exporters']>['metrics'],
): MetricReader[] {
  const outputs: MetricReader[] = [];
  if (otlp?.metrics === true) {
    outputs.push(
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(collector(otlp, 'v1/metrics')),
        exportIntervalMillis: otlp.metrics_interval,
        exportTimeoutMillis: Math.min(otlp.timeout, otlp.metrics_interval),
      }),
    );
  }
  if (extra !== undefined) outputs.push(new PeriodicExportingMetricReader({ exporter: extra }));
  return outputs;
}

function collector(otlp: NonNullable<TelemetryConfig['otlp']>, path: string) {
  return {
    url: `${otlp.endpoint.replace(/\/$/, '')}/${path}`,
    headers: Object.fromEntries(
      Object.entries(otlp.headers).map(([name, value]) => [name, value.reveal()]),
    ),
    timeoutMillis: otlp.timeout,
  };
}

function pages(reader: PrometheusExporter): () => Promise<MetricsPage> {
  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  return async () => {
    const { resourceMetrics, errors } = await reader.collect();
    for (const error of errors) diag.error('a metric could not be collected', error);
    return {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: serializer.serialize(withUnits(resourceMetrics)),
    };
  };
}
