import { createEdge, type EdgeConfig } from '@sallyport/edge';
import type { Part, PartContext } from './part.ts';

export async function edgePart(context: PartContext, config: EdgeConfig): Promise<Part> {
  const { store, bus, rings, clock, ids, logger, health } = context;
  const [fromSessions, leafKeys, sessions, tickets, credentials, toAuth, toSessions] =
    await Promise.all([
      rings.reader('messages-edge'),
      rings.ring('leaf-keys'),
      rings.ring('sessions'),
      rings.ring('tickets'),
      rings.ring('credentials'),
      rings.sealer('messages-auth'),
      rings.sealer('messages-sessions'),
    ]);
  const service = createEdge(
    {
      spaces: {
        gateway: store.space('gateway'),
        certs: store.space('certs'),
        sessions: store.space('sessions'),
      },
      rings: { leafKeys, sessions, tickets, credentials },
      sealers: { toAuth, toSessions },
      readers: { fromSessions },
      ...{ bus, clock, ids, logger, health },
    },
    config,
  );
  return { service, urls: () => [...service.urls] };
}
