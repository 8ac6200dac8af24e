import {
  consumers,
  type EntityType,
  expandServiceUrl,
  type Plugin,
  type PluginSchema,
  type PluginSchemas,
  routes,
  services,
} from '@sallyport/gateway';
import Type, { type TSchema } from 'typebox';
import { type Resource, withReferences } from './resource.ts';

/** An entity that clients write and read as it is, but for the spelling of its references. */
function plain(type: EntityType, path: string, one: string, keyField: string): Resource {
  return {
    ...{ type, path, one, keyField, shape: type.schema },
    keyOf: (text) => text,
    formSchema: () => type.schema,
    read: (input) => ({ ok: true, fields: withReferences(type, input) }),
    show: (entity) => ({ ...entity }),
  };
}

export const routeResource = plain(routes, 'routes', 'route', 'name');
export const consumerResource = plain(consumers, 'consumers', 'consumer', 'username');

/** Services, with the shorthand `url` for protocol, host, port and path. */
export const serviceResource: Resource = {
  ...plain(services, 'services', 'service', 'name'),
  shape: Type.Object({
    ...services.schema.properties,
    url: Type.Optional(
      Type.String({ description: 'Stands for protocol, host, port and path. Only written.' }),
    ),
  }),
  read(input) {
    const { url, ...rest } = input;
    if (url === undefined || url === null) return { ok: true, fields: rest };
    const expanded = expandServiceUrl(url);
    if ('faults' in expanded) return { ok: false, faults: expanded.faults };
    return { ok: true, fields: { ...expanded, ...rest } };
  },
};

/** Plugins: what a form means depends on the plugin. */
export function pluginResource(type: EntityType, schemas: PluginSchemas): Resource {
  const known = schemas.names().map((name) => schemas.get(name) as PluginSchema);
  const shape = Type.Object({
    ...type.schema.properties,
    config: Type.Union(known.map(({ name, config }) => ({ ...config, title: name }))),
  });
  return {
    ...plain(type, 'plugins', 'plugin', 'instance_name'),
    shape,
    formSchema(input, before) {
      const name = input['name'] ?? (before as Plugin | undefined)?.name;
      const plugin = typeof name === 'string' ? schemas.get(name) : undefined;
      if (plugin === undefined) return type.schema;
      return Type.Object({ ...type.schema.properties, config: configSchema(plugin) });
    },
  };
}

/** The settings under their present and their earlier names. */
function configSchema({ config, aliases }: PluginSchema): TSchema {
  const present = config.properties as Record<string, TSchema>;
  const earlier = Object.entries(aliases).flatMap(([old, name]) => {
    const schema = name === null ? undefined : present[name];
    return schema === undefined ? [] : [[old, schema] as const];
  });
  return Type.Object({ ...present, ...Object.fromEntries(earlier) });
}
