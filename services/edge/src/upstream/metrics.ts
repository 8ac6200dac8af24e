import { meter } from '@sallyport/runtime';
import type { FailureReason } from './failure.ts';

const failures = meter('@sallyport/edge').counter('sallyport.edge.upstream.failures', {
  description: 'Requests that an upstream gave no whole response to, by reason.',
  unit: '{request}',
});

export function countUpstreamFailure(reason: FailureReason): void {
  failures.add(1, { reason });
}
