import type { KeyRing } from '@sallyport/pki';
import type { TicketKeys } from '../front/ticket-keys.ts';

const LABEL = 'tls-ticket/v1';
const BYTES = 48;

/** The TLS ticket keys of ring `tickets`: the same in every edge that has read the same revision. */
export function ticketKeys(ring: Pick<KeyRing, 'active' | 'keys' | 'derive'>): TicketKeys {
  const { active } = ring;
  const previous = ring.keys
    .filter(({ kid, state }) => kid !== active && state !== 'retired')
    .map(({ kid }) => kid)
    .sort((a, b) => b - a);
  const key = (kid: number) => ring.derive(kid, LABEL, BYTES);
  return { current: key(active), previous: previous.map(key) };
}
