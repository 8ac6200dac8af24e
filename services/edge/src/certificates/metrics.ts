import { meter } from '@sallyport/runtime';

const instruments = meter('@sallyport/edge');

const lookUps = instruments.counter('sallyport.edge.certificates', {
  description: 'Handshakes that needed a certificate, by where it came from.',
  unit: '{handshake}',
});

/** `memory`; `stale`: from memory, though the store should have been asked; `flight`: store or service were asked. */
export function countCertificate(from: 'memory' | 'stale' | 'flight' | 'refused'): void {
  lookUps.add(1, { from });
}
