import { adminSettings } from '@sallyport/admin';
import { type ConfigSection, defineConfig } from '@sallyport/runtime';
import { type TObject, type TProperties, Type } from 'typebox';

/** The section of a service with what its private listener needs: /livez, /readyz, /metrics. */
export function withPrivate<Name extends string, Properties extends TProperties>(
  section: ConfigSection<Name, TObject<Properties>>,
  port: number,
) {
  return defineConfig(
    section.name,
    Type.Object({ ...section.schema.properties, private: adminSettings(port) }),
  );
}
