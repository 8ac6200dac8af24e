import {
  type Consumer,
  consumers,
  type EntityTables,
  type KeyAuth,
  keyAuths,
} from '@sallyport/gateway';

/** Who the gateway knows, at one version of the snapshot. */
export interface Directory {
  consumer(id: string): Consumer | undefined;
  /** By id, or else by username. */
  consumerNamed(idOrUsername: string): Consumer | undefined;
  keyAuth(digest: string): KeyAuth | undefined;
}

/**
 * The directory of tables that deltas are applied to: what is taken away, such as a key, is gone for requests on their way too. They never see
 * half of a change, as nobody waits between two questions and a delta is applied whole.
 */
export function directoryOf(tables: EntityTables) {
  const consumer = (id: string) => tables.get(consumers, id);
  return {
    consumer,
    consumerNamed: (name: string) => consumer(name) ?? tables.byKey(consumers, name),
    keyAuth: (digest: string) => tables.byKey(keyAuths, digest),
    keyAuthById: (id: string) => tables.get(keyAuths, id),
  } satisfies Directory & { keyAuthById(id: string): KeyAuth | undefined };
}
