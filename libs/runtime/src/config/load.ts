import type { Static, TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { ConfigError } from '../errors.ts';
import { compose, type Entry, type Findings } from './compose.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { closest, describeMistakes, type Mistake } from './mistake.ts';
import { createReferences } from './reference.ts';
import type { Shape } from './schema.ts';
import { Secret } from './secret.ts';
import { overlay, place, type Tree } from './tree.ts';
import { parseYaml } from './yaml.ts';

/** One section of the configuration: what a package wants to be told, with its defaults. */
export interface ConfigSection<Name extends string = string, Schema extends TSchema = TSchema> {
  readonly name: Name;
  readonly schema: Schema;
}

/** The type of a section's value. */
export type ConfigOf<S> = S extends ConfigSection<string, infer Schema> ? Static<Schema> : never;

export interface ConfigFile {
  /** As it is shown in mistakes, such as `sallyport.yaml`. */
  readonly name: string;
  /** YAML 1.2 or JSON. */
  readonly text: string;
}

export interface ConfigInput<Sections extends readonly ConfigSection[]> {
  readonly sections: Sections;
  /** Sections that the file may have because other processes read it too; their content isn't looked at. */
  readonly others?: readonly string[];
  /** Later ones are laid over earlier ones: mappings merged, everything else replaced. */
  readonly files?: readonly ConfigFile[];
  readonly env?: Environment;
  /** Reads what `file:` references name, as UTF-8. */
  readonly readFile?: (path: string) => Promise<string>;
}

export interface LoadedConfig<Sections extends readonly ConfigSection[]> {
  /** Section by name; frozen all the way down. */
  readonly values: { readonly [S in Sections[number] as S['name']]: ConfigOf<S> };
  /** Every effective value with its origin, secrets as `***`. */
  readonly entries: readonly Entry[];
  /** The same as text, one line each. */
  show(): string;
}

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/**
 * A section. Its keys are lower-case words joined by single underscores, so that each of them has a name in the
 * environment; throws a TypeError where one isn't (keys of a Record may be anything).
 */
export function defineConfig<const Name extends string, Schema extends TSchema>(
  name: Name,
  schema: Schema,
): ConfigSection<Name, Schema> {
  const check = (shape: Shape, path: string): void => {
    for (const [key, inner] of Object.entries(shape.properties ?? {})) {
      if (!NAME.test(key)) throw new TypeError(`config key '${path}.${key}' must match ${NAME}`);
      check(inner, `${path}.${key}`);
    }
    for (const variant of shape.anyOf ?? []) check(variant, path);
  };
  if (!NAME.test(name)) throw new TypeError(`config section '${name}' must match ${NAME}`);
  check(schema as Shape, name);
  return { name, schema };
}

/**
 * The configuration from defaults, files and environment (strongest last), or a {@link ConfigError} with every
 * mistake in it. What can be wrong is only the input: any text and any environment give one or the other.
 */
export async function loadConfig<const Sections extends readonly ConfigSection[]>({
  sections,
  others = [],
  files = [],
  env = {},
  readFile = () => Promise.reject(new Error('files are not read here')),
}: ConfigInput<Sections>): Promise<LoadedConfig<Sections>> {
  const findings: Findings = { mistakes: [], entries: [] };
  const { mistakes, entries } = findings;
  const written = readAll(files, env, mistakes);
  const known = [...sections.map((s) => s.name), ...others];
  for (const [name, tree] of written) {
    if (known.includes(name)) continue;
    const meant = closest(name, known);
    mistakes.push({
      path: name,
      found: 'an unknown section',
      expected: `one of ${known.join(', ')}`,
      ...origin(tree),
      ...(meant === undefined ? {} : { meant }),
    });
  }
  const references = createReferences(env, readFile);
  const values: Record<string, unknown> = {};
  for (const { name, schema } of sections) {
    const before = mistakes.length;
    const tree = written.get(name);
    values[name] = await compose(schema as Shape, tree, [name], references, findings);
    if (mistakes.length === before)
      mistakes.push(...wholeFaults(name, schema, values[name], entries));
  }
  if (mistakes.length > 0) throw new ConfigError(describeMistakes(mistakes), mistakes);
  return {
    values: freeze(values) as LoadedConfig<Sections>['values'],
    entries,
    show: () => table(entries),
  };
}

function readAll(
  files: readonly ConfigFile[],
  env: Environment,
  mistakes: Mistake[],
): ReadonlyMap<string, Tree> {
  let all: Tree | undefined;
  for (const { name, text } of files) {
    const tree = parseYaml(name, text, mistakes, (line) => ({ kind: 'file', name, line }));
    if (tree === undefined) continue;
    if (tree.kind === 'map') all = overlay(all, tree);
    else mistakes.push({ path: '', found: 'no mapping', expected: 'sections', ...origin(tree) });
  }
  const overrides = readEnvironment(env, mistakes);
  all = overlay(all, overrides);
  return all.kind === 'map' ? all.entries : new Map();
}

/** What only the value as a whole can break: unique items, numbers of members, refinements. */
function wholeFaults(
  section: string,
  schema: TSchema,
  value: unknown,
  entries: readonly Entry[],
): Mistake[] {
  return Errors(schema, value).map(({ instancePath, message }) => {
    const path =
      section + instancePath.replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
    const near = entries.find((e) => e.path === path || e.path.startsWith(`${path}.`));
    const where = near === undefined ? undefined : place(near.source);
    return {
      path,
      found: near?.path === path ? near.shown : 'this',
      expected: `that it ${message}`,
      ...(where === undefined ? {} : { where }),
    };
  });
}

function origin(tree: Tree): { where?: string } {
  const where = place(tree.source);
  return where === undefined ? {} : { where };
}

function freeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    if (!(value instanceof Secret)) for (const member of Object.values(value)) freeze(member);
  }
  return value;
}

function table(entries: readonly Entry[]): string {
  const lines = entries.map(({ path, shown, source, through }) => {
    const from = place(source) ?? 'default';
    return [`${path} = ${shown}`, through === undefined ? from : `${from}, ${through}`] as const;
  });
  const width = Math.min(60, Math.max(0, ...lines.map(([left]) => left.length)));
  return lines.map(([left, from]) => `${left.padEnd(width)}  # ${from}\n`).join('');
}
