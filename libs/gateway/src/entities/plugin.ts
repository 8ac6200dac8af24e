import Type, { type Static } from 'typebox';
import { Name, nullable, oneOf, Reference, Tags, Timestamp, Uuid } from '../fields.ts';
import type { PluginSchemas } from '../plugins/schemas.ts';
import { defineEntity } from './entity.ts';

/** A plugin switched on, for everything or for what it is scoped to. */
const PluginSchema = Type.Object({
  id: Uuid,
  created_at: Timestamp,
  updated_at: Timestamp,
  name: Type.String({ minLength: 1, maxLength: 128 }),
  instance_name: nullable(Name),
  service: nullable(Reference),
  route: nullable(Reference),
  consumer: nullable(Reference),
  /** Fits the schema of the plugin called `name`; its defaults are filled in. */
  config: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
  protocols: Type.Array(oneOf('http', ['http', 'https', 'tls_passthrough']), {
    minItems: 1,
    uniqueItems: true,
    default: ['http', 'https'],
  }),
  enabled: Type.Boolean({ default: true }),
  tags: Tags,
});

export type Plugin = Static<typeof PluginSchema>;

/** The entity type `plugins`, given the plugins there are. */
export const pluginsWith = (schemas: PluginSchemas) => {
  const base = defineEntity({
    type: 'plugins',
    schema: PluginSchema,
    endpointKey: 'instance_name',
    unique: [['instance_name']],
    uniqueWithNull: [['name', 'route', 'service', 'consumer']],
    references: {
      service: { to: 'services', onDelete: 'cascade' },
      route: { to: 'routes', onDelete: 'cascade' },
      consumer: { to: 'consumers', onDelete: 'cascade' },
    },
    merged: ['config'],
    check: (plugin) => scopeFaults(schemas, plugin),
  });
  return {
    ...base,
    validate(input: unknown) {
      const result = base.validate(input);
      const { name, config } = result.value as Partial<Plugin>;
      if (name === undefined) return result;
      const schema = schemas.get(name);
      if (schema === undefined) {
        const fault = `plugin '${name}' not enabled; known: ${schemas.names().join(', ')}`;
        return { ...result, faults: { ...result.faults, name: fault } };
      }
      const inner = schema.validate(config ?? {});
      const faults = Object.fromEntries(
        Object.entries(inner.faults).map(([field, text]) => [`config.${field}`, text]),
      );
      return {
        value: { ...result.value, config: inner.value },
        faults: { ...result.faults, ...faults },
      };
    },
  };
};

function scopeFaults(schemas: PluginSchemas, plugin: Plugin): Record<string, string> {
  const schema = schemas.get(plugin.name);
  if (plugin.consumer !== null && schema?.consumerScope === false) {
    return { consumer: 'value must be null: an authentication plugin has no consumer yet' };
  }
  return {};
}
