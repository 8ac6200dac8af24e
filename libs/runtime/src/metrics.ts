import { type Meter as ApiMeter, type Attributes, metrics } from '@opentelemetry/api';

/** What an instrument is about. Units are UCUM: `s`, `By`, `{request}`. */
export interface InstrumentOptions {
  readonly description: string;
  readonly unit?: string;
}

export interface Counter {
  add(value: number, attributes?: Attributes): void;
}

export interface Histogram {
  record(value: number, attributes?: Attributes): void;
}

/** A value that is set rather than summed. */
export interface Gauge {
  record(value: number, attributes?: Attributes): void;
}

/** Makes the instruments of one package. Without an SDK every call is a no-op. */
export interface Meter {
  /** Only grows. */
  counter(name: string, options: InstrumentOptions): Counter;
  /** Grows and shrinks: open connections, entries in a cache. */
  upDown(name: string, options: InstrumentOptions): Counter;
  gauge(name: string, options: InstrumentOptions): Gauge;
  /** `buckets`: upper bounds, ascending, in the unit of the instrument. */
  histogram(
    name: string,
    options: InstrumentOptions & { readonly buckets?: readonly number[] },
  ): Histogram;
}

/**
 * The meter named after the package that measures, such as `@sallyport/bus`.
 *
 * Instruments may be made at import time: the API has no proxy for meters (it has for tracers), so an instrument
 * made before the SDK starts would stay dead. Ours look the provider up on use and keep what it made.
 */
export function meter(name: string): Meter {
  return {
    counter(id, options) {
      const live = late(name, (m) => m.createCounter(id, options));
      return { add: (value, attributes) => live().add(value, attributes) };
    },
    upDown(id, options) {
      const live = late(name, (m) => m.createUpDownCounter(id, options));
      return { add: (value, attributes) => live().add(value, attributes) };
    },
    gauge(id, options) {
      const live = late(name, (m) => m.createGauge(id, options));
      return { record: (value, attributes) => live().record(value, attributes) };
    },
    histogram(id, { buckets, ...options }) {
      const advice = buckets === undefined ? {} : { explicitBucketBoundaries: [...buckets] };
      const live = late(name, (m) => m.createHistogram(id, { ...options, advice }));
      return { record: (value, attributes) => live().record(value, attributes) };
    },
  };
}

/** `make`, called once for every meter provider that comes to be the global one. */
function late<T>(name: string, make: (meter: ApiMeter) => T): () => T {
  let provider: unknown;
  let made: T;
  return () => {
    const current = metrics.getMeterProvider();
    if (current !== provider) {
      provider = current;
      made = make(current.getMeter(name));
    }
    return made;
  };
}
