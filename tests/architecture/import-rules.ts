/** Who may import whom: DESIGN section 2 as data. */
const LEVELS: Record<string, number> = {
  contracts: 0,
  runtime: 0,
  bus: 1,
  store: 1,
  pki: 1,
  passwords: 1,
  gateway: 1,
  session: 1,
  lua: 1,
  telemetry: 1,
  script: 2,
  admin: 2,
};

/** The only imports allowed between libraries of the same level. */
const SAME_LEVEL = new Set(['script → lua']);

/** Third-party packages that only one place may import: [package, folder]. */
const ONLY_IN: readonly (readonly [RegExp, string])[] = [
  [/^ioredis$/, 'libs/store/src/redis/'],
  [/^@nats-io\//, 'libs/bus/src/nats/'],
  [/^@opentelemetry\/(?!api$)/, 'libs/telemetry/src/'],
  [/^acme-client$/, 'services/certs/src/'],
];

/** Benchmarks measure the bare clients as peers. */
const ANYTHING = /^(tests|infra\/bench)\//;

const SPECIFIER =
  /\b(?:import|export)\b(?:[^;'"`]*?\bfrom\s*)?\(?\s*(['"])(?<specifier>[^'"\n]+)\1/g;

/** The module specifiers that a source text imports or re-exports, types included. */
export function importsOf(source: string): string[] {
  const code = source.replaceAll(/(?<=^|\s)\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(SPECIFIER)].map((match) => match.groups?.['specifier'] as string);
}

/** What is wrong with the imports of `file` (path from the root), a sentence each. */
export function violations(file: string, source: string): string[] {
  if (ANYTHING.test(file)) return [];
  return importsOf(source).flatMap((specifier) => {
    const fault = faultOf(file, specifier);
    return fault === undefined ? [] : [`${file} imports ${specifier}: ${fault}`];
  });
}

function faultOf(file: string, specifier: string): string | undefined {
  const [area, name = ''] = file.split('/');
  if (specifier.startsWith('.')) {
    const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
    const home = `${area}/${name}/`;
    // infra's folders are one product: the command line composes what lies beside it.
    if (area === 'infra' ? target.startsWith('infra/') : target.startsWith(home)) return undefined;
    return 'another workspace is imported by its name';
  }
  for (const [pattern, folder] of ONLY_IN) {
    if (pattern.test(specifier) && !file.startsWith(folder)) return `only ${folder} may`;
  }
  if (area === 'libs' && name === 'contracts' && !/^typebox(\/|$)/.test(specifier)) {
    return 'contracts is published and depends on typebox only';
  }
  const target = /^@sallyport\/([^/]+)/.exec(specifier)?.[1];
  if (target === undefined || target === name) return undefined;
  const level = LEVELS[target];
  if (area === 'infra') return undefined;
  if (level === undefined) return 'services and infra are imported by infra/cli only';
  if (area === 'services') return undefined;
  const own = LEVELS[name];
  if (own === undefined) return `libs/${name} has no level in the import rules`;
  if (level < own || SAME_LEVEL.has(`${name} → ${target}`)) return undefined;
  return `level ${own} may import lower levels only, ${target} is level ${level}`;
}
