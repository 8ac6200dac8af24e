import { CertsArgumentError } from '../errors.ts';
import { checkName } from './name.ts';

/** What is known of the handshake that waits. */
export interface Hello {
  readonly client?: { readonly address: string; readonly port?: number | undefined } | undefined;
}

/** Who decides for which names certificates may be obtained. */
export interface Permission {
  /** Asked before anything else, for every handshake that has no certificate: must be quick. Throwing is no permission. */
  allows(name: string, hello: Hello, signal: AbortSignal): boolean | Promise<boolean>;
}

/** The names of our own routes, from the gateway's snapshot. */
export interface RouteNames {
  /** Waits for the first snapshot, no longer than the signal says. */
  has(name: string, signal: AbortSignal): boolean | Promise<boolean>;
}

export interface PermissionOptions {
  /** Exactly these. */
  readonly names?: readonly string[];
  /** `*.example.com`: one label more than what follows the star. */
  readonly patterns?: readonly string[];
  readonly routes?: RouteNames;
}

/** Permission by list; without any, for nobody. `CertsArgumentError` names an entry that can't be right. */
export function createPermission(options: PermissionOptions = {}): Permission {
  const names = new Set(options.names?.map(plain));
  const parents = new Set(options.patterns?.map(parentOf));
  const fits = (name: string) => {
    const dot = name.indexOf('.');
    return dot > 0 && parents.has(name.slice(dot + 1));
  };
  return {
    allows: (name, _, signal) =>
      names.has(name) || fits(name) || (options.routes?.has(name, signal) ?? false),
  };
}

function plain(entry: string): string {
  const checked = checkName(entry);
  if ('name' in checked) return checked.name;
  throw new CertsArgumentError(`name '${entry}' can't be permitted: ${checked.flaw}`);
}

function parentOf(pattern: string): string {
  if (!pattern.startsWith('*.')) {
    throw new CertsArgumentError(`pattern '${pattern}' must be '*.' and a name`);
  }
  return plain(pattern.slice(2));
}
