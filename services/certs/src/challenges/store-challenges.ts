import {
  type KeyRing,
  sealPrivateKey,
  storedAlpnChallenges,
  storedHttpChallenges,
} from '@sallyport/pki';
import type { Put, Space } from '@sallyport/store';
import { putStored } from '../stored.ts';
import type { Challenge, Challenges } from './challenges.ts';

/** No validation takes longer; an issuance that died leaves its challenges for so long. */
const TTL_MS = 600_000;

/** Challenges in the store, in the partition of their name, where every edge reads them. */
export function storeChallenges(ports: {
  readonly space: Space;
  readonly leafKeys: KeyRing;
}): Challenges {
  const { space, leafKeys } = ports;
  return {
    async publish(challenge, signal) {
      const put = putOf(challenge, leafKeys);
      await space.commit({ put: [put] }, signal);
      return {
        async [Symbol.asyncDispose]() {
          await space.commit({ delete: [put.key] });
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
