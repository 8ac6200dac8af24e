import swagger from '@fastify/swagger';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify from 'fastify';
import type { AdminSettings } from './config.ts';
import type { Access, AdminPorts, AdminRouter } from './ports.ts';
import { addProbes } from './probes.ts';
import { problem } from './problem.ts';
import { judgeSender } from './sender.ts';
import { bears } from './token.ts';

/** A head larger than this is refused by the parser (431). Bytes. */
const MOST_HEADER_BYTES = 16 * 1024;
const HEADERS_MS = 10_000;
const KEEP_ALIVE_MS = 5000;
const CHECK_MS = 500;

/** The application of the listener, ready but for listening. While `closing`, every answer ends its connection. */
export async function buildApp(
  ports: AdminPorts,
  settings: AdminSettings,
  closing: () => boolean,
): Promise<AdminRouter> {
  const app: AdminRouter = fastify({
    logger: false,
    // Names of consumers may have 512 characters.
    routerOptions: { maxParamLength: 512 },
    bodyLimit: settings.max_body,
    requestTimeout: settings.request_timeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // Whoever was on the way when it closed is answered, and told to go.
    return503OnClosing: false,
    http: {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: Math.min(HEADERS_MS, settings.request_timeout),
      // Node looks for connections that are too slow every 30 s, however short their time.
      connectionsCheckingInterval: CHECK_MS,
    },
  })
    .setValidatorCompiler(TypeBoxValidatorCompiler)
    .withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = settings.max_connections;

  app.addHook('onSend', async (_request, reply) => {
    if (closing()) reply.header('connection', 'close');
  });
  addRules(app, ports, settings);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: ports.about,
      components: { securitySchemes: { operator: { type: 'http', scheme: 'bearer' } } },
    },
  });
  await app.register((probes, _options, done) => {
    addProbes(probes as unknown as AdminRouter, ports);
    done();
  });
  for (const { prefix, access, register } of ports.routes ?? []) {
    const group = (scope: unknown, _options: object, done: (error?: Error) => void) => {
      const router = scope as AdminRouter;
      guard(router, access, settings, ports);
      Promise.resolve(register(router)).then(() => done(), done);
    };
    await app.register(group, { prefix });
  }
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.ready();
  return app;
}

/** What holds for every request, known path or not. */
function addRules(app: AdminRouter, { logger }: AdminPorts, settings: AdminSettings): void {
  const rules = { allowedHosts: settings.allowed_hosts, allowedOrigins: settings.allowed_origins };
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    const objection = judgeSender(request.raw, rules);
    if (objection === undefined) return undefined;
    logger.warn('request refused', { status: objection.status, detail: objection.detail });
    return problem(reply, objection.status, objection.detail);
  });
  app.setNotFoundHandler((_request, reply) => problem(reply, 404, 'there is nothing here'));
  app.setErrorHandler(
    (error: Error & { statusCode?: number; validation?: unknown[] }, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 400 && status < 500) return problem(reply, status, error.message);
      // What went wrong inside is for the log, not for whoever asked.
      logger.error('request failed', {
        method: request.method,
        route: request.routeOptions.url,
        error,
      });
      return problem(reply, status, 'the request failed, see the log');
    },
  );
}

/** Lets only operators in, where that is wanted; says so in the OpenAPI document. */
function guard(
  router: AdminRouter,
  access: Access,
  { token }: AdminSettings,
  { logger }: AdminPorts,
): void {
  if (access === 'open') return;
  router.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, security: [{ operator: [] }] };
  });
  router.addHook('onRequest', async (request, reply) => {
    if (token === undefined) {
      return problem(reply, 403, 'no operator token is configured, so nobody is an operator');
    }
    if (bears(request.headers.authorization, token.reveal())) return undefined;
    logger.warn('operator refused', { method: request.method, route: request.routeOptions.url });
    reply.header('www-authenticate', 'Bearer');
    return problem(reply, 401, 'an operator token is wanted: Authorization: Bearer …');
  });
}
