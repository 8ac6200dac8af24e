import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ContractError } from './errors.ts';

/** A hostile value can have as many faults as it has fields. */
const MAX_FAULTS = 8;

/**
 * The check of `schema`: the value itself when it fits, else a {@link ContractError} with the path and rule of up to
 * eight faults. Values aren't quoted, for they may be personal data.
 */
export function checker<Schema extends TSchema>(
  name: string,
  schema: Schema,
): (value: unknown) => Static<Schema> {
  const compiled = Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return value as Static<Schema>;
    const faults = compiled.Errors(value).map((e) => `${e.instancePath || '/'} ${e.message}`);
    const rest = faults.length - MAX_FAULTS;
    throw new ContractError(
      `${name} doesn't fit its contract: ${faults.slice(0, MAX_FAULTS).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`,
    );
  };
}
