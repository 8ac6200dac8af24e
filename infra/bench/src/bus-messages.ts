import {
  type DataOf,
  handshakeCompleted,
  type ReplyOf,
  sessionsRevoke,
} from '@sallyport/contracts';

/** A question as small as they come, so that the bus is measured and not JSON. */
export const benchRpc = sessionsRevoke;
/** The most frequent fact there is. */
export const benchEvent = handshakeCompleted;

export const QUESTION: DataOf<typeof benchRpc> = {
  audience: 'shop',
  target: { session: '01J5ZK3M8Q4T7V9W2X6Y0A1B3C' },
  reason: 'logout',
};
export const ANSWER: ReplyOf<typeof benchRpc> = { revoked: 1 };
/** Where the peer's plain responder listens. */
export const PEER_SUBJECT = 'peer.ask';
/** Where the peer's events go: nobody listens and no stream keeps them. */
export const PEER_EVENTS = 'peer.events';

/** As a parser of ClientHellos gives them: text in one piece, not one that the serialiser has to put together first. */
const NAMES: readonly string[] = JSON.parse(
  JSON.stringify(Array.from({ length: 1000 }, (_, n) => `tenant-${n}.example.com`)),
);

export function handshake(n: number): DataOf<typeof benchEvent> {
  return {
    connection: '01J5ZK3M8Q4T7V9W2X6Y0A1B3C',
    handshake: '01J5ZK3M8Q4T7V9W2X6Y0A1B3D',
    client: { address: '192.0.2.7', port: 50_000 + (n % 1000) },
    serverName: NAMES[n % 1000] as string,
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn: 'http/1.1',
    resumed: n % 3 === 0,
    durationMs: 3.25,
  };
}
