import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import type { SeenSpan } from '@sallyport/bus/conformance';
import { loadConfig } from '@sallyport/runtime';
import { startTelemetry, telemetryConfig } from '@sallyport/telemetry';

/** Starts tracing in this process, into memory. Gives back what has ended so far. */
export async function collectSpans(): Promise<() => readonly SeenSpan[]> {
  const exporter = new InMemorySpanExporter();
  const config = await loadConfig({ sections: [telemetryConfig], files: [], env: {} });
  await startTelemetry(config.values.telemetry, {
    ...{ service: 'trial', instance: 'trial', exporters: { spans: exporter } },
  });
  return () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
    }));
}
