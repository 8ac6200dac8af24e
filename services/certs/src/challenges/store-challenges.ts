import {
  type KeyRing,
  sealPrivateKey,
  storedAlpnChallenges,
  storedHttpChallenges,
} from '@sallyport/pki';
import type { Put, Space } from '@sallyport/store';
import type { ChangeLog } from '../changes/change-log.ts';
import { putStored } from '../stored.ts';
import type { Challenge, Challenges } from './challenges.ts';

export interface ChallengePorts {
  /** The space `certs`. */
  readonly space: Space;
  readonly log: ChangeLog;
  readonly leafKeys: KeyRing;
  /** A challenge couldn't be taken away; it goes by itself after ten minutes. */
  readonly onFault: (fault: { readonly name: string; readonly error: unknown }) => void;
}

/** No validation takes longer; an issuance that died leaves its challenges for so long. */
const TTL_MS = 600_000;

/** Challenges in the store, in the partition of their name, where every edge reads them, and told on the feed. */
export function storeChallenges(ports: ChallengePorts): Challenges {
  const { space, log, leafKeys, onFault } = ports;
  return {
    async publish(challenge, signal) {
      const { name } = challenge;
      const put = putOf(challenge, leafKeys);
      const change = {
        ...{ kind: 'challenge', name },
        ...(challenge.type === 'http-01' ? { key: challenge.token } : {}),
      };
      await space.commit({ put: [put] }, signal);
      // An edge that was asked too early remembers that there was none.
      await log.append(change);
      return {
        async [Symbol.asyncDispose]() {
          try {
            await space.commit({ delete: [put.key] });
            await log.append({ ...change, removed: true });
          } catch (error) {
            // The order must not be lost for that.
            onFault({ name, error });
          }
        },
      };
    },
  };
}

function putOf(challenge: Challenge, leafKeys: KeyRing): Put {
  const { name } = challenge;
  if (challenge.type === 'http-01') {
    const key = storedHttpChallenges.key(name, challenge.token);
    return putStored(storedHttpChallenges, key, { answer: challenge.answer }, TTL_MS);
  }
  const key = sealPrivateKey(leafKeys, challenge.key, storedAlpnChallenges.aad(name));
  const record = { certificate: challenge.certificate, key };
  return putStored(storedAlpnChallenges, storedAlpnChallenges.key(name), record, TTL_MS);
}
