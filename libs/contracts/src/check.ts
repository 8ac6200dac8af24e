import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ContractError } from './errors.ts';

/**
 * The check of `schema`: the value itself when it fits, else a {@link ContractError} with the path and rule of its
 * first faults (TypeBox stops at eight). Values aren't quoted, for they may be personal data.
 */
export function checker<Schema extends TSchema>(
  name: string,
  schema: Schema,
): (value: unknown) => Static<Schema> {
  const compiled = Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return value as Static<Schema>;
    const faults = compiled.Errors(value).map((e) => `${e.instancePath || '/'} ${e.message}`);
    throw new ContractError(`${name} doesn't fit its contract: ${faults.join('; ')}`);
  };
}
