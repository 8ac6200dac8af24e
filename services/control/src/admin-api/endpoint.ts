import type { AdminRouter } from '@sallyport/admin';
import type { TObject, TSchema } from 'typebox';
import Type from 'typebox';
import { type Answer, NOT_ALLOWED } from './answer.ts';
import type { Sent } from './desk.ts';
import type { Query } from './list.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request, as handlers see it. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly sent: Sent;
  readonly signal: AbortSignal;
}

export interface Endpoint {
  /** One line, for the documentation. */
  readonly summary: string;
  readonly tag: string;
  /** What is written, when something is. */
  readonly body?: TObject;
  /** What a success looks like; undefined: an empty 204. */
  readonly answers?: TSchema;
  readonly query?: TObject;
  handle(call: Call): Answer | Promise<Answer>;
}

export type Mount = (path: string, methods: Readonly<Partial<Record<Method, Endpoint>>>) => void;

const CONSUMES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];
const Complaint = Type.Object({
  message: Type.String(),
  name: Type.Optional(Type.String()),
  code: Type.Optional(Type.Integer()),
  fields: Type.Optional(Type.Object({})),
});
const ALL: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Mounts paths on `router`: with and without a slash at the end; methods that a path doesn't have are 405, OPTIONS says
 * which it has. `before` runs first, and what it throws is for the router's error handler.
 */
export function mountOn(
  router: AdminRouter,
  signal: AbortSignal,
  before: (signal: AbortSignal) => Promise<void>,
): Mount {
  return (path, methods) => {
    const present = ALL.filter((method) => methods[method] !== undefined);
    const allow = [...(methods.GET === undefined ? [] : ['HEAD']), ...present, 'OPTIONS'].join(
      ', ',
    );
    const absent = ALL.filter((method) => methods[method] === undefined);
    const slashed = path === '/' ? [path] : [path, `${path}/`];
    for (const url of slashed) {
      for (const method of present) {
        const endpoint = methods[method] as Endpoint;
        const schema = url === path ? documented(path, method, endpoint) : { hide: true };
        router.route({
          ...{ method, url, schema },
          handler: async (request, reply) => {
            await before(signal);
            const { status, body } = await endpoint.handle({
              params: request.params as Record<string, string>,
              query: request.query as Query,
              sent: {
                contentType: request.headers['content-type'],
                bytes: (request.body as Buffer | undefined) ?? new Uint8Array(),
              },
              signal,
            });
            return reply.code(status).send(body);
          },
        });
      }
      router.route({
        ...{ method: absent, url, schema: { hide: true } },
        handler: (_request, reply) =>
          reply.code(NOT_ALLOWED.status).header('allow', allow).send(NOT_ALLOWED.body),
      });
      router.route({
        ...{ method: 'OPTIONS', url, schema: { hide: true } },
        handler: (_request, reply) => reply.code(204).header('allow', allow).send(),
      });
    }
  };
}

function documented(path: string, method: Method, endpoint: Endpoint) {
  const { summary, tag, body, answers, query } = endpoint;
  const names = [...path.matchAll(/:([A-Za-z_]+)/g)].map(([, name]) => name as string);
  const params = Object.fromEntries(
    names.map((name) => [name, Type.String({ description: `Id or key of the ${name}.` })]),
  );
  const success =
    answers === undefined ? { 204: Type.Null() } : { [method === 'POST' ? 201 : 200]: answers };
  return {
    ...{ summary, tags: [tag] },
    ...(names.length === 0 ? {} : { params: Type.Object(params) }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body: forReaders(body), consumes: CONSUMES }),
    response: {
      ...Object.fromEntries(Object.entries(success).map(([k, v]) => [k, forReaders(v)])),
      default: Complaint,
    },
  };
}

/** A schema without what only validators of the gateway understand. */
function forReaders(schema: TSchema): TSchema {
  return JSON.parse(JSON.stringify(schema), function (this: unknown, key: string, value: unknown) {
    return key === 'fault' ? undefined : value;
  }) as TSchema;
}
