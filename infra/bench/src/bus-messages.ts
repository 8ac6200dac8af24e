import { defineEvent, defineRpc } from '@sallyport/contracts';
import Type from 'typebox';

/** About what an edge asks about a login. */
export const benchRpc = defineRpc({
  type: 'bench.ask',
  version: 1,
  summary: 'A question of the size of a login.',
  data: Type.Object({ token: Type.String({ maxLength: 256 }), ip: Type.String({ maxLength: 64 }) }),
  reply: Type.Object({ ok: Type.Boolean(), subject: Type.String({ maxLength: 256 }) }),
});

/** About what an edge says about a handshake. */
export const benchEvent = defineEvent({
  type: 'bench.handshake',
  version: 1,
  summary: 'A fact of the size of a TLS handshake.',
  data: Type.Object({
    node: Type.String({ maxLength: 64 }),
    sni: Type.String({ maxLength: 253 }),
    protocol: Type.String({ maxLength: 16 }),
    cipher: Type.String({ maxLength: 64 }),
    resumed: Type.Boolean(),
    durationMs: Type.Number({ minimum: 0 }),
  }),
});

export const QUESTION = { token: 'abcdefghijklmnopqrstuvwxyz0123456789', ip: '192.0.2.7' };
export const ANSWER = { ok: true, subject: 'alice@example.org' };
/** Where the peer's plain responder listens. */
export const PEER_SUBJECT = 'peer.ask';

export function handshake(n: number) {
  return {
    ...{ node: 'edge-1', sni: `tenant-${n % 1000}.example.com`, protocol: 'TLSv1.3' },
    ...{ cipher: 'TLS_AES_128_GCM_SHA256', resumed: n % 3 === 0, durationMs: 3.25 },
  };
}
