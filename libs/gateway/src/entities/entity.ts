import type { Static, TObject, TProperties } from 'typebox';
import { type Validator, validator } from '../validate.ts';
import type { Faults } from '../violation.ts';

/** What all entities have. */
export interface Entity {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created_at: number;
  readonly updated_at: number;
}

/** How an entity goes when the one it refers to is deleted. */
export interface ReferenceRule {
  readonly to: string;
  /** `restrict`: the other can't be deleted. `cascade`: this one goes with it. */
  readonly onDelete: 'restrict' | 'cascade';
}

/** One kind of entity: its shape and the rules that a schema can't express. */
export interface EntityType<Schema extends TObject = TObject> {
  /** Plural, as in the path of the Admin API: `services`. */
  readonly type: string;
  readonly schema: Schema;
  /** Field by which it may be addressed beside its id. */
  readonly endpointKey: string | undefined;
  /** Sets of fields whose values no two entities may share; a set with a null in it binds nobody, unless it is `strict`. */
  readonly unique: readonly { readonly fields: readonly string[]; readonly strict: boolean }[];
  /** Fields of the shape `{id}` (or null). */
  readonly references: Readonly<Record<string, ReferenceRule>>;
  /** Fields whose records are merged by an update; the other fields are replaced as a whole. */
  readonly merged: readonly string[];
  readonly validate: Validator;
  /** Rules over several fields. Only asked when every field by itself is right. */
  check(entity: Static<Schema>): Faults;
}

interface Definition<Schema extends TObject> {
  readonly type: string;
  readonly schema: Schema;
  readonly endpointKey?: string & keyof Static<Schema>;
  readonly unique?: readonly (readonly (string & keyof Static<Schema>)[])[];
  /** Like `unique`, but null is a value as any other. */
  readonly uniqueWithNull?: readonly (readonly (string & keyof Static<Schema>)[])[];
  readonly references?: Readonly<Record<string, ReferenceRule>>;
  readonly merged?: readonly (string & keyof Static<Schema>)[];
  readonly check?: (entity: Static<Schema>) => Faults;
}

export function defineEntity<P extends TProperties>(
  definition: Definition<TObject<P>>,
): EntityType<TObject<P>> {
  const { type, schema, endpointKey, unique = [], uniqueWithNull = [] } = definition;
  return {
    type,
    schema,
    endpointKey,
    unique: [
      ...unique.map((fields) => ({ fields, strict: false })),
      ...uniqueWithNull.map((fields) => ({ fields, strict: true })),
    ],
    references: definition.references ?? {},
    merged: definition.merged ?? [],
    validate: validator(schema),
    check: definition.check ?? (() => ({})),
  };
}
