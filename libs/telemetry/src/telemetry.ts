import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '@sallyport/runtime';
import type { TelemetryConfig } from './config.ts';
import { TelemetryRunningError } from './errors.ts';

/** The metrics of the process as a page for Prometheus (text format 0.0.4). */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/** The running SDK. Disposing flushes what there is, for at most three seconds, and takes it down. */
export interface Telemetry extends AsyncDisposable {
  /** What `/metrics` serves; undefined when Prometheus isn't configured. */
  readonly metrics: (() => Promise<MetricsPage>) | undefined;
  /** Sends what has been recorded so far. Resolves when sent, given up, or `signal` aborts. */
  flush(signal: AbortSignal): Promise<void>;
}

export interface TelemetryOptions {
  /** `service.name` and `service.instance.id`. */
  readonly service: string;
  readonly instance: string;
  readonly version?: string;
  /** Told when exports fail, at most once a minute for the same failure. */
  readonly logger?: Logger;
  /** In addition to what is configured; each span and metric reaches them at once. For tests and embedding. */
  readonly exporters?: { readonly spans?: SpanExporter; readonly metrics?: PushMetricExporter };
  /** Gives the start up. */
  readonly signal?: AbortSignal;
}

const SHUTDOWN_MS = 3000;
let running = false;

/**
 * Starts the OpenTelemetry SDK if anything is to be exported, else nothing: importing it costs 0.7 s and 50 MB.
 * Everything else in the product calls only the trace and meter API of libs/runtime, which works either way.
 * A collector that is slow, dead or wrong costs spans and log lines, never a request nor the process.
 */
export async function startTelemetry(
  config: TelemetryConfig,
  options: TelemetryOptions,
): Promise<Telemetry> {
  const { otlp, prometheus } = config;
  const wanted =
    prometheus ||
    (otlp !== undefined && (otlp.traces || otlp.metrics)) ||
    options.exporters?.spans !== undefined ||
    options.exporters?.metrics !== undefined;
  if (!wanted) {
    return { metrics: undefined, flush: async () => {}, [Symbol.asyncDispose]: async () => {} };
  }
  options.signal?.throwIfAborted();
  if (running) throw new TelemetryRunningError('telemetry runs already in this process');
  running = true;
  try {
    const { startSdk } = await import('./sdk.ts');
    options.signal?.throwIfAborted();
    const sdk = startSdk(config, options);
    return {
      metrics: sdk.metrics,
      flush: (signal) => atMost(signal, sdk.flush(), options.logger),
      async [Symbol.asyncDispose]() {
        await atMost(AbortSignal.timeout(SHUTDOWN_MS), sdk.shutdown(), options.logger);
        sdk.unregister();
        running = false;
      },
    };
  } catch (error) {
    running = false;
    throw error;
  }
}

/** Waits for `work`, but not longer than `signal`; a failure is logged: telemetry isn't worth failing for. */
async function atMost(signal: AbortSignal, work: Promise<void>, logger?: Logger): Promise<void> {
  const late = Promise.withResolvers<void>();
  const abort = () => {
    logger?.warn('telemetry was not sent in time, what was left is dropped');
    late.resolve();
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const sending = work.catch((error: unknown) => {
    logger?.warn('telemetry could not be sent', { error });
  });
  await Promise.race([sending, late.promise]);
  signal.removeEventListener('abort', abort);
}
