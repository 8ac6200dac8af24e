import type { Msg } from '@nats-io/transport-node';
import type { StoredMessage } from '../broker.ts';
import { fromNats } from './headers.ts';
import type { Subjects } from './subjects.ts';

/** What JetStream says about a delivery in its reply subject. */
export interface DeliveryInfo {
  readonly attempt: number;
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending>`, or the longer form of
 * ADR-15 that begins with domain and account; undefined for any other subject.
 */
export function deliveryInfo(reply: string): DeliveryInfo | undefined {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined;
  const at = tokens.length === 9 ? 4 : tokens.length >= 11 ? 6 : undefined;
  if (at === undefined) return undefined;
  const [attempt, sequence, , ns] = tokens.slice(at).map(Number);
  if (!((attempt as number) > 0 && (sequence as number) > 0)) return undefined;
  return {
    attempt: attempt as number,
    sequence: sequence as number,
    time: Math.floor((ns as number) / 1e6),
  };
}

export function storedMessage(
  message: Msg,
  { sequence, time }: DeliveryInfo,
  subjects: Subjects,
): StoredMessage {
  return {
    subject: subjects.bare(message.subject),
    headers: fromNats(message.headers),
    body: message.data,
    ...{ sequence, time },
  };
}
