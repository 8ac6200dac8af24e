import { inNetwork, type Network } from '../../network.ts';
import type { FailPolicy } from '../stage.ts';
import type { Feature } from './feature.ts';

/**
 * Refuses logins that came in clear, unless from one of `cleartext`. A temporary failure, as in Nauthilus: neither the
 * client nor its user did anything wrong, and the password isn't looked at.
 */
export function tlsEncryption(cleartext: readonly Network[], onFailure: FailPolicy): Feature {
  return {
    name: 'tls-encryption',
    onFailure,
    async look({ facts, address }) {
      const fine = facts.tls !== undefined || cleartext.some((net) => inNetwork(address, net));
      return fine
        ? { outcome: 'pass' }
        : { outcome: 'trigger', verdict: 'tempfail', reason: 'tls-encryption' };
    },
  };
}
