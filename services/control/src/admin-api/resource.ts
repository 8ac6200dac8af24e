import type { Entity, EntityType, Faults } from '@sallyport/gateway';
import type { TObject, TSchema } from 'typebox';

/** A kind of entity as clients of the Admin API know it. */
export interface Resource {
  readonly type: EntityType;
  /** In paths: `services`. */
  readonly path: string;
  /** One of them, in paths and complaints: `service`. */
  readonly one: string;
  /** What clients read and write, for the documentation. */
  readonly shape: TObject;
  /** The field by which clients may name one, beside its id. */
  readonly keyField: string;
  /** What the entity's endpoint key is when clients name it `text`. */
  keyOf(text: string): string;
  /** What the texts of a form mean; `before` is the entity that the form changes. */
  formSchema(input: Readonly<Record<string, unknown>>, before: Entity | undefined): TSchema;
  /** What clients write → fields of the entity. `whole`: it makes or replaces one. */
  read(input: Readonly<Record<string, unknown>>, whole: boolean): Read;
  /** The entity → what clients read. */
  show(entity: Entity): Record<string, unknown>;
}

export type Read =
  | {
      readonly ok: true;
      readonly fields: Record<string, unknown>;
      /** Stands in this answer only. */
      readonly once?: Readonly<Record<string, unknown>>;
    }
  | { readonly ok: false; readonly faults: Faults };

/** References are written `consumer: {id}`, or in the manner of Kong before 1.0 `consumer_id`. */
export function withReferences(
  type: EntityType,
  input: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...input };
  for (const name of Object.keys(type.references)) {
    const old = `${name}_id`;
    if (Object.hasOwn(fields, old)) {
      const id = fields[old];
      delete fields[old];
      fields[name] ??= id === null ? null : { id };
    }
    const { id } = (fields[name] ?? {}) as { id?: unknown };
    // Ids are kept in lower case, RFC 9562 section 4.
    if (typeof id === 'string')
      fields[name] = { ...(fields[name] as object), id: id.toLowerCase() };
  }
  return fields;
}
