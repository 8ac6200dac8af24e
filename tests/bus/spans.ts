import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import type { SeenSpan } from '@sallyport/bus/conformance';
import { loadConfig } from '@sallyport/runtime';
import { startTelemetry, telemetryConfig } from '@sallyport/telemetry';

/** Tracing in this process, into memory, until it is disposed. */
export interface Spans extends AsyncDisposable {
  /** What has ended so far. */
  ended(): readonly SeenSpan[];
}

/** Starts it. One at a time in a process. */
export async function collectSpans(): Promise<Spans> {
  const exporter = new InMemorySpanExporter();
  const config = await loadConfig({ sections: [telemetryConfig], files: [], env: {} });
  const telemetry = await startTelemetry(config.values.telemetry, {
    ...{ service: 'trial', instance: 'trial', exporters: { spans: exporter } },
  });
  const seen: SeenSpan[] = [];
  return {
    ended() {
      // Thousands of them, asked for again and again: each is read once.
      for (const span of exporter.getFinishedSpans().slice(seen.length)) {
        seen.push({
          name: span.name,
          traceId: span.spanContext().traceId,
          spanId: span.spanContext().spanId,
          parentId: span.parentSpanContext?.spanId,
        });
      }
      return seen;
    },
    [Symbol.asyncDispose]: () => telemetry[Symbol.asyncDispose](),
  };
}
