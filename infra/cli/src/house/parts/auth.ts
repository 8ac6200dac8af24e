import { type AuthConfig, createAuth } from '@sallyport/auth';
import { given } from './given.ts';
import type { Part, PartContext } from './part.ts';

export async function authPart(context: PartContext, config: AuthConfig): Promise<Part> {
  const { store, bus, rings, clock, ids, logger, health, version } = context;
  const service = createAuth(
    {
      ...{ space: store.space('auth'), bans: store.space('bans') },
      reader: await rings.reader('messages-auth'),
      ...{ bus, clock, ids, logger, health, version },
    },
    config,
  );
  return { service, urls: () => given(service.url) };
}
