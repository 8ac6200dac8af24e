import type { certsList, DataOf, ReplyOf } from '@sallyport/contracts';
import { storedCertificates } from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { NAMES } from './changes/names.ts';

/**
 * A page of the names that have a certificate, in the order of their bytes. It may have fewer than `limit`, even none, and yet a
 * `next`. A name that gets its certificate meanwhile may be missing, one that had it before the first page isn't.
 */
export async function listCertificates(
  { space, clock }: { readonly space: Space; readonly clock: Clock },
  { after, limit = 100 }: DataOf<typeof certsList>,
  signal: AbortSignal,
): Promise<ReplyOf<typeof certsList>> {
  const from = after === undefined ? {} : { after: { member: after, score: 0 } };
  const members = await space.range(NAMES, { limit, ...from }, signal);
  const names = members.map(({ member }) => member);
  const entries =
    names.length === 0 ? [] : await space.get(names.map(storedCertificates.key), signal);
  const certificates = entries.flatMap((entry, i) => {
    const found = storedCertificates.decode(entry);
    if (found === undefined || found.notAfter <= clock.now()) return [];
    const { issuer, fingerprint, notBefore, notAfter } = found;
    return [
      {
        ...{ name: names[i] as string, issuer, fingerprint },
        notBefore: new Date(notBefore).toISOString(),
        notAfter: new Date(notAfter).toISOString(),
      },
    ];
  });
  const next = names.length === limit ? names.at(-1) : undefined;
  return { certificates, ...(next === undefined ? {} : { next }) };
}
