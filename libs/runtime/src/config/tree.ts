/** Where a value came from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly name: string; readonly line: number }
  | { readonly kind: 'env'; readonly name: string };

/** What was written, before anybody knows what it should be. */
export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly source: Source;
  /** Text of an environment variable: its type is what the schema says. */
  readonly untyped?: boolean;
}

export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly source: Source;
}

export interface MapTree {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Tree>;
  readonly source: Source;
}

/** Keys that JavaScript gives a meaning of its own. Nothing of ours is called so; refused everywhere. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  '__proto__',
  'constructor',
  'prototype',
]);

/** `over` laid over `under`: mappings are merged, everything else is replaced as a whole. */
export function overlay(under: Tree | undefined, over: Tree): Tree {
  if (under?.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(under.entries);
  for (const [key, tree] of over.entries) entries.set(key, overlay(entries.get(key), tree));
  return { kind: 'map', entries, source: under.source };
}

/** A plain value, such as a default of a schema, as a tree. */
export function plant(value: unknown, source: Source): Tree {
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item) => plant(item, source)), source };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = new Map(Object.entries(value).map(([k, v]) => [k, plant(v, source)] as const));
    return { kind: 'map', entries, source };
  }
  return { kind: 'scalar', value: value as ScalarTree['value'], source };
}

/** The tree as a plain value. */
export function uproot(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(uproot);
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, member]) => [key, uproot(member)]));
  }
}

/** For people: `sallyport.yaml:12`, or the variable's name; undefined for a default. */
export function place(source: Source): string | undefined {
  if (source.kind === 'default') return undefined;
  return source.kind === 'env' ? source.name : `${source.name}:${source.line}`;
}
