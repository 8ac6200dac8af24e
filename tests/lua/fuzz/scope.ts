import type { Random } from './random.ts';

/** What a variable is meant to hold; programs are wrong about it now and then. */
export type Kind =
  | 'number'
  | 'string'
  | 'boolean'
  | 'list'
  | 'record'
  | 'function'
  | 'object'
  | 'any';

export interface Variable {
  readonly name: string;
  readonly kind: Kind;
}

/** Where a generated piece of program stands. */
export interface Place {
  readonly random: Random;
  readonly variables: readonly Variable[];
  /** How many more levels of blocks and expressions may be opened. */
  readonly depth: number;
  readonly inLoop: boolean;
  /** Directly in a coroutine's body: PUC can't yield through pcall, metamethods and callbacks. */
  readonly mayYield: boolean;
  readonly varargs: boolean;
  /** Makes names unique. */
  readonly names: { count: number };
}

export function named(place: Place, prefix: string): string {
  place.names.count += 1;
  return `${prefix}${place.names.count}`;
}

export function withVariables(place: Place, ...variables: Variable[]): Place {
  return { ...place, variables: [...place.variables, ...variables] };
}

export function deeper(place: Place, changes: Partial<Place> = {}): Place {
  return { ...place, depth: place.depth - 1, ...changes };
}

/** A variable of the kind, or undefined where there is none. */
export function variableOf(place: Place, kind: Kind): string | undefined {
  const fitting = place.variables.filter((v) => v.kind === kind || kind === 'any');
  return fitting.length === 0 ? undefined : place.random.pick(fitting).name;
}
