import { meter } from '@sallyport/runtime';
import type { HandshakeReport } from './report.ts';

const instruments = meter('@sallyport/edge');

const handshakes = instruments.counter('sallyport.edge.handshakes', {
  description: 'Connections to the TLS port, by how their handshake ended.',
  unit: '{handshake}',
});

const duration = instruments.histogram('sallyport.edge.handshake.duration', {
  description: 'From the accepted connection to the end of its handshake.',
  unit: 's',
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});

/** Counts a handshake. Attributes are of small sets only: names and addresses belong to the events. */
export function countHandshake({ outcome, data }: HandshakeReport): void {
  const attributes =
    'reason' in data
      ? { outcome, reason: data.reason }
      : { outcome, protocol: data.protocol, resumed: data.resumed };
  handshakes.add(1, attributes);
  duration.record(data.durationMs / 1000, { outcome });
}
