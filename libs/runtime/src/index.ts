export { type Clock, ManualClock, systemClock } from './clock.ts';
export type { Entry } from './config/compose.ts';
export type { Environment } from './config/environment.ts';
export { findConfig } from './config/find.ts';
export {
  type ConfigFile,
  type ConfigInput,
  type ConfigOf,
  type ConfigSection,
  defineConfig,
  type LoadedConfig,
  loadConfig,
} from './config/load.ts';
export type { Mistake } from './config/mistake.ts';
export { bytes, duration, secret } from './config/schema.ts';
export { Secret } from './config/secret.ts';
export type { Source } from './config/tree.ts';
export { type DeadlineOptions, orAborted, withDeadline } from './deadline.ts';
export { ConfigError, DeadlineError, InUseError, SallyportError, StoppedError } from './errors.ts';
export {
  type CheckReport,
  createHealth,
  type Health,
  type HealthOptions,
  type HealthReport,
  type Phase,
  type Verdict,
} from './health.ts';
export { countingIds, type Ids, randomIds } from './ids.ts';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type RootLogger,
} from './log/logger.ts';
export { descriptorSink, type LogSink } from './log/sink.ts';
export {
  type Counter,
  type Gauge,
  type Histogram,
  type InstrumentOptions,
  type Meter,
  meter,
} from './metrics.ts';
export { processConfig } from './process/config.ts';
export { EXIT, exitCodeOf } from './process/exits.ts';
export { type Assembly, type Life, type RunOptions, run } from './process/run.ts';
export type { Service } from './service.ts';
export {
  injectTrace,
  type Kind,
  type TraceHeaders,
  type Tracer,
  tracer,
  withTrace,
} from './trace.ts';
