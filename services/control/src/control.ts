import { createAdmin } from '@sallyport/admin';
import { ownFeed, relayOutbox, watchPresence } from '@sallyport/bus';
import { gateway } from '@sallyport/contracts';
import {
  consumers,
  type EntityType,
  entityFeed,
  entityLog,
  keyAuths,
  openEntityWriter,
  pluginSchemas,
  pluginsWith,
  routes,
  services,
} from '@sallyport/gateway';
import type { Service } from '@sallyport/runtime';
import { adminApi } from './admin-api/api.ts';
import { eventsOf, tellReaders } from './announcements.ts';
import type { ControlConfig } from './config.ts';
import { ControlStoppedError } from './errors.ts';
import { keyDigester } from './key-digest.ts';
import { operatorApi } from './operator-api/api.ts';
import type { ControlPorts } from './ports.ts';

export interface Control extends Service {
  /** Where the Admin API and the operator API answer, such as `http://127.0.0.1:8001`, once started. */
  readonly url: string | undefined;
  /** The OpenAPI 3.1 document of both, once started. */
  openapi(): object | undefined;
}

/**
 * The service that writes the gateway's entities: the Admin API, the feed `gateway` and the relay of the events that
 * left with changes; and the operator API, which asks the other services. Any number of instances may run side by side over one store. Starting rejects with
 * `StoreUnavailableError` while the store is away; later the API answers 503 until it is back.
 */
export function createControl(ports: ControlPorts, config: ControlConfig): Control {
  const { space, bus, clock, logger, health, version, uuid } = ports;
  const life = new AbortController();
  const draining = new AbortController();
  const stack = new AsyncDisposableStack();
  const schemas = pluginSchemas(ports.plugins);
  const pluginType = pluginsWith(schemas);
  const types: EntityType[] = [services, routes, consumers, pluginType, keyAuths];
  let api: ReturnType<typeof createAdmin> | undefined;

  return {
    name: 'control',
    get url() {
      return api?.url;
    },
    openapi: () => api?.openapi(),
    async start(signal) {
      const log = entityLog(space, types);
      const source = entityFeed(log);
      const onFeedError = (error: unknown) => logger.warn('no heartbeat on the feed', { error });
      const owner = stack.use(
        ownFeed({ feed: gateway, feeds: bus.feeds, source, clock, onError: onFeedError }),
      );
      const onRelayError = (error: unknown) => logger.warn('events wait in the outbox', { error });
      stack.use(
        relayOutbox({
          ...{ outbox: space.outbox, outgoing: bus.outgoing, clock, onError: onRelayError },
        }),
      );
      const writer = await openEntityWriter(
        {
          ...{ log, types, uuid, clock },
          announce: (delta, before) => eventsOf(bus.outgoing, delta, before),
          written: tellReaders(owner, logger),
        },
        signal,
      );
      const onError = (error: unknown) => logger.warn('a node could not be read', { error });
      const present = stack.use(await watchPresence({ feeds: bus.feeds, clock, onError }));
      const access = config.api.token === undefined ? 'open' : 'operator';
      const common = { logger, uuid, signal: life.signal };
      const digestKey = keyDigester(ports.credentials);
      const groups = [
        operatorApi(
          {
            ...{ ...common, bus, clock, draining: draining.signal, maxTails: config.max_tails },
            nodes: () => present.list(),
            configuration: () => ports.configuration(),
          },
          access,
        ),
        adminApi({ ...common, writer, pluginType, plugins: schemas, version, digestKey }, access),
      ];
      const about = { title: 'Sallyport Admin API', version };
      api = stack.use(createAdmin({ health, logger, about, routes: groups }, config.api));
      // Tails never end by themselves, and the listener waits for what is open.
      stack.defer(() => draining.abort());
      await api.start(signal);
    },
    async drain(signal) {
      const cut = () => life.abort(new ControlStoppedError('control had no more time to drain'));
      draining.abort();
      if (signal.aborted) cut();
      signal.addEventListener('abort', cut, { once: true });
      try {
        // Requests in flight are answered, or cut off after the listener's own deadline.
        await api?.[Symbol.asyncDispose]();
      } finally {
        signal.removeEventListener('abort', cut);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
