import { type CertsConfig, createCerts } from '@sallyport/certs';
import type { Part, PartContext } from './part.ts';

export async function certsPart(context: PartContext, config: CertsConfig): Promise<Part> {
  const { store, bus, rings, clock, ids, logger, health } = context;
  const [leafKeys, acmeAccounts, internalCa] = await Promise.all([
    rings.ring('leaf-keys'),
    rings.ring('acme-accounts'),
    rings.ring('internal-ca'),
    // Nobody else makes it, and control seals with it.
    rings.reader('messages-certs'),
  ]);
  const service = createCerts(
    {
      spaces: {
        ...{ certs: store.space('certs'), acme: store.space('acme'), ca: store.space('ca') },
        gateway: store.space('gateway'),
      },
      rings: { leafKeys, acmeAccounts, internalCa },
      ...{ bus, clock, ids, logger, health },
    },
    config,
  );
  return { service, urls: () => [], authority: () => service.authority };
}
