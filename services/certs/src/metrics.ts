import { meter } from '@sallyport/runtime';
import type { Outcome } from './obtain/outcome.ts';

const instruments = meter('@sallyport/certs');

const asked = instruments.counter('sallyport.certs.asked', {
  description: 'Names that were asked for by handshakes, by what they were told.',
  unit: '{request}',
});
const waited = instruments.histogram('sallyport.certs.wait', {
  description: 'How long a handshake waited for the answer.',
  unit: 's',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});
const issuances = instruments.counter('sallyport.certs.issuances', {
  description: 'Certificates that issuers were asked for, by how it ended.',
  unit: '{certificate}',
});
const issuing = instruments.histogram('sallyport.certs.issuance.duration', {
  description: 'From the decision to obtain a certificate until it was stored or given up.',
  unit: 's',
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
});
const faults = instruments.counter('sallyport.certs.faults', {
  description:
    'What went wrong behind handshakes that nobody may be waiting for, and wasn’t the CA’s doing.',
  unit: '{fault}',
});

/** Counts an answer to a handshake; names and addresses belong into events. */
export function countAsked(answer: Outcome, ms: number): void {
  const { outcome } = answer;
  asked.add(1, 'reason' in answer ? { outcome, reason: answer.reason } : { outcome });
  waited.record(ms / 1000, { outcome });
}

/** `reason`: that of the problem, for one that failed. */
export function countIssuance(
  how: { readonly issuer: string; readonly renewal: boolean; readonly reason?: string },
  ms: number,
): void {
  const outcome = how.reason === undefined ? 'issued' : 'failed';
  issuances.add(1, { outcome, ...how });
  issuing.record(ms / 1000, { outcome, issuer: how.issuer, renewal: how.renewal });
}

export function countFault(part: string): void {
  faults.add(1, { part });
}
