import { type ConfigOf, defineConfig, duration, secret } from '@sallyport/runtime';
import { Type } from 'typebox';

/** Section `telemetry`. With nothing of it set, no part of the OpenTelemetry SDK is loaded. */
export const telemetryConfig = defineConfig(
  'telemetry',
  Type.Object({
    otlp: Type.Optional(
      Type.Object({
        endpoint: Type.String({
          pattern: '^https?://[^\\s/]+(/\\S*)?$',
          expected: 'the address of a collector such as http://127.0.0.1:4318',
          description: 'OTLP over HTTP (protobuf); /v1/traces and /v1/metrics are appended.',
        }),
        headers: Type.Record(Type.String(), secret(), { default: {} }),
        traces: Type.Boolean({ default: true }),
        metrics: Type.Boolean({ default: false }),
        metrics_interval: duration({ default: '60s', min: '1s', max: '1h' }),
        timeout: duration({
          default: '10s',
          min: '100ms',
          max: '1m',
          description: 'For one export; what takes longer is given up.',
        }),
      }),
    ),
    prometheus: Type.Boolean({
      default: false,
      description: 'Serve /metrics on the private listener.',
    }),
    sample_ratio: Type.Number({
      default: 1,
      minimum: 0,
      maximum: 1,
      description: 'Share of the traces begun here that are recorded; a caller’s decision is kept.',
    }),
  }),
);

export type TelemetryConfig = ConfigOf<typeof telemetryConfig>;
