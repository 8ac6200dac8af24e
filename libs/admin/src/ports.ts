import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Health, Logger } from '@sallyport/runtime';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';

/** Who may use a route. `operator`: whoever has the token. `open`: whoever reaches the listener and passes its host and origin rules. */
export type Access = 'operator' | 'open';

/** The Fastify instance that routes are added to: schemas are TypeBox, handlers typed by them. */
export type AdminRouter = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Routes of a service on its private listener. */
export interface RouteGroup {
  /** Before every path, such as `/v1`. */
  readonly prefix: string;
  readonly access: Access;
  register(router: AdminRouter): void | Promise<void>;
}

/** Makes the page for `/metrics`; `Telemetry.metrics` is one. */
export type MetricsSource = () => Promise<{ readonly contentType: string; readonly body: string }>;

export interface AdminPorts {
  readonly health: Health;
  readonly logger: Logger;
  /** Name and version in the OpenAPI document. */
  readonly about: { readonly title: string; readonly version: string };
  readonly metrics?: MetricsSource | undefined;
  readonly routes?: readonly RouteGroup[];
}
