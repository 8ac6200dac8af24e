import type { Entity, PluginSchemas, Snapshot } from '@sallyport/gateway';
import Type from 'typebox';
import { ok } from './answer.ts';
import type { Mount } from './endpoint.ts';
import { compare, page } from './list.ts';
import type { Resource } from './resource.ts';
import { schemaFields } from './schema-fields.ts';

export interface InformationPorts {
  readonly version: string;
  readonly plugins: PluginSchemas;
  readonly resources: readonly Resource[];
  snapshot(): Snapshot;
}

const Anything = Type.Object({});
const tag = 'information';
const NO = (what: string, name: string | undefined) => ({
  status: 404,
  body: { message: `No ${what} named '${name}'` },
});

/** Mounts what tells about the gateway rather than configures it. */
export function mountInformation(mount: Mount, ports: InformationPorts): void {
  const { version, plugins, resources, snapshot } = ports;
  mount('/', {
    GET: {
      ...{ summary: 'What this is', tag, answers: Anything },
      handle: () => {
        const available = plugins.names().map((name) => {
          return [name, { priority: plugins.get(name)?.priority }] as const;
        });
        const enabled = new Set(listOf(resources, snapshot(), 'plugins').map(nameOf));
        return ok({
          ...{ version, tagline: 'Welcome to sallyport' },
          plugins: {
            available_on_server: Object.fromEntries(available),
            enabled_in_cluster: [...enabled].toSorted(),
          },
        });
      },
    },
  });
  mount('/status', {
    GET: {
      ...{
        summary: 'Whether the store is reached, and which version it has',
        tag,
        answers: Anything,
      },
      // Whoever asks while the store is away is answered 503 before this.
      handle: () => {
        const { version: at, epoch } = snapshot();
        return ok({ database: { reachable: true }, configuration: { version: at, epoch } });
      },
    },
  });
  mount('/plugins/enabled', {
    GET: {
      ...{ summary: 'The plugins there are', tag, answers: Anything },
      handle: () => ok({ enabled_plugins: plugins.names() }),
    },
  });
  mount('/schemas/:entity', {
    GET: {
      ...{ summary: 'The fields of an entity', tag, answers: Anything },
      handle: ({ params: { entity } }) => {
        const resource = resources.find(({ path }) => path === entity);
        return resource === undefined
          ? NO('entity', entity)
          : ok({
              fields: schemaFields(
                resource.type.type === 'plugins' ? resource.type.schema : resource.shape,
              ),
            });
      },
    },
  });
  mount('/schemas/plugins/:plugin', {
    GET: {
      ...{ summary: 'The settings of a plugin', tag, answers: Anything },
      handle: ({ params: { plugin } }) => {
        const schema = plugins.get(plugin as string);
        if (schema === undefined) return NO('plugin', plugin);
        const config = { type: 'record', required: true, fields: schemaFields(schema.config) };
        return ok({ fields: [{ config }] });
      },
    },
  });
  for (const path of ['/tags', '/tags/:tag']) {
    mount(path, {
      GET: {
        ...{ summary: 'What has which tags', tag: 'tags', answers: Anything },
        handle: ({ params, query }) => {
          const wanted = params['tag'];
          const tagged = resources
            .flatMap(({ path: entity_name }) =>
              listOf(resources, snapshot(), entity_name).flatMap(({ id, tags }) =>
                (tags ?? []).map((name) => ({ tag: name, entity_name, entity_id: id })),
              ),
            )
            .filter((item) => wanted === undefined || item.tag === wanted);
          const position = (item: (typeof tagged)[number]) =>
            [item.tag, item.entity_name, item.entity_id] as const;
          const ordered = tagged.toSorted((a, b) => compare(position(a), position(b)));
          const here = wanted === undefined ? '/tags' : `/tags/${encodeURIComponent(wanted)}`;
          return page(ordered, position, (item) => item, here, query);
        },
      },
    });
  }
}

type Tagged = Entity & { readonly tags: readonly string[] | null; readonly name?: string };

function listOf(resources: readonly Resource[], snapshot: Snapshot, path: string): Tagged[] {
  const resource = resources.find((one) => one.path === path);
  return resource === undefined ? [] : (snapshot.list(resource.type) as unknown as Tagged[]);
}

const nameOf = ({ name }: Tagged) => name as string;
