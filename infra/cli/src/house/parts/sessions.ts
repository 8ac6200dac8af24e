import { createSessions, type SessionsConfig } from '@sallyport/sessions';
import type { Part, PartContext } from './part.ts';

export async function sessionsPart(context: PartContext, config: SessionsConfig): Promise<Part> {
  const { store, bus, rings, keys, clock, ids, logger, health } = context;
  const [sessions, tickets, reader, sealer] = await Promise.all([
    rings.ring('sessions'),
    rings.ring('tickets'),
    rings.reader('messages-sessions'),
    rings.sealer('messages-edge'),
  ]);
  const service = createSessions(
    {
      ...{ space: store.space('sessions'), rings: { sessions, tickets }, keys, reader, sealer },
      ...{ bus, clock, ids, logger, health },
    },
    config,
  );
  return { service, urls: () => [] };
}
