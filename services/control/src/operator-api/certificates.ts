import type { Bus } from '@sallyport/bus';
import { certsList } from '@sallyport/contracts';
import type { Mount } from './operation.ts';

/** Mounts the list of certificates, which is certs' to tell. */
export function mountCertificates(mount: Mount, { rpc }: Pick<Bus, 'rpc'>): void {
  mount('GET', '/certificates', {
    ...{ summary: 'The certificates there are, by name', tag: 'certificates' },
    query: certsList.schema,
    answers: certsList.replySchema,
    handle: ({ query, signal }) => rpc.request(certsList, query, { signal }),
  });
}
