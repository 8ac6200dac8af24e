export { type TelemetryConfig, telemetryConfig } from './config.ts';
export { TelemetryRunningError } from './errors.ts';
export {
  type MetricsPage,
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from './telemetry.ts';
