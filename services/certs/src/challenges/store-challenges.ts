import type { KeyRing } from '@sallyport/pki';
import { defineRecord, type Key, type Put, type Space } from '@sallyport/store';
import type { Challenge, Challenges } from './challenges.ts';

/** Answer to a challenge of http-01, at {@link httpChallengeKey}. */
export const httpChallenges = defineRecord<{ readonly answer: string }>({
  kind: 'http-01 challenge',
  format: 1,
  is: (value): value is { answer: string } => has(value, 'answer'),
});

/** Certificate of a challenge of tls-alpn-01, at {@link alpnChallengeKey}; `key`: base64 of PKCS#8 DER, sealed for that key. */
export const alpnChallenges = defineRecord<{ readonly certificate: string; readonly key: string }>({
  kind: 'tls-alpn-01 challenge',
  format: 1,
  is: (value): value is { certificate: string; key: string } =>
    has(value, 'certificate') && has(value, 'key'),
});

export const httpChallengeKey = (name: string, token: string): Key => [name, 'http-01', token];
export const alpnChallengeKey = (name: string): Key => [name, 'tls-alpn-01'];
/** Associated data of the sealed key of a challenge. */
export const alpnChallengeAad = (name: string): string => `tls-alpn-01/${name}`;

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
      const put = record(challenge, leafKeys);
      await space.commit({ put: [put] }, signal);
      return {
        async [Symbol.asyncDispose]() {
          await space.commit({ delete: [put.key] });
        },
      };
    },
  };
}

function record(challenge: Challenge, leafKeys: KeyRing): Put {
  const { name } = challenge;
  if (challenge.type === 'http-01') {
    const key = httpChallengeKey(name, challenge.token);
    return httpChallenges.put(key, { answer: challenge.answer }, { ttlMs: TTL_MS });
  }
  const sealed = leafKeys.seal(challenge.key, alpnChallengeAad(name));
  return alpnChallenges.put(
    alpnChallengeKey(name),
    { certificate: challenge.certificate, key: sealed.toString('base64') },
    { ttlMs: TTL_MS },
  );
}

function has(value: unknown, field: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Record<string, unknown>)[field] === 'string'
  );
}
