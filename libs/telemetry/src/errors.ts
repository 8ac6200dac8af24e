import { SallyportError } from '@sallyport/runtime';

/** Telemetry was started while it runs already. OpenTelemetry's API is global: a process has one SDK. */
export class TelemetryRunningError extends SallyportError {
  readonly code = 'SP_ERR_TELEMETRY_RUNNING';
}
