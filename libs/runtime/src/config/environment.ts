import type { Mistake } from './mistake.ts';
import { FORBIDDEN_KEYS, type MapTree, type Tree } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'SALLYPORT_';
/** Between the names of a path; a single underscore belongs to the name. */
const JOINT = '__';
const NAME = /^[A-Z0-9](_?[A-Z0-9-])*$/;

/** `SALLYPORT_EDGE__HTTPS__PORT` for `edge.https.port`. */
function variableOf(path: readonly string[]): string {
  return PREFIX + path.map((name) => name.toUpperCase()).join(JOINT);
}

/**
 * The overrides in the environment as a tree. A variable is one when it starts with `SALLYPORT_` and has a double
 * underscore; others (SALLYPORT_CONFIG, or what Kubernetes makes of a service's name) aren't looked at.
 */
export function readEnvironment(env: Environment, mistakes: Mistake[]): Tree {
  const root = branch('the environment');
  for (const name of Object.keys(env).sort()) {
    const text = env[name];
    const path = name.slice(PREFIX.length).split(JOINT);
    if (!name.startsWith(PREFIX) || path.length < 2 || text === undefined) continue;
    const keys = path.map((part) => part.toLowerCase());
    const wrong = path.find((part) => !NAME.test(part) || FORBIDDEN_KEYS.has(part.toLowerCase()));
    if (wrong !== undefined) {
      mistakes.push({
        path: keys.join('.'),
        where: name,
        found: `the name '${wrong}'`,
        expected: 'section and keys in capitals, joined by two underscores',
      });
      continue;
    }
    const blocked = put(root, keys, {
      kind: 'scalar',
      value: text,
      untyped: true,
      source: { kind: 'env', name },
    });
    if (blocked !== undefined) {
      mistakes.push({
        path: keys.join('.'),
        where: name,
        found: `a value inside ${blocked}, which is set as a whole`,
        expected: 'one or the other',
      });
    }
  }
  return root;
}

interface Branch extends MapTree {
  readonly entries: Map<string, Tree>;
}

function branch(name: string): Branch {
  return { kind: 'map', entries: new Map(), source: { kind: 'env', name } };
}

/** Sets a leaf; the path that is a leaf already, if one is in the way. Names come sorted, so the shorter one is first. */
function put(root: Branch, keys: readonly string[], leaf: Tree): string | undefined {
  let here = root;
  for (const [i, key] of keys.slice(0, -1).entries()) {
    let next = here.entries.get(key);
    if (next === undefined) {
      next = branch(variableOf(keys.slice(0, i + 1)));
      here.entries.set(key, next);
    }
    if (next.kind !== 'map') return variableOf(keys.slice(0, i + 1));
    here = next as Branch;
  }
  here.entries.set(keys.at(-1) as string, leaf);
  return undefined;
}
