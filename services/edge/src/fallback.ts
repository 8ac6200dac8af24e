import { generatePrivateKey, privateKeyPem, selfSigned } from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import type { Certificate } from './front/ports.ts';

const DAY = 86_400_000;

/** What names without a certificate are shown: nobody trusts it, and everybody sees what it is. A new one at every start. */
export async function fallbackCertificate(
  clock: Clock,
  signal?: AbortSignal,
): Promise<Certificate> {
  const key = await generatePrivateKey('ec-p256', signal);
  const chain = await selfSigned(
    {
      key,
      commonName: 'Sallyport fallback certificate',
      dnsNames: ['fallback.invalid'],
      usages: ['server'],
      notBefore: clock.now() - DAY,
      notAfter: clock.now() + 365 * DAY,
    },
    signal,
  );
  return { id: 'fallback', pairs: [{ chain, key: privateKeyPem(key) }] };
}
