import { X509Certificate } from 'node:crypto';
import {
  openPrivateKey,
  privateKeyPem,
  storedAlpnChallenges,
  storedHttpChallenges,
} from '@sallyport/pki';
import { withDeadline } from '@sallyport/runtime';
import type { ChallengeCertificates } from '../front/ports.ts';
import type { StoredCertificatePorts } from './stored.ts';

/** Answers to http-01 (RFC 8555 section 8.3). */
export interface HttpChallenges {
  /**
   * What `GET /.well-known/acme-challenge/<token>` at `host` (lower case, no port) is answered with, as
   * `application/octet-stream`; undefined: 404. Rejects when the store can't be asked: 503.
   */
  answer(host: string, token: string, signal?: AbortSignal): Promise<string | undefined>;
}

/** RFC 8555 section 8.3: base64url, 128 bits or more; nothing longer is asked for. */
const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;
const LONGEST_HOST = 253;

/**
 * Challenges are read from the store each time: whichever edge is asked answers, a moment after they were published, and an absence that
 * somebody provoked isn't remembered against the validator. Questions about the same one that come together are one.
 */
export function storedChallenges(
  ports: StoredCertificatePorts,
  readMs: number,
): { readonly certificates: ChallengeCertificates; readonly http: HttpChallenges } {
  const { space, leafKeys, clock } = ports;
  const reading = { clock, ms: readMs, late: 'reading a challenge' };

  const certificates = joined(async (name: string) =>
    withDeadline(reading, async (signal) => {
      const [entry] = await space.get([storedAlpnChallenges.key(name)], signal);
      const stored = storedAlpnChallenges.decode(entry);
      if (stored === undefined) return undefined;
      const aad = storedAlpnChallenges.aad(name);
      const key = privateKeyPem(await openPrivateKey(leafKeys, stored.key, aad, signal));
      const { fingerprint256 } = new X509Certificate(stored.certificate);
      const id = fingerprint256.replaceAll(':', '').toLowerCase();
      return { id, pairs: [{ chain: stored.certificate, key }] };
    }),
  );

  const answers = joined(async (at: string) =>
    withDeadline(reading, async (signal) => {
      const [host = '', token = ''] = at.split(' ');
      const [entry] = await space.get([storedHttpChallenges.key(host, token)], signal);
      return storedHttpChallenges.decode(entry)?.answer;
    }),
  );

  return {
    certificates: { find: (name) => certificates(name) },
    http: {
      async answer(host, token) {
        if (!TOKEN.test(token) || host === '' || host.length > LONGEST_HOST) return undefined;
        return host.includes(' ') ? undefined : answers(`${host} ${token}`);
      },
    },
  };
}

/**
 * `ask`, once at a time for each key. Who came while it was being asked doesn't take "there is none" for an answer: the question may be
 * older than what they ask for.
 */
function joined<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  const begin = (key: string) => {
    const answer = ask(key).finally(() => asked.delete(key));
    asked.set(key, answer);
    return answer;
  };
  return async (key) => {
    const earlier = await asked.get(key);
    return earlier ?? asked.get(key) ?? begin(key);
  };
}
