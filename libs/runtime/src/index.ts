export { type Clock, ManualClock, systemClock } from './clock.ts';
export { DeadlineError, SallyportError } from './errors.ts';
export { countingIds, type Ids, randomIds } from './ids.ts';
export type { Service } from './service.ts';
export {
  injectTrace,
  type Kind,
  type TraceHeaders,
  type Tracer,
  tracer,
  withTrace,
} from './trace.ts';
