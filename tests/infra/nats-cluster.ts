import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsConfig } from '../../infra/nats/config.ts';
import { USERS, type UserName } from '../../infra/nats/users.ts';
import { type NatsServer, startNats } from '../world/nats.ts';
import { tempDir } from '../world/program.ts';

/** A nats-server with the users of infra/nats; everybody's password is `<user>-password`. */
export interface GuardedNats extends AsyncDisposable {
  readonly server: NatsServer;
  /** Name of its configuration file. */
  readonly file: string;
}

export const password = (user: UserName) => `${user}-password`;

export async function startGuardedNats(
  prefix?: string,
  passwords: Partial<Record<UserName, string>> = Object.fromEntries(
    USERS.map((user) => [user, password(user)]),
  ),
): Promise<GuardedNats> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const file = join(dir.path, 'nats.conf');
  await writeFile(file, natsConfig({ passwords, ...(prefix === undefined ? {} : { prefix }) }));
  const server = stack.use(await startNats({ configFile: file }));
  const owned = stack.move();
  return { server, file, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A plain client of that user, without any of libs/bus. */
export function connectAs(server: NatsServer, user: UserName): Promise<NatsConnection> {
  return connect({
    ...{ servers: server.url, user, pass: password(user) },
    ...{ reconnect: false, inboxPrefix: `_INBOX_${user}` },
  });
}
