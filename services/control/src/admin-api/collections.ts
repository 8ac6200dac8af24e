import type { Entity, Snapshot } from '@sallyport/gateway';
import Type, { type TObject } from 'typebox';
import { type Answer, complaint, GONE, NOT_FOUND, ok } from './answer.ts';
import type { Desk } from './desk.ts';
import type { Call, Endpoint, Mount } from './endpoint.ts';
import { page, positionOf, type Query, tagFilter } from './list.ts';
import type { Resource } from './resource.ts';

export interface CollectionPorts {
  readonly desk: Desk;
  snapshot(): Snapshot;
}

/** A collection under another entity: `/services/{service}/routes`, joined by the field `service`. */
export interface Under {
  readonly parent: Resource;
  readonly field: string;
  /** Last part of the path: `key-auth` under a consumer, though the collection is `/key-auths`. */
  readonly path: string;
}

const ListQuery = Type.Object({
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  offset: Type.Optional(Type.String({ description: 'From the page before.' })),
  tags: Type.Optional(Type.String({ description: '`a,b`: both. `a/b`: either.' })),
});

const listOf = (shape: TObject) =>
  Type.Object({
    data: Type.Array(shape),
    next: Type.Union([Type.String(), Type.Null()]),
    offset: Type.Optional(Type.String()),
  });

/** Nothing has to be written that has a default. */
const written = (shape: TObject) => Type.Partial(shape);

/** Mounts the list of a resource and its items, all of them or those under a parent. */
export function mountCollection(
  mount: Mount,
  { desk, snapshot }: CollectionPorts,
  resource: Resource,
  under?: Under,
): void {
  const { type, one, shape } = resource;
  const name = under === undefined ? resource.path : under.path;
  const base = under === undefined ? '' : `/${under.parent.path}/:${param(under.parent)}`;
  const path = `${base}/${name}`;
  const tag = under?.parent.path ?? resource.path;

  /** The parent that the path names; undefined where there is none to name. */
  const withParent =
    (handle: (call: Call, parent: Entity | undefined) => Answer | Promise<Answer>) =>
    (call: Call) => {
      if (under === undefined) return handle(call, undefined);
      const parent = desk.find(under.parent, call.params[param(under.parent)] as string);
      return parent === undefined ? NOT_FOUND : handle(call, parent);
    };
  const fixed = (parent: Entity | undefined) =>
    under === undefined || parent === undefined ? {} : { [under.field]: { id: parent.id } };
  const nameIn = (call: Call) => call.params[param(resource)] as string;
  /** The item, if it is one of the parent's. */
  const findIn = (call: Call, parent: Entity | undefined): Entity | undefined => {
    const entity = desk.find(resource, nameIn(call));
    if (entity === undefined || under === undefined || parent === undefined) return entity;
    return snapshot().referring(type, under.field, parent.id).has(entity.id) ? entity : undefined;
  };
  const listed = (parent: Entity | undefined, query: Query): Entity[] => {
    const all = snapshot().list(type) as unknown as Entity[];
    const scoped =
      under === undefined || parent === undefined
        ? all
        : all.filter(({ id }) => snapshot().referring(type, under.field, parent.id).has(id));
    const { custom_id } = query;
    if (type.type !== 'consumers' || custom_id === undefined) return scoped;
    return scoped.filter((entity) => (entity as { custom_id?: unknown }).custom_id === custom_id);
  };

  const list: Endpoint = {
    ...{ summary: `List ${name}`, tag, answers: listOf(shape) },
    query:
      type.type === 'consumers'
        ? Type.Object({ ...ListQuery.properties, custom_id: Type.Optional(Type.String()) })
        : ListQuery,
    handle: withParent(({ query, params }, parent) => {
      const tagged = tagFilter(query);
      if (tagged === undefined) {
        const text = 'invalid filter syntax: expected tags joined by commas, or by slashes';
        return complaint('options', `invalid option (tags: ${text})`, { tags: text });
      }
      const items = listed(parent, query).filter(tagged);
      const here = path.replace(/:([^/]+)/, (_, key: string) =>
        encodeURIComponent(params[key] ?? ''),
      );
      return page(items, positionOf, resource.show, here, query);
    }),
  };
  mount(path, {
    GET: list,
    POST: {
      ...{ summary: `Create a ${one}`, tag, body: written(shape), answers: shape },
      handle: withParent(({ sent, signal }, parent) =>
        desk.post(resource, sent, fixed(parent), signal),
      ),
    },
  });
  mount(`${path}/:${param(resource)}`, {
    GET: {
      ...{ summary: `Read a ${one}`, tag, answers: shape },
      handle: withParent((call, parent) => {
        const entity = findIn(call, parent);
        return entity === undefined ? NOT_FOUND : ok(resource.show(entity));
      }),
    },
    PATCH: {
      ...{ summary: `Change a ${one}`, tag, body: written(shape), answers: shape },
      handle: withParent((call, parent) => {
        const entity = findIn(call, parent);
        if (entity === undefined) return NOT_FOUND;
        return desk.patch(resource, entity, call.sent, fixed(parent), call.signal);
      }),
    },
    PUT: {
      ...{ summary: `Create or replace a ${one}`, tag, body: written(shape), answers: shape },
      handle: withParent((call, parent) =>
        desk.put(resource, nameIn(call), call.sent, fixed(parent), call.signal),
      ),
    },
    DELETE: {
      ...{ summary: `Delete a ${one}`, tag },
      handle: withParent((call, parent) => {
        const entity = findIn(call, parent);
        return entity === undefined ? GONE : desk.remove(resource, entity, call.signal);
      }),
    },
  });
}

/** Mounts what a field refers to: `/routes/{route}/service`. */
export function mountReferenced(
  mount: Mount,
  { desk }: CollectionPorts,
  resource: Resource,
  field: string,
  target: Resource,
): void {
  const tag = resource.path;
  const referenced = (handle: (call: Call, entity: Entity) => Answer | Promise<Answer>) => {
    return (call: Call) => {
      const from = desk.find(resource, call.params[param(resource)] as string);
      const reference = (from as unknown as Record<string, { id: string } | null> | undefined)?.[
        field
      ];
      const entity = reference == null ? undefined : desk.find(target, reference.id);
      return entity === undefined ? NOT_FOUND : handle(call, entity);
    };
  };
  mount(`/${resource.path}/:${param(resource)}/${field}`, {
    GET: {
      ...{ summary: `Read the ${field} of a ${resource.one}`, tag, answers: target.shape },
      handle: referenced((_call, entity) => ok(target.show(entity))),
    },
    PATCH: {
      ...{ summary: `Change the ${field} of a ${resource.one}`, tag },
      ...{ body: written(target.shape), answers: target.shape },
      handle: referenced(({ sent, signal }, entity) =>
        desk.patch(target, entity, sent, {}, signal),
      ),
    },
    PUT: {
      ...{ summary: `Replace the ${field} of a ${resource.one}`, tag },
      ...{ body: written(target.shape), answers: target.shape },
      handle: referenced(({ sent, signal }, entity) =>
        desk.put(target, entity.id, sent, {}, signal),
      ),
    },
  });
}

/** Names of parameters hold no hyphen. */
function param({ one }: Resource): string {
  return one.replaceAll('-', '_');
}
