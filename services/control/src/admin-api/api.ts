import type { Access, RouteGroup } from '@sallyport/admin';
import {
  type EntityType,
  type EntityWriter,
  type PluginSchemas,
  WriteContentionError,
} from '@sallyport/gateway';
import type { Logger } from '@sallyport/runtime';
import { StoreClosedError, StoreUnavailableError } from '@sallyport/store';
import { ControlStoppedError } from '../errors.ts';
import { complaint, NOT_FOUND } from './answer.ts';
import { mountCollection, mountReferenced } from './collections.ts';
import { openDesk } from './desk.ts';
import { mountOn } from './endpoint.ts';
import { mountInformation } from './information.ts';
import { keyAuthResource } from './key-auth-resource.ts';
import { consumerResource, pluginResource, routeResource, serviceResource } from './resources.ts';

export interface AdminApiPorts {
  readonly writer: EntityWriter;
  readonly pluginType: EntityType;
  readonly plugins: PluginSchemas;
  readonly version: string;
  readonly logger: Logger;
  /** Aborts when requests in flight shall end. */
  readonly signal: AbortSignal;
  digestKey(key: string): string;
  uuid(): string;
}

/** The Admin API in Kong's shape, as routes for a listener. */
export function adminApi(ports: AdminApiPorts, access: Access): RouteGroup {
  return {
    prefix: '',
    access,
    register(router) {
      const { writer, logger, signal, plugins, version } = ports;
      // The gateway checks what is written, and what it answers is JSON as it stands.
      router.setValidatorCompiler(() => () => true);
      router.setSerializerCompiler(() => (body) => JSON.stringify(body));
      router.removeAllContentTypeParsers();
      router.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
        done(null, body);
      });
      router.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
        const unavailable = unavailability(error);
        if (unavailable !== undefined) {
          const { status, body } = complaint('database', unavailable);
          return reply.code(status).header('retry-after', '1').send(body);
        }
        const status = error.statusCode ?? 500;
        if (status === 415) return reply.code(415).send();
        if (status < 500) return reply.code(status).send({ message: error.message });
        const { method } = request;
        logger.error('request failed', { method, route: request.routeOptions.url, error });
        return reply.code(500).send({ message: 'An unexpected error occurred' });
      });

      const service = serviceResource;
      const route = routeResource;
      const consumer = consumerResource;
      const plugin = pluginResource(ports.pluginType, plugins);
      const keyAuth = keyAuthResource(ports.digestKey);
      const resources = [service, route, consumer, plugin, keyAuth];

      // What another instance wrote a moment ago is seen: one read of the store for each request.
      const mount = mountOn(router, signal, (stop) => writer.refresh(stop));
      const snapshot = () => writer.snapshot;
      const collections = { desk: openDesk(writer, ports.uuid), snapshot };

      mountInformation(mount, { version, plugins, resources, snapshot });
      for (const resource of resources) mountCollection(mount, collections, resource);
      for (const [parent, child, path, field] of [
        [service, route, 'routes', 'service'],
        [service, plugin, 'plugins', 'service'],
        [route, plugin, 'plugins', 'route'],
        [consumer, plugin, 'plugins', 'consumer'],
        [consumer, keyAuth, 'key-auth', 'consumer'],
      ] as const) {
        mountCollection(mount, collections, child, { parent, path, field });
      }
      mountReferenced(mount, collections, route, 'service', service);
      mountReferenced(mount, collections, plugin, 'service', service);
      mountReferenced(mount, collections, plugin, 'route', route);
      mountReferenced(mount, collections, plugin, 'consumer', consumer);
      mountReferenced(mount, collections, keyAuth, 'consumer', consumer);

      router.all('/*', { schema: { hide: true } }, (_request, reply) =>
        reply.code(NOT_FOUND.status).send(NOT_FOUND.body),
      );
    },
  };
}

/** Why nothing can be read or written just now, or undefined. */
function unavailability(error: Error): string | undefined {
  if (error instanceof StoreUnavailableError || error instanceof StoreClosedError) {
    return `the store is unavailable: ${error.message}`;
  }
  const passing = error instanceof WriteContentionError || error instanceof ControlStoppedError;
  return passing ? error.message : undefined;
}
