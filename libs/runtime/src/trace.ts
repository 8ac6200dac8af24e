import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ProxyTracerProvider,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** What a span is to its caller: see OpenTelemetry's SpanKind. */
export type Kind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

const KINDS: Record<Kind, SpanKind> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** String headers in which a trace context travels (W3C `traceparent`, `tracestate`). */
export type TraceHeaders = Record<string, string>;

/**
 * Whether an SDK is there. The API's no-op spans cost about 2 µs each, and its propagation as much again, which is half of
 * what a request over the bus may cost.
 */
function recording(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('') !== undefined;
}

const UNRECORDED = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Makes spans for one package. Without an SDK every call is a no-op of the OpenTelemetry API. */
export interface Tracer {
  /** Runs `work` inside a new span that ends with it; a rejection is recorded and passed on. */
  span<T>(
    name: string,
    options: { kind?: Kind; attributes?: Attributes; parent?: TraceHeaders },
    work: (span: Span) => Promise<T>,
  ): Promise<T>;
}

/** The tracer named after the package that makes the spans, such as `@sallyport/bus`. */
export function tracer(name: string): Tracer {
  let provider = trace.getTracerProvider();
  let otel = provider.getTracer(name);
  return {
    span(spanName, { kind = 'internal', attributes = {}, parent }, work) {
      if (!recording()) return work(UNRECORDED);
      // A tracer keeps the first SDK it met; when that one was shut down and another started, ask again.
      const current = trace.getTracerProvider();
      if (current !== provider) {
        provider = current;
        otel = current.getTracer(name);
      }
      const base: Context = parent === undefined ? context.active() : extractTrace(parent);
      return otel.startActiveSpan(
        spanName,
        { kind: KINDS[kind], attributes },
        base,
        async (span) => {
          try {
            return await work(span);
          } catch (error) {
            const failure = error instanceof Error ? error : new Error(String(error));
            span.recordException(failure);
            span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
            throw error;
          } finally {
            span.end();
          }
        },
      );
    },
  };
}

/**
 * What travels: the trace context and nothing else that a propagator knows. W3C `baggage` would carry what a
 * stranger sent us to every service and into every message.
 */
const TRAVELS = ['traceparent', 'tracestate'];

/** The active trace context as headers; an empty object when there is none. */
export function injectTrace(): TraceHeaders {
  const headers: TraceHeaders = {};
  if (!recording()) return headers;
  propagation.inject(context.active(), headers, {
    set(carrier, key, value) {
      if (TRAVELS.includes(key)) carrier[key] = value;
    },
  });
  return headers;
}

function extractTrace(headers: TraceHeaders): Context {
  return propagation.extract(context.active(), headers, {
    keys: (carrier) => TRAVELS.filter((key) => Object.hasOwn(carrier, key)),
    get: (carrier, key) => (TRAVELS.includes(key) ? carrier[key] : undefined),
  });
}

/** Runs `work` in the trace context that `headers` carry, without making a span. */
export function withTrace<T>(headers: TraceHeaders, work: () => T): T {
  return context.with(extractTrace(headers), work);
}

/** The ids of the active span for a log line; undefined outside a span, or when nothing records spans. */
export function activeTrace(): { traceId: string; spanId: string } | undefined {
  const span = trace.getSpanContext(context.active());
  return span !== undefined && isSpanContextValid(span)
    ? { traceId: span.traceId, spanId: span.spanId }
    : undefined;
}
